/**
 * The door to level: opens a folder as a database, repairs it where it is damaged, and says in the field's terms what
 * is wrong with it.
 *
 * Some damage makes no error in level, and would lose records in silence: without the file `CURRENT` it begins a new
 * database, a missing write-ahead log counts as an empty one, a damaged stretch of the log is skipped, and a table with
 * a damaged index does not find what it holds. So a folder that holds a database is never opened with
 * `createIfMissing`, its log must be there, level's own journal is read for what it skipped, and tables are looked at.
 */

import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Level } from "level";
import { errorText } from "../runtime/errors.js";
import { SluiceError } from "../task/errors.js";
import { mendTable, tableDamage } from "./level-table.js";
import { tableFilesMax } from "./open-files.js";

export type Database = Level;

export type Operation =
  | { readonly type: "put"; readonly key: string; readonly value: string | Uint8Array }
  | { readonly type: "del"; readonly key: string };

export interface OpenedDatabase {
  readonly database: Database;
  /** What was found wrong, for people; empty where nothing was. */
  readonly damage: readonly string[];
}

const DATABASE_FILE = /^(CURRENT|LOCK|LOG|LOG\.old|lost|damaged|MANIFEST-\d+|\d+\.(ldb|sst|log|dbtmp))$/;
const TABLE_FILE = /^\d+\.(ldb|sst)$/;
/** There while the database is to be repaired, or a repair is under way: one that was interrupted is done again. */
const DAMAGED_FILE = "damaged";
const AS_BYTES = { valueEncoding: "view" } as const;

/**
 * Opens the database in `path`, or makes one there. Where its files were damaged it stays marked until `clearDamage`, as
 * what it holds may have to be mended, too.
 *
 * @throws SluiceError `store-missing` with `mustExist`, `store-locked`, `store-unwritable`, `store-corrupt`, `store-full`
 */
export async function openDatabase(
  path: string,
  { mustExist }: { readonly mustExist: boolean },
): Promise<OpenedDatabase> {
  try {
    const files = await listDatabaseFiles(path);
    if (files.length > 0) return await openExisting(path, files);
    if (mustExist) throw missing(path);
    await makeFolder(path);
    return { database: await open(path, { createIfMissing: true, errorIfExists: true }), damage: [] };
  } catch (error) {
    throw storeError(`open store "${path}"`, error);
  }
}

/**
 * Writes all operations or none; `sync` for on disk before it resolves. A chained batch, as it keeps the thread for a
 * tenth of the time that level needs for an array of operations (0.4 against 4.4 us each).
 */
export async function writeBatch(
  database: Database,
  operations: readonly Operation[],
  { sync }: { readonly sync: boolean },
): Promise<void> {
  const batch = database.batch();
  for (const operation of operations) {
    if (operation.type === "del") batch.del(operation.key);
    else if (typeof operation.value === "string") batch.put(operation.key, operation.value);
    else batch.put(operation.key, operation.value, AS_BYTES);
  }
  await batch.write({ sync });
}

/** Marks the database in `path`: its files are repaired at the next opening, whoever does it. */
export async function markDamaged(path: string): Promise<void> {
  await writeFile(join(path, DAMAGED_FILE), "", { flush: true });
}

/** The database holds what can be held of it: its next opening repairs nothing. */
export async function clearDamage(path: string): Promise<void> {
  await rm(join(path, DAMAGED_FILE), { force: true });
}

