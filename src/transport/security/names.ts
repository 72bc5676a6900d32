/** Whose the names of a cluster are: each belongs to the key that joined with it first, until an operator frees it. */

import { mkdir, readdir, readFile } from "node:fs/promises";
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
  /** How often each name has been freed; those that never were are left out. */
  generations(): Promise<ReadonlyMap<string, number>>;
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
    generations: () => Promise.resolve(new Map()),
  };
}

/** What a file says of a name. */
interface Named {
  /** Null where the name was freed. */
  readonly publicKey: string | null;
  readonly generation: number;
}

/** Stands for the key of a name that was freed. */
const NOBODY = "-";

/** Names as files, so that a command can free one while the hub runs; a directory is for one hub. */
export function openNameDirectory(directory: string): NameRegistry {
  return {
    ownerOf: async (name) => (await read(directory, name))?.publicKey ?? null,
    async bind(name, publicKey) {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      if ((await namesIn(directory)).length >= NAMES_MAX) throw tooMany();
      const generation = (await read(directory, name))?.generation ?? 0;
      await write(directory, name, { publicKey, generation });
    },
    async generations() {
      const generations = new Map<string, number>();
      for (const name of await namesIn(directory)) {
        const generation = (await read(directory, name))?.generation ?? 0;
        if (generation > 0) generations.set(name, generation);
      }
      return generations;
    },
  };
}

/**
 * The name is for whoever joins with it next, and of another generation: nobody takes the next node's word for that of the one
 * before. @returns false where nobody had it
 */
export async function forgetName(directory: string, name: string): Promise<boolean> {
  const named = await read(directory, name);
  if (named === null || named.publicKey === null) return false;
  await write(directory, name, { publicKey: null, generation: named.generation + 1 });
  return true;
}

/** Null where nobody has ever had the name. */
async function read(directory: string, name: string): Promise<Named | null> {
  const text = await orMissing(readFile(fileOf(directory, name), "utf8"));
  if (text === null) return null;
  const [key = NOBODY, generation = "0"] = text.trim().split(" ");
  return { publicKey: key === NOBODY ? null : key, generation: Number(generation) };
}

async function write(directory: string, name: string, { publicKey, generation }: Named): Promise<void> {
  await writeWhole(fileOf(directory, name), `${publicKey ?? NOBODY} ${generation}\n`);
}

async function namesIn(directory: string): Promise<readonly string[]> {
  const files = (await orMissing(readdir(directory))) ?? [];
  return files.filter((file) => file.endsWith(".key")).map((file) => file.slice(0, -".key".length));
}

async function orMissing<Value>(reading: Promise<Value>): Promise<Value | null> {
  try {
    return await reading;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
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
