/** Numbers that nobody can guess: the id of an ask is all that it takes to answer it. */

import { randomFillSync } from "node:crypto";

const POOL_IDS = 512;
const BYTES_PER_ID = 8;

const pool = new DataView(new ArrayBuffer(POOL_IDS * BYTES_PER_ID));
let used = POOL_IDS;

/** A whole number from 1 to 2^53 - 1. */
export function unguessableId(): number {
  for (;;) {
    if (used === POOL_IDS) {
      randomFillSync(new Uint8Array(pool.buffer));
      used = 0;
    }
    const at = used++ * BYTES_PER_ID;
    const id = (pool.getUint32(at) & 0x1fffff) * 2 ** 32 + pool.getUint32(at + 4);
    if (id !== 0) return id;
  }
}

/** Where the incarnations of actors begin in one life of a node: no two lives meet. From 1 to 2^51. */
export function firstIdOfLife(): number {
  return Math.ceil(unguessableId() / 4);
}