/** Bytes of the files in `path`. */
export async function folderBytes(path: string): Promise<number> {
  const files = await readdir(path);
  // A compaction may delete a file between the listing and the look at it.
  const sizes = await Promise.all(
    files.map((file) =>
      stat(join(path, file)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** A failure of level or the file system as ours; `doing` completes "Cannot". */
export function storeError(doing: string, error: unknown): SluiceError {
  if (error instanceof SluiceError) return error;
  const codes: string[] = [];
  let text = "";
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ("code" in cause && typeof cause.code === "string") codes.push(cause.code);
    text = cause.message;
  }
  const fail = (code: SluiceError["code"], why: string, retry: "never" | "backoff" = "never") =>
    new SluiceError(`Cannot ${doing} as ${why}`, { code, retry, cause: error });
  if (codes.includes("LEVEL_LOCKED")) {
    return fail("store-locked", "it is open already: stop the run that has it, or name another folder");
  }
  if (codes.includes("ENOSPC") || text.includes("No space left")) {
    return fail("store-full", "its disk is full: free space, or name a folder on another disk", "backoff");
  }
  // A store repairs itself at its next write or opening.
  if (codes.includes("LEVEL_CORRUPTION")) {
    return fail("store-corrupt", `its files are damaged: open it again to repair it (${text})`, "backoff");
  }
  if (codes.includes("EEXIST") || codes.includes("ENOTDIR")) {
    return fail("store-unwritable", "its path runs through a file: name a folder");
  }
  if (/EACCES|EPERM|EROFS/.test(codes.join()) || /ermission denied|not permitted|ead-only/.test(text)) {
    return fail(
      "store-unwritable",
      "this user may not write there: change its permissions, or name another folder",
    );
  }
  if (codes.includes("ENOENT")) {
    return fail("store-unwritable", "no folder can be made there: name another folder");
  }
  return fail("store-unwritable", text === "" ? errorText(error) : text, "backoff");
}

async function openExisting(path: string, files: readonly string[]): Promise<OpenedDatabase> {
  const damage: string[] = [];
  if (!files.some((file) => file.endsWith(".log"))) damage.push("the write-ahead log is missing");
  if (files.includes(DAMAGED_FILE)) {
    damage.push("records could not be read");
    await repairFiles(path, files, damage);
  }
  // What a crash left half written looks damaged, too: level deletes that as it opens.
  const suspect = await damagedTables(path, files);
  let database: Database;
  try {
    database = await open(path, { createIfMissing: false });
  } catch (error) {
    if (!isDamage(error)) throw error;
    damage.push(errorText(error instanceof Error ? (error.cause ?? error) : error));
    await repairFiles(path, files, damage);
    database = await open(path, { createIfMissing: false });
  }
  if (suspect.size > 0 && (await damagedTables(path, [...suspect.keys()])).size > 0) {
    await database.close();
    await repairFiles(path, await listDatabaseFiles(path), damage);
    database = await open(path, { createIfMissing: false });
  }
  damage.push(...(await skippedBytes(path)));
  if (damage.length > 0) await markDamaged(path);
  return { database, damage };
}

/** What is wrong with tables among `files`, by name; one that is gone is none. */
async function damagedTables(path: string, files: readonly string[]): Promise<Map<string, string>> {
  const damaged = new Map<string, string>();
  for (const file of files) {
    if (!TABLE_FILE.test(file)) continue;
    const damage = await tableDamage(join(path, file)).catch((error: unknown) =>
      isMissing(error) ? null : "it cannot be read",
    );
    if (damage !== null) damaged.set(file, damage);
  }
  return damaged;
}

/** Makes `path` and the folders above it. Not by `recursive`: below `/proc` Node then never ends. */
async function makeFolder(path: string): Promise<void> {
  const made = await tryMakeFolder(path);
  if (made) return;
  if (dirname(path) !== path) await makeFolder(dirname(path));
  await mkdir(path);
}

/** @returns false where there is no folder above it */
async function tryMakeFolder(path: string): Promise<boolean> {
  try {
    await mkdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return false;
    if (code !== "EEXIST") throw error;
  }
  return true;
}

async function open(
  path: string,
  options: { readonly createIfMissing: boolean; readonly errorIfExists?: boolean },
): Promise<Database> {
  const given = { ...options, maxOpenFiles: tableFilesMax() };
  const database: Database = new Level(path, given);
  await database.open(given);
  return database;
}

async function repairFiles(path: string, files: readonly string[], damage: string[]): Promise<void> {
  await markDamaged(path);
  for (const [table, what] of await damagedTables(path, files)) {
    const kept = await mendTable(join(path, table));
    damage.push(`table ${table}: ${what}, and ${kept} of its blocks are kept`);
  }
  // The types cover browsers, which cannot repair; in Node `Level` is `ClassicLevel`.
  await (Level as unknown as { repair(location: string): Promise<void> }).repair(path);
  damage.push(...(await skippedBytes(path)));
}

/** What level's journal of its last opening or repair says that it left out. */
async function skippedBytes(path: string): Promise<readonly string[]> {
  const journal = await readFile(join(path, "LOG"), "utf8").catch(() => "");
  const skipped = [...journal.matchAll(/dropping (\d+) bytes; (.*)/g)];
  if (skipped.length === 0) return [];
  const bytes = skipped.reduce((sum, [, count]) => sum + Number(count), 0);
  return [`${bytes} bytes of the write-ahead log are damaged: ${skipped[0]?.[2] ?? ""}`];
}

/** Whether a repair may help. A missing `CURRENT`, manifest or table has no code of its own. */
function isDamage(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  if (!(cause instanceof Error)) return false;
  const corrupt = "code" in cause && cause.code === "LEVEL_CORRUPTION";
  return corrupt || /does not exist \(create_if_missing|No such file or directory/.test(cause.message);
}

/** The database's files in the folder: none where it is absent or empty. */
async function listDatabaseFiles(path: string): Promise<readonly string[]> {
  let files: readonly string[];
  try {
    files = await readdir(path);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
  const foreign = files.find((file) => !DATABASE_FILE.test(file));
  if (foreign !== undefined) {
    throw new SluiceError(
      `Cannot open store "${path}" as the folder holds other things, "${foreign}" among them: name an empty or new folder`,
      { code: "store-format" },
    );
  }
  return files;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

function missing(path: string): SluiceError {
  return new SluiceError(
    `Cannot open store "${path}" as there is none: name the folder that a run has stored its results in`,
    { code: "store-missing" },
  );
}
