/** Records as a file of NDJSON: one JSON object a line, in the order given, and a trailer that says what they are. */

import { createHash, randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { lstat, open, readlink, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname, join, basename, resolve } from "node:path";
import { Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type { StoredRecord } from "../../task/record.js";
import type { ExportTrailer } from "../../task/record-chain.js";
import { storeError } from "../storage-error.js";

/** What is said of an export in its trailer. */
export type ExportStatement = Pick<ExportTrailer, "whole" | "statement">;

/** Characters handed on at once: a write a record would cost more than the record. */
const CHUNK_CHARACTERS = 64 * 1024;

/**
 * Writes `records` to `file`, compressed where its name ends in `.gz`, no faster than the disk takes them. A file
 * appears, or is replaced, only when it is whole and on disk; where `file` is a link, the one that it leads to. What is no
 * file, such as a pipe or a device, is written into.
 *
 * @param stated what the store said before they were read, and whether they are all of its records; without it there is no
 *   trailer, and an audit cannot tell whether the file is whole
 * @returns how many were written
 * @throws SluiceError `store-full`, `store-unwritable`, or what reading throws
 */
export async function exportRecords(
  records: AsyncIterable<StoredRecord>,
  file: string,
  stated: ExportStatement | null = null,
): Promise<number> {
  const counted = { count: 0 };
  const source = Readable.from(lines(records, counted, stated), { objectMode: true, highWaterMark: 4 });
  const writeTo = (target: Writable): Promise<void> =>
    file.endsWith(".gz") ? pipeline(source, createGzip(), target) : pipeline(source, target);
  try {
    // Opened to append, a pipe or a device is neither made nor emptied.
    if (await isNoFile(file)) await writeTo(createWriteStream(file, { flags: "a" }));
    else await replace(await linkedTo(file), writeTo);
  } catch (error) {
    throw storeError(`export to "${file}"`, error);
  }
  return counted.count;
}

/** A pipe, a device or a socket. What is to be made is a file, and a folder is refused as one. */
async function isNoFile(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  return found !== null && !found.isFile() && !found.isDirectory();
}

/** Links that are followed: as many as Linux follows (path_resolution(7)). */
const LINKS_MAX = 40;

/** Where a link leads, also where nothing is there yet; `path` itself where it is none. */
async function linkedTo(path: string): Promise<string> {
  let at = path;
  for (let links = 0; links < LINKS_MAX; links++) {
    const found = await lstat(at).catch(() => null);
    if (found?.isSymbolicLink() !== true) return at;
    at = resolve(await realpath(dirname(at)), await readlink(at));
  }
  return path;
}

/** Writes a file beside `path`, which takes its place once it is whole. */
async function replace(path: string, writeTo: (target: Writable) => Promise<void>): Promise<void> {
  const partial = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}.partial`);
  try {
    await writeTo(createWriteStream(partial, { flags: "wx" }));
    await sync(partial);
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

async function* lines(
  records: AsyncIterable<StoredRecord>,
  counted: { count: number },
  stated: ExportStatement | null,
): AsyncGenerator<string> {
  const digest = createHash("sha256");
  let chunk = "";
  for await (const record of records) {
    counted.count += 1;
    chunk += `${JSON.stringify(record)}\n`;
    if (chunk.length < CHUNK_CHARACTERS) continue;
    digest.update(chunk);
    yield chunk;
    chunk = "";
  }
  digest.update(chunk);
  if (chunk !== "") yield chunk;
  if (stated === null) return;
  const trailer: ExportTrailer = {
    type: "trailer",
    recordCount: counted.count,
    digest: digest.digest("base64url"),
    ...stated,
  };
  yield `${JSON.stringify(trailer)}\n`;
}

async function sync(path: string): Promise<void> {
  const file = await open(path, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
