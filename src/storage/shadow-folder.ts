/**
 * A database that can be read and not written: on a read-only or full disk, or of another user. level writes as it opens, so
 * that is done in a folder elsewhere, with links to the tables, which never change, and copies of the rest, which is small.
 */

import { copyFile, mkdtemp, readdir, readFile, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { DatabaseFolder } from "./database.js";
import { levelFolder } from "./level-database.js";
import { storeError } from "./storage-error.js";
import { keyFile, readStoreKey } from "./store-key.js";

/** A folder in memory, for where the disk of temporary files is the full one (Linux). */
const MEMORY_FOLDER = "/dev/shm";

/**
 * Links and copies the database at `path` as it is now; `release` deletes what was made.
 *
 * @throws SluiceError `store-locked` where a process has it, `store-unwritable` where this user may not read it
 */
export async function shadowOf(path: string): Promise<DatabaseFolder> {
  const original = resolve(path);
  try {
    if (await isLocked(join(original, "LOCK"))) throw locked();
    const shadow = await shadowIn(original, tmpdir()).catch(async (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
      return await shadowIn(original, MEMORY_FOLDER);
    });
    return {
      ...levelFolder(shadow),
      path: original,
      key: (purpose) => readStoreKey(keyFile(original, purpose)),
      release: () => rm(shadow, { recursive: true, force: true }),
    };
  } catch (error) {
    throw storeError(`read store "${path}"`, error);
  }
}

async function shadowIn(original: string, parent: string): Promise<string> {
  const shadow = await mkdtemp(join(parent, "sluice-read-"));
  try {
    for (const file of await readdir(original)) {
      const [from, to] = [join(original, file), join(shadow, file)];
      if (/\.(ldb|sst)$/.test(file)) await symlink(from, to);
      else if (/^(CURRENT|MANIFEST-\d+|\d+\.log|damaged)$/.test(file)) await copyFile(from, to);
    }
    return shadow;
  } catch (error) {
    await rm(shadow, { recursive: true, force: true });
    throw error;
  }
}

/** Whether a process has locked the file, as level does (Linux; elsewhere nobody can tell). */
async function isLocked(file: string): Promise<boolean> {
  const [locks, found] = await Promise.all([
    readFile("/proc/locks", "utf8").catch(() => ""),
    stat(file).catch(() => null),
  ]);
  return found !== null && locks.includes(` ${deviceText(found.dev)}:${found.ino} `);
}

/** A device as proc(5) has it in /proc/locks, from the number that makedev(3) gives it: `fe:00`. */
function deviceText(device: number): string {
  const major = (device >> 8) & 0xfff;
  const minor = (device & 0xff) | ((device >> 12) & 0xfff00);
  return [major, minor].map((number) => number.toString(16).padStart(2, "0")).join(":");
}

/** As level says it. */
function locked(): Error {
  return Object.assign(new Error("a process has it open"), { code: "LEVEL_LOCKED" });
}
