/** Random numbers that nobody can guess: whoever knows the id of an ask may reply to it. */

import { randomFillSync } from "node:crypto";

const POOL_IDS = 512;
const BYTES_PER_ID = 8;

const pool = new DataView(new ArrayBuffer(POOL_IDS * BYTES_PER_ID));
let used = POOL_IDS;

/** A random whole number, 1 to 2^53 - 1. */
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

/** A random `firstId` for a node, 1 to 2^51: no two processes of that node give an actor the same incarnation. */
export function randomFirstId(): number {
  return Math.ceil(unguessableId() / 4);
}
