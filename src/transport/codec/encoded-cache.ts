/**
 * The bytes of keys and addresses that were written before. Copying them takes about the same time whatever their length: 47 ns
 * for an address of 32 characters, which takes 95 ns as a text (`bench/cases/micro/codec.ts`, parts).
 *
 * EC1 Bytes are kept when a value is written for the second time: one that is written once, such as the address of an ask,
 *     costs no copy.
 * EC2 Memory is bounded: a value evicts the one that had its slot, and a long one is not kept.
 */

const SLOTS = 256;
/** Longest value that is kept, in bytes. */
const KEPT_BYTES_MAX = 512;

/** To copy: many links come and go, and to fill an array by a function takes far longer. */
const EMPTY: readonly null[] = Array.from({ length: SLOTS }, () => null);

abstract class EncodedCache<Value> {
  readonly #values: (Value | null)[] = EMPTY.slice();
  readonly #bytes: (Uint8Array | null)[] = EMPTY.slice();

  protected abstract hashOf(value: Value): number;
  protected abstract same(a: Value, b: Value): boolean;

  /** The bytes of `value`; null if they are not kept. */
  find(value: Value): Uint8Array | null {
    const slot = this.hashOf(value) & (SLOTS - 1);
    const known = this.#values[slot] ?? null;
    if (known === null || !this.same(known, value)) return null;
    return this.#bytes[slot] ?? null;
  }

  /** To be called with the bytes that were written after `find` returned null. */
  learn(value: Value, written: Uint8Array, start: number, end: number): void {
    if (end - start > KEPT_BYTES_MAX) return;
    const slot = this.hashOf(value) & (SLOTS - 1);
    const known = this.#values[slot] ?? null;
    if (known === null || !this.same(known, value)) {
      this.#values[slot] = value;
      this.#bytes[slot] = null;
    } else {
      // Not `slice`, which for a Buffer gives a view and so would keep the whole slab alive.
      const copy = new Uint8Array(end - start);
      copy.set(written.subarray(start, end));
      this.#bytes[slot] = copy;
    }
  }
}

/** The keys of objects: messages of one kind have the same keys in the same order. */
export class EncodedKeys extends EncodedCache<readonly string[]> {
  protected hashOf(keys: readonly string[]): number {
    const { length } = keys;
    let hash = length;
    for (let index = 0; index < length; index += 1) hash = (hash * 31 + (keys[index] ?? "").length) | 0;
    return hash ^ (hash >>> 8);
  }

  protected same(a: readonly string[], b: readonly string[]): boolean {
    const { length } = a;
    if (b.length !== length) return false;
    for (let index = 0; index < length; index += 1) if (a[index] !== b[index]) return false;
    return true;
  }
}

export class EncodedAddresses extends EncodedCache<string> {
  protected hashOf(address: string): number {
    const { length } = address;
    let hash = length;
    // Numbered addresses differ at their ends.
    for (let at = Math.max(0, length - 6); at < length; at += 1)
      hash = (hash * 31 + address.charCodeAt(at)) | 0;
    return hash ^ (hash >>> 8);
  }

  protected same(a: string, b: string): boolean {
    return a === b;
  }
}
