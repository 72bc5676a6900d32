/**
 * Short ASCII texts that were read before: types, names and addresses occur in every message, and finding one takes half as
 * long as making it.
 *
 * TX1 A text is found by a hash of its bytes and returned only if all of them are equal.
 * TX2 Memory is fixed: a text evicts the one that had its slot.
 */

import { hashOf, sameBytes } from "./same-bytes.js";

const SLOTS = 1_024;
/** Longest text that is kept, in bytes: an address has 30 to 60. */
export const CACHED_TEXT_MAX = 64;

/** To copy: many links come and go, and to fill an array by a function takes far longer. */
const EMPTY: readonly string[] = Array.from({ length: SLOTS }, () => "");

export class TextCache {
  readonly #texts: string[] = EMPTY.slice();
  /** The bytes of each text, `CACHED_TEXT_MAX` apart. */
  readonly #bytes = new Uint8Array(SLOTS * CACHED_TEXT_MAX);
  readonly #view = new DataView(this.#bytes.buffer);

  /**
   * The text of `length` bytes from `start`, at most `CACHED_TEXT_MAX` and within bounds.
   *
   * @param view of the same bytes
   * @returns undefined if they are not all ASCII
   */
  read(bytes: Buffer, view: DataView, start: number, length: number): string | undefined {
    const slot = hashOf(view, start, length) % SLOTS;
    const cached = this.#texts[slot] ?? "";
    const at = slot * CACHED_TEXT_MAX;
    if (cached.length === length && sameBytes(this.#view, at, view, start, length)) {
      return cached;
    }
    const kept = this.#bytes;
    let all = 0;
    for (let index = 0; index < length; index += 1) all |= bytes[start + index] ?? 0;
    if (all >= 0x80) return undefined;
    for (let index = 0; index < length; index += 1) kept[at + index] = bytes[start + index] ?? 0;
    const text = bytes.toString("latin1", start, start + length);
    this.#texts[slot] = text;
    return text;
  }
}
