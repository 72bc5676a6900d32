/** The door to float16: numbers of half precision, which onnxruntime takes and gives as their bits. */

import { Float16Array } from "@petamoriken/float16";

/** Writes and reads numbers where their bits are; nothing is copied. */
export function halvesAt({ buffer, byteOffset, length }: Uint16Array): Float16Array {
  return new Float16Array(buffer, byteOffset, length);
}

export type Halves = Float16Array;
