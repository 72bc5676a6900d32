/** Whose the names of a cluster are: each belongs to the key that joined with it first, until an operator frees it. */

import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { writeWhole } from "./write-whole.js";

/** Names that a hub knows the owners of; one token must not fill its disk. */
const NAMES_MAX = 10_000;

/** Whose the names of nodes are. */
export interface NameRegistry {
  /** The public key that has the name; null where nobody has it. */
  ownerOf(name: string): Promise<string | null>;
  /** The name, which nobody has, is that key's from now on. Rejects where there are too many names. */
  bind(name: string, publicKey: string): Promise<void>;
}

/** Names for as long as the hub runs. */
export function createMemoryNames(): NameRegistry {
  const owners = new Map<string, string>();
  return {
    ownerOf: (name) => Promise.resolve(owners.get(name) ?? null),
    bind(name, publicKey) {
      if (owners.size >= NAMES_MAX) return Promise.reject(tooMany());
      owners.set(name, publicKey);
      return Promise.resolve();
    },
  };
}

/** Names as files, so that a command can free one while the hub runs; a directory is for one hub. */
export function openNameDirectory(directory: string): NameRegistry {
  return {
    async ownerOf(name) {
      const key = await readFile(fileOf(directory, name), "utf8").catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
        throw error;
      });
      return key === null ? null : key.trim();
    },
    async bind(name, publicKey) {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      if ((await readdir(directory)).length >= NAMES_MAX) throw tooMany();
      await writeWhole(fileOf(directory, name), `${publicKey}\n`);
    },
  };
}

/** The name is for whoever joins with it next. @returns false where nobody had it */
export async function forgetName(directory: string, name: string): Promise<boolean> {
  try {
    await rm(fileOf(directory, name));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

function tooMany(): RangeError {
  return new RangeError(`Cannot keep the owners of more than ${NAMES_MAX} names`);
}

/** Names of nodes have no separators: what comes here is parsed. */
function fileOf(directory: string, name: string): string {
  return join(directory, `${name}.key`);
}
