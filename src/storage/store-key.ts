/**
 * The key under which a store signs what it says of itself: a file that only its user reads, `STORE.audit-key` beside the
 * folder, as that belongs to the database.
 */

import { createHmac, randomBytes } from "node:crypto";
import { open, readFile } from "node:fs/promises";

/** Of SHA-256, whose HMAC takes keys of this length as they are (RFC 2104, section 3). */
const KEY_BYTES = 32;

/** Reads the key of a store, or makes one. @throws whatever reading or writing it throws */
export async function storeKey(folder: string): Promise<Uint8Array> {
  const file = `${folder}.audit-key`;
  try {
    return await readStoreKey(file);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
  }
  const key = randomBytes(KEY_BYTES);
  const handle = await open(file, "wx", 0o600);
  try {
    await handle.writeFile(`${key.toString("base64url")}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return key;
}

/** What tells a store from others, which does not tell its key: 32 hex digits. */
export function identityOf(key: Uint8Array): string {
  return createHmac("sha256", key).update("sluice store").digest("hex").slice(0, 32);
}

/** @throws RangeError where the file holds no key, or whatever reading it throws */
export async function readStoreKey(file: string): Promise<Uint8Array> {
  const key = Buffer.from((await readFile(file, "utf8")).trim(), "base64url");
  if (key.length !== KEY_BYTES) throw new RangeError(`"${file}" holds no key of a store`);
  return key;
}
