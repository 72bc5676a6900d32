/**
 * The key that a node has its name by: a token proves membership, and a key the name. The node keeps the private half (Ed25519,
 * RFC 8032) beside its journal, and signs the transcript of each handshake; the hub keeps the public half.
 */

import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { errorText } from "../../runtime/errors.js";
import { TransportError } from "../errors.js";
import { writeWhole } from "./write-whole.js";

/** The key to which the name of a node belongs. */
export interface NameKey {
  /** Base64url of the public half, 44 bytes DER. */
  readonly publicKey: string;
  /** `node`: it is there again when the node starts again, and the name is that node's. `process`: it ends with this process. */
  readonly lasts: "node" | "process";
  /** @returns base64url of the signature, 64 bytes */
  sign(transcript: Uint8Array): string;
}

/** A key that ends with this process. */
export function createNameKey(): NameKey {
  return nameKeyOf(madeKey(), "process");
}

function madeKey(): string {
  return generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" }).toString();
}

/** The key in the file at `path`, which is made where there is none. @throws TransportError `name-key-invalid` */
export async function openNameKey(path: string): Promise<NameKey> {
  try {
    const pem = await readFile(path, "utf8").catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
      throw error;
    });
    if (pem !== null) return nameKeyOf(pem, "node");
    const made = madeKey();
    await mkdir(dirname(path), { recursive: true });
    await writeWhole(path, made);
    return nameKeyOf(made, "node");
  } catch (error) {
    throw new TransportError(`Cannot use the key of this node's name in "${path}": ${errorText(error)}`, {
      code: "name-key-invalid",
      cause: error,
    });
  }
}

function nameKeyOf(pem: string, lasts: NameKey["lasts"]): NameKey {
  const key = createPrivateKey(pem);
  if (key.asymmetricKeyType !== "ed25519") throw new TypeError("it is no Ed25519 key");
  return {
    lasts,
    publicKey: createPublicKey(key).export({ format: "der", type: "spki" }).toString("base64url"),
    sign: (transcript) => sign(null, transcript, key).toString("base64url"),
  };
}

/** Whether whoever made the signature has the private half of the key. */
export function checkNameProof(publicKey: string, transcript: Uint8Array, signature: string): boolean {
  try {
    const der = Buffer.from(publicKey, "base64url");
    const key = createPublicKey({ key: der, format: "der", type: "spki" });
    return (
      key.asymmetricKeyType === "ed25519" &&
      verify(null, transcript, key, Buffer.from(signature, "base64url"))
    );
  } catch {
    // It is no key: what a stranger sends is whatever it likes.
    return false;
  }
}
