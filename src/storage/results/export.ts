/** Records as a file of NDJSON: one JSON object a line, in the order given, and a trailer that says what they are. */

import { createHash, randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { dirname, join, basename } from "node:path";
import { Readable } from "node:stream";
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
 * Writes `records` to `file`, compressed where its name ends in `.gz`, no faster than the disk takes them. The file
 * appears, or is replaced, only when it is whole and on disk.
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
  const partial = join(dirname(file), `.${basename(file)}.${randomBytes(6).toString("hex")}.partial`);
  const counted = { count: 0 };
  const source = Readable.from(lines(records, counted, stated), { objectMode: true, highWaterMark: 4 });
  const target = createWriteStream(partial, { flags: "wx" });
  try {
    await (file.endsWith(".gz") ? pipeline(source, createGzip(), target) : pipeline(source, target));
    await sync(partial);
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true });
    throw storeError(`export to "${file}"`, error);
  }
  return counted.count;
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
