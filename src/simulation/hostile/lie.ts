/** A lie in a message: one of its fields, however deep, is replaced by what cannot be there. */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { Prng } from "../prng.js";

/** Makes a ref of an address, as a message may hold one. */
export type RefTo = (address: string) => ActorRef<unknown>;

const PATHS = [
  "controller",
  "scheduler",
  "distributor",
  "monitor",
  "agent",
  "guardian",
  "processors",
  "listener",
];

/** `value` with one of its parts, or itself, replaced: the deeper the rarer. */
export function lie(prng: Prng, value: unknown, ref: RefTo): unknown {
  if (value instanceof Map && value.size > 0 && prng.happens(0.8)) {
    const copy = new Map<unknown, unknown>(value);
    const key = prng.pick([...copy.keys()]);
    if (prng.happens(0.3)) copy.set(junk(prng, ref), copy.get(key));
    else copy.set(key, lie(prng, copy.get(key), ref));
    return copy;
  }
  if (Array.isArray(value) && value.length > 0 && prng.happens(0.8)) {
    const copy: unknown[] = [...(value as readonly unknown[])];
    const at = prng.between(0, copy.length - 1);
    copy[at] = lie(prng, copy[at], ref);
    return copy;
  }
  if (isPlain(value) && prng.happens(0.9)) {
    const keys = Object.keys(value);
    if (keys.length === 0) return junk(prng, ref);
    const key = prng.pick(keys);
    if (prng.happens(0.1)) return { ...value, [`odd-${key}`]: junk(prng, ref) };
    return { ...value, [key]: lie(prng, value[key], ref) };
  }
  return junk(prng, ref);
}

/** What is put in place of a field. */
function junk(prng: Prng, ref: RefTo): unknown {
  return prng.pick<() => unknown>([
    () => null,
    () => undefined,
    () => prng.pick([0, -1, 1.5, Number.NaN, Infinity, -0, 2 ** 53 - 1, 2 ** 53, -(2 ** 60), 1e300]),
    () =>
      prng.pick(["", "__proto__", "constructor", "$end", "../x", "a\u0000b", "\u001b[2J", "x".repeat(300)]),
    () => prng.happens(0.5),
    () => [],
    () => ({}),
    () => new Map(),
    () => new Set([1, "a"]),
    () => new Uint8Array(prng.between(0, 64)),
    () => nested(prng.between(1, 60)),
    () => Array.from({ length: prng.between(1, 400) }, () => 0),
    () => 12n ** BigInt(prng.between(0, 50)),
    () => Object.assign(new Error("made up"), { code: "made-up" }),
    () => {
      const node = prng.pick(["cloud", "edge-1", "nowhere"]);
      return ref(
        `sluice://${node}/${prng.pick([...PATHS, "source-honest", "source-cam-1", "$ask/7", "nobody"])}`,
      );
    },
  ])();
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let n = 0; n < depth; n += 1) value = n % 2 === 0 ? [value] : { value };
  return value;
}
