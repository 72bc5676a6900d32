/** Byte arrays by kind: the number of each on the wire, and how to make one from received bytes. */

import { allocateShared } from "../../runtime/shared-memory.js";
import { MalformedError } from "./malformed.js";

interface ArrayConstructor {
  readonly name: string;
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): ArrayBufferView;
}

/** By their number on the wire: new ones are added at the end. */
const ARRAYS: readonly ArrayConstructor[] = [
  Uint8Array,
  Int8Array,
  Uint8ClampedArray,
  Uint16Array,
  Int16Array,
  Uint32Array,
  Int32Array,
  Float32Array,
  Float64Array,
  BigUint64Array,
  BigInt64Array,
];
const DATA_VIEW = ARRAYS.length;
/** `ArrayBuffer`, or `SharedArrayBuffer` if `KIND_SHARED` is set. */
export const KIND_BUFFER = DATA_VIEW + 1;
/** Added to a kind whose memory is shared between threads, and must be so on the other side. */
export const KIND_SHARED = 0x80;

const KINDS: ReadonlyMap<string, number> = new Map([
  ...ARRAYS.map((array, kind) => [array.name, kind] as const),
  ["DataView", DATA_VIEW],
]);

/** The number of a view's kind, with `KIND_SHARED` if it is; undefined if it has no number. A Buffer is a `Uint8Array`. */
export function kindOf(view: ArrayBufferView): number | undefined {
  const kind = KINDS.get(nameOf(view));
  if (kind === undefined) return undefined;
  return view.buffer instanceof SharedArrayBuffer ? kind | KIND_SHARED : kind;
}

function nameOf(view: ArrayBufferView): string {
  return view instanceof Uint8Array ? "Uint8Array" : Object.prototype.toString.call(view).slice(8, -1);
}

/**
 * `bytes` as an array of `kind`, in the same memory if possible. They are copied if an element would not be aligned, if a
 * buffer is wanted and they are part of a larger one, and if shared memory is wanted and they are in none.
 *
 * @throws MalformedError if there is no such kind, or the bytes are not a whole number of elements
 */
export function arrayOf(kind: number, bytes: Uint8Array): ArrayBufferView | ArrayBufferLike {
  const shared = (kind & KIND_SHARED) !== 0;
  const plainKind = kind & ~KIND_SHARED;
  if (plainKind > KIND_BUFFER)
    throw new MalformedError(`Cannot read an array: there is no kind ${plainKind}`);
  if (plainKind === KIND_BUFFER) return bufferOf(bytes, shared);
  const held = shared && !(bytes.buffer instanceof SharedArrayBuffer) ? copyOf(bytes, true) : bytes;
  const make = ARRAYS[plainKind];
  if (make === undefined) return new DataView(held.buffer, held.byteOffset, held.byteLength);
  if (make === Uint8Array) return plain(held);
  const size = make.BYTES_PER_ELEMENT;
  if (held.length % size !== 0) {
    throw new MalformedError(
      `Cannot read a ${make.name}: ${held.length} bytes are not a multiple of ${size}`,
    );
  }
  const aligned = held.byteOffset % size === 0 ? held : copyOf(held, shared);
  return new make(aligned.buffer, aligned.byteOffset, aligned.length / size);
}

/** A copy of `bytes` in memory of its own. */
export function copyOf(bytes: Uint8Array, shared: boolean): Uint8Array {
  const copy = shared ? allocateShared(bytes.length) : new Uint8Array(bytes.length);
  copy.set(bytes);
  return copy;
}

function bufferOf(bytes: Uint8Array, shared: boolean): ArrayBufferLike {
  const { buffer } = bytes;
  const fits = buffer.byteLength === bytes.length && buffer instanceof SharedArrayBuffer === shared;
  return fits ? buffer : copyOf(bytes, shared).buffer;
}

/** As a plain `Uint8Array`: the sender's was none of Node's Buffers, whose `slice` behaves differently. */
function plain(bytes: Uint8Array): Uint8Array {
  return Buffer.isBuffer(bytes) ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length) : bytes;
}
