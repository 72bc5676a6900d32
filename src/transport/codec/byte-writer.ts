/**
 * Writes records one after the other into large buffers, so that many of them leave as one frame, uncopied.
 *
 * BW1 A finished record stays where it is, and nobody writes to its bytes again.
 * BW2 The finished records of a slab follow each other without a gap.
 * BW3 A record is in one slab: if it does not fit, what is written of it so far moves to a new one.
 */

import { EncodedAddresses, EncodedKeys } from "./encoded-cache.js";
import { KEYS_LONG } from "./tags.js";

export interface WrittenRecord {
  readonly buffer: Uint8Array;
  readonly start: number;
  readonly end: number;
}

const SLAB_BYTES = 64 * 1024;
/** Up to this length, in characters, a loop over ASCII is faster than `Buffer.write` (`bench/cases/micro/codec.ts`, parts). */
const LOOP_TEXT_MAX = 24;
/** Up to this length, in characters, a text gets room for the longest UTF-8 that it can be: counting its bytes takes longer. */
const ROOMY_TEXT_MAX = 4_096;

export class ByteWriter {
  readonly #slabBytes: number;
  readonly #keys = new EncodedKeys();
  readonly #addresses = new EncodedAddresses();
  #slab: Buffer;
  /** Of the slab. */
  #view: DataView;
  /** Of the open record. */
  #start = 0;
  #position = 0;
  #open = false;

  /** @param slabBytes size of a slab, in bytes; a record that is larger gets a larger one. Default 65,536 */
  constructor(slabBytes: number = SLAB_BYTES) {
    this.#slabBytes = slabBytes;
    this.#slab = Buffer.allocUnsafeSlow(slabBytes);
    this.#view = viewOf(this.#slab);
  }

  /** Bytes of the open record so far. */
  get length(): number {
    return this.#position - this.#start;
  }

  /** Opens a record. @throws TypeError if one is open already */
  begin(): void {
    if (this.#open) throw new TypeError("Cannot begin a record as another is open");
    this.#open = true;
  }

  /** Ends the open record. @throws TypeError if none is open */
  finish(): WrittenRecord {
    if (!this.#open) throw new TypeError("Cannot finish a record as none is open");
    this.#open = false;
    const written = { buffer: this.#slab, start: this.#start, end: this.#position };
    this.#start = this.#position;
    return written;
  }

  /** Drops the open record, or does nothing. */
  abandon(): void {
    this.#open = false;
    this.#position = this.#start;
  }

  u8(value: number): void {
    if (this.#position === this.#slab.length) this.#move(1);
    this.#slab[this.#position++] = value;
  }

  u32(value: number): void {
    if (this.#position + 4 > this.#slab.length) this.#move(4);
    this.#view.setUint32(this.#position, value, true);
    this.#position += 4;
  }

  /** LEB128. @param value a safe integer from 0 */
  varint(value: number): void {
    if (!(value >= 0 && value <= Number.MAX_SAFE_INTEGER)) {
      throw new RangeError(`Cannot write ${value} as a varint: wanted a safe integer from 0`);
    }
    let rest = value;
    while (rest >= 0x80) {
      this.u8((rest % 0x80) | 0x80);
      // Shifts are for 32 bits.
      rest = rest <= 0x7fffffff ? rest >>> 7 : Math.floor(rest / 0x80);
    }
    this.u8(rest);
  }

  f64(value: number): void {
    if (this.#position + 8 > this.#slab.length) this.#move(8);
    this.#view.setFloat64(this.#position, value, true);
    this.#position += 8;
  }

  /** Varint length in bytes, then UTF-8; a lone surrogate becomes U+FFFD. */
  text(value: string): void {
    const { length } = value;
    if (length > LOOP_TEXT_MAX) {
      this.#longText(value);
      return;
    }
    if (this.#position + 1 + length > this.#slab.length) this.#move(1 + length);
    const slab = this.#slab;
    const at = this.#position + 1;
    for (let index = 0; index < length; index += 1) {
      const code = value.charCodeAt(index);
      if (code >= 0x80) {
        this.#longText(value);
        return;
      }
      slab[at + index] = code;
    }
    slab[at - 1] = length;
    this.#position = at + length;
  }

  /** As `text`, for one that is likely to be written again. */
  address(value: string): void {
    const known = this.#addresses.find(value);
    if (known !== null) {
      this.bytes(known);
      return;
    }
    const before = this.length;
    this.text(value);
    this.#addresses.learn(value, this.#slab, this.#start + before, this.#position);
  }

  /** One byte for their total length, then each as text; so `ByteReader.keys` recognizes them by one comparison. */
  keys(keys: readonly string[]): void {
    const known = this.#keys.find(keys);
    if (known !== null) {
      this.bytes(known);
      return;
    }
    const before = this.length;
    this.u8(0);
    for (const key of keys) this.text(key);
    // Computed only now, as a text may have moved the record.
    const start = this.#start + before;
    this.#slab[start] = Math.min(this.#position - start - 1, KEYS_LONG);
    this.#keys.learn(keys, this.#slab, start, this.#position);
  }

  /** Copies `bytes`, without their length. */
  bytes(bytes: Uint8Array): void {
    if (this.#position + bytes.length > this.#slab.length) this.#move(bytes.length);
    this.#slab.set(bytes, this.#position);
    this.#position += bytes.length;
  }

  /** Overwrites four bytes of the open record, which must have been written. */
  patchU32(offsetFromBegin: number, value: number): void {
    if (offsetFromBegin < 0 || offsetFromBegin + 4 > this.length) {
      throw new RangeError(`Cannot patch at ${offsetFromBegin}: the record has ${this.length} bytes`);
    }
    this.#view.setUint32(this.#start + offsetFromBegin, value, true);
  }

  #longText(value: string): void {
    if (value.length > ROOMY_TEXT_MAX) {
      const bytes = Buffer.byteLength(value);
      this.varint(bytes);
      if (this.#position + bytes > this.#slab.length) this.#move(bytes);
      this.#position += this.#slab.write(value, this.#position);
      return;
    }
    // At most three bytes a character, and two for the length. How many it takes is known only afterwards.
    const room = 2 + 3 * value.length;
    if (this.#position + room > this.#slab.length) this.#move(room);
    const guess = value.length < 0x80 ? 1 : 2;
    const at = this.#position + guess;
    const bytes = this.#slab.write(value, at);
    if (guess === 1 && bytes >= 0x80) this.#slab.copyWithin(at + 1, at, at + bytes);
    this.varint(bytes);
    this.#position += bytes;
  }

  /** Moves the open record to a slab with room for `more` bytes. */
  #move(more: number): void {
    const { length } = this;
    const needed = length + more;
    // Twice what is needed, as a record that outgrew a slab is likely to grow further.
    const slab = Buffer.allocUnsafeSlow(needed <= this.#slabBytes ? this.#slabBytes : needed * 2);
    slab.set(this.#slab.subarray(this.#start, this.#position));
    this.#slab = slab;
    this.#view = viewOf(slab);
    this.#start = 0;
    this.#position = length;
  }
}

function viewOf(slab: Buffer): DataView {
  return new DataView(slab.buffer, slab.byteOffset, slab.length);
}
