/**
 * Reads what a `ByteWriter` wrote, from untrusted bytes.
 *
 * B1 No read goes beyond the range; a read of what is not there throws `MalformedError`.
 * B2 Nothing is allocated for a length before it is known that as many bytes are there.
 */

import { isUtf8 } from "node:buffer";
import { KeyCache } from "./key-cache.js";
import { MalformedError } from "./malformed.js";
import { KEYS_LONG } from "./tags.js";
import { CACHED_TEXT_MAX, TextCache } from "./text-cache.js";

/** Weight of the last byte that a varint may have: 8 bytes hold every safe integer. */
const VARINT_WEIGHT_MAX = 2 ** 49;

export class ByteReader {
  readonly #texts = new TextCache();
  readonly #known = new KeyCache();
  /** The bytes given; below, the same memory as a Buffer and as a DataView. */
  #given: Uint8Array;
  #bytes: Buffer;
  #view: DataView;
  #position = 0;
  #end: number;

  /** @param bytes read in place; nobody may write to them meanwhile */
  constructor(bytes: Uint8Array) {
    this.#given = bytes;
    this.#bytes = asBuffer(bytes);
    this.#view = viewOf(bytes);
    this.#end = bytes.length;
  }

  /** Reads other bytes, or another range; the caches of texts and keys stay. */
  reset(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    if (!(start >= 0 && start <= end && end <= bytes.length)) {
      throw new RangeError(`Cannot read from ${start} to ${end}: there are ${bytes.length} bytes`);
    }
    if (bytes !== this.#given) {
      this.#given = bytes;
      this.#bytes = asBuffer(bytes);
      this.#view = viewOf(bytes);
    }
    this.#position = start;
    this.#end = end;
  }

  /** Index of the next byte in the bytes given. */
  get position(): number {
    return this.#position;
  }

  /** Bytes left in the range. */
  get remaining(): number {
    return this.#end - this.#position;
  }

  u8(): number {
    if (this.#position >= this.#end) throw missing(1, 0);
    return this.#bytes[this.#position++] ?? 0;
  }

  u32(): number {
    return this.#view.getUint32(this.#skip(4), true);
  }

  /** A safe integer from 0, in the shortest form. */
  varint(): number {
    let byte = this.u8();
    if (byte < 0x80) return byte;
    let value = byte - 0x80;
    for (let weight = 0x80; weight <= VARINT_WEIGHT_MAX; weight *= 0x80) {
      byte = this.u8();
      if (byte < 0x80) {
        value += byte * weight;
        if (byte === 0 || value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
      value += (byte - 0x80) * weight;
    }
    throw new MalformedError("Cannot read a varint: it is not a safe integer in its shortest form");
  }

  f64(): number {
    return this.#view.getFloat64(this.#skip(8), true);
  }

  text(): string {
    const length = this.varint();
    const start = this.#skip(length);
    if (length <= CACHED_TEXT_MAX) {
      const text = this.#texts.read(this.#bytes, this.#view, start, length);
      if (text !== undefined) return text;
    }
    const end = start + length;
    if (!isUtf8(this.#bytes.subarray(start, end)))
      throw new MalformedError("Cannot read a text: it is not UTF-8");
    return this.#bytes.toString("utf8", start, end);
  }

  /**
   * What `ByteWriter.keys` wrote.
   *
   * @param count of keys, from 1
   * @returns shared between reads: nobody may write to it
   */
  keys(count: number): readonly string[] {
    const length = this.u8();
    const start = this.#position;
    if (length === KEYS_LONG) return this.#readKeys(count);
    if (length > this.remaining) throw missing(length, this.remaining);
    const known = this.#known.find(this.#view, start, length);
    if (known !== undefined && known.length === count) {
      this.#position = start + length;
      return known;
    }
    const keys = this.#readKeys(count);
    if (this.#position !== start + length) {
      throw new MalformedError(`Cannot read keys: wanted ${length} bytes, got ${this.#position - start}`);
    }
    this.#known.keep(this.#view, start, length, keys);
    return keys;
  }

  /** A view of the next bytes. */
  bytes(length: number): Uint8Array {
    const start = this.#skip(length);
    return this.#bytes.subarray(start, start + length);
  }

  #readKeys(count: number): readonly string[] {
    // Each takes a byte at least.
    if (count > this.remaining) throw missing(count, this.remaining);
    const keys: string[] = [];
    for (let index = 0; index < count; index += 1) {
      const key = this.text();
      // Assigning it would set the prototype.
      if (key === "__proto__") throw new MalformedError('Cannot read an object: it has the key "__proto__"');
      keys.push(key);
    }
    return keys;
  }

  /** Where the next `length` bytes begin. */
  #skip(length: number): number {
    const start = this.#position;
    if (length > this.#end - start) throw missing(length, this.#end - start);
    this.#position = start + length;
    return start;
  }
}

function missing(wanted: number, got: number): MalformedError {
  return new MalformedError(`Cannot read ${wanted} bytes: ${got} are left`);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
