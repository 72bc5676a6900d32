/**
 * The secrets of a store: files that only its user reads, beside the folder, as that belongs to the database.
 *
 * They are no entries of it: a copy, an export or a repair of the database must neither tell nor lose them.
 */

import { createHmac, randomBytes } from "node:crypto";
import { open, readFile } from "node:fs/promises";
import { SluiceError } from "../task/errors.js";

/**
 * `audit`: signs what the store says of itself, and goes to whoever checks an export of it. `voucher`: what nodes vouch with is
 * derived from it, and goes to nobody.
 */
export type KeyPurpose = "audit" | "voucher";

/** Of SHA-256, whose HMAC takes keys of this length as they are (RFC 2104, section 3). */
export const KEY_BYTES = 32;

/** `STORE.audit-key` */
export function keyFile(folder: string, purpose: KeyPurpose): string {
  return `${folder}.${purpose}-key`;
}

/** Reads the key of a store, or makes one. @throws whatever reading or writing it throws */
export async function storeKey(folder: string, purpose: KeyPurpose): Promise<Uint8Array> {
  const file = keyFile(folder, purpose);
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

/** @throws SluiceError `store-corrupt` where the file holds no key, or whatever reading it throws */
export async function readStoreKey(file: string): Promise<Uint8Array> {
  const key = Buffer.from((await readFile(file, "utf8")).trim(), "base64url");
  if (key.length === KEY_BYTES) return key;
  throw new SluiceError(
    `Cannot read "${file}" as it holds no key of a store: bring it back, or delete it, and another one is made`,
    { code: "store-corrupt" },
  );
}
