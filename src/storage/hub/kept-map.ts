/** Maps that outlive the hub: read whole as they are opened, changed in memory, and written behind it. */

import { parseWith, z } from "../../runtime/parse.js";
import { SluiceError } from "../../task/errors.js";
import type { HubState, StateKind } from "./hub-state.js";
import type { StateWriter } from "./state-writer.js";

/** In the order in which keys came, over restarts too. Whoever keeps something in one bounds it. A `Map` is one that ends with the process. */
export interface KeptMap<Key extends string, Value> extends Iterable<readonly [Key, Value]> {
  readonly size: number;
  get(key: Key): Value | undefined;
  has(key: Key): boolean;
  /** A key that is there keeps its place. @param value plain data, which nobody changes afterwards */
  set(key: Key, value: Value): unknown;
  delete(key: Key): boolean;
  keys(): Iterable<Key>;
  values(): Iterable<Value>;
}

export interface KeptMapOptions<Key extends string, Value> {
  readonly kind: StateKind;
  readonly state: Pick<HubState, "range">;
  readonly writer: Pick<StateWriter, "put" | "delete">;
  readonly keyOf: (text: string) => Key;
  /** Of one value. */
  readonly form: z.ZodType<Value>;
}

/** @throws SluiceError `store-corrupt`, and `store-format` where another version has written what this one does not know */
export async function openKeptMap<Key extends string, Value>(
  options: KeptMapOptions<Key, Value>,
): Promise<KeptMap<Key, Value>> {
  const { kind, state, keyOf } = options;
  const form = z.object({ place: z.number().int().min(0), value: options.form });
  const entries = (await state.range(kind)).map(([text, stored]) => {
    const parsed = parseWith(form, stored);
    if (parsed.ok) return [keyOf(text), parsed.value] as const;
    throw new SluiceError(
      `Cannot read "${kind}/${text}" of the hub's state as it is none of this version: ${parsed.problem}`,
      { code: "store-format", details: { kind, key: text } },
    );
  });
  return new KeptMapOf(
    entries.sort(([, a], [, b]) => a.place - b.place),
    options,
  );
}

interface Placed<Value> {
  /** Those of keys that came later are higher. */
  readonly place: number;
  readonly value: Value;
}

class KeptMapOf<Key extends string, Value> implements KeptMap<Key, Value> {
  readonly #entries: Map<Key, Placed<Value>>;
  readonly #kind: StateKind;
  readonly #writer: Pick<StateWriter, "put" | "delete">;
  #nextPlace: number;

  constructor(
    entries: readonly (readonly [Key, Placed<Value>])[],
    { kind, writer }: KeptMapOptions<Key, Value>,
  ) {
    this.#entries = new Map(entries);
    this.#nextPlace = (entries.at(-1)?.[1].place ?? -1) + 1;
    this.#kind = kind;
    this.#writer = writer;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: Key): Value | undefined {
    return this.#entries.get(key)?.value;
  }

  has(key: Key): boolean {
    return this.#entries.has(key);
  }

  set(key: Key, value: Value): void {
    const place = this.#entries.get(key)?.place ?? this.#nextPlace++;
    const placed = { place, value };
    this.#entries.set(key, placed);
    this.#writer.put(this.#kind, key, placed);
  }

  delete(key: Key): boolean {
    const wasThere = this.#entries.delete(key);
    if (wasThere) this.#writer.delete(this.#kind, key);
    return wasThere;
  }

  keys(): Iterable<Key> {
    return this.#entries.keys();
  }

  *values(): Iterable<Value> {
    for (const { value } of this.#entries.values()) yield value;
  }

  *[Symbol.iterator](): Iterator<readonly [Key, Value]> {
    for (const [key, { value }] of this.#entries) yield [key, value];
  }
}
