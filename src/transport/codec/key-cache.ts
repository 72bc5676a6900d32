/**
 * The keys of objects that were read before: messages of one kind have the same keys in the same order, and so the same bytes;
 * comparing them once is faster than reading key by key.
 *
 * KC1 Keys are returned only if all bytes are equal.
 * KC2 Memory is bounded: keys evict those that had their slot.
 */

import { hashOf, sameBytes } from "./same-bytes.js";

const SLOTS = 256;

interface KnownKeys {
  readonly bytes: DataView;
  readonly keys: readonly string[];
}

/** To copy: many links come and go, and to fill an array by a function takes far longer. */
const EMPTY: readonly undefined[] = Array.from({ length: SLOTS }, () => undefined);

export class KeyCache {
  readonly #known: (KnownKeys | undefined)[] = EMPTY.slice();

  /** The keys that `length` bytes from `start` stand for; undefined if they are not known. */
  find(view: DataView, start: number, length: number): readonly string[] | undefined {
    const known = this.#known[hashOf(view, start, length) % SLOTS];
    if (known === undefined || known.bytes.byteLength !== length) return undefined;
    return sameBytes(known.bytes, 0, view, start, length) ? known.keys : undefined;
  }

  keep(view: DataView, start: number, length: number, keys: readonly string[]): void {
    const copy = Uint8Array.from({ length }, (_, index) => view.getUint8(start + index));
    this.#known[hashOf(view, start, length) % SLOTS] = { bytes: new DataView(copy.buffer), keys };
  }
}
