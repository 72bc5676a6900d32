/**
 * Reads an exported run back, a line in memory at a time: in time that grows with its bytes, and in memory that is bounded
 * whatever the file holds.
 */

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline, type Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import type { ExportedFile } from "../../src/audit/origin.js";
import { parseRecord, parseTrailer } from "../../src/audit/parse-record.js";
import { SluiceError } from "../../src/task/errors.js";
import type { StoredRecord } from "../../src/task/record.js";
import type { ExportTrailer } from "../../src/task/record-chain.js";
import { CodedError, errorText } from "../../src/runtime/errors.js";

/** A task of 256 frames with 10,000 detections each is no line of a real run. */
const LINE_CHARACTERS_MAX = 64 * 1024 * 1024;
/**
 * Characters out of a byte of a compressed file, once there are so many of them. Each record has a hash of 32 random bytes,
 * and records without a detection have 700 characters and more: those of a real run give 10 to 25.
 */
const EXPANSION_MAX = 200;
const EXPANSION_FROM = 4 * 1024 * 1024;

/** A file that is read once: what it is, apart from its records, is known at its end. */
export interface RecordFile {
  /** @throws SluiceError `records-invalid`, naming the line where one is wrong */
  readonly records: AsyncIterable<StoredRecord>;
  readonly end: () => Omit<ExportedFile, "signed">;
}

/** A file of NDJSON, compressed where its name ends in `.gz`. */
export function readRecordFile(file: string): RecordFile {
  const digest = createHash("sha256");
  const read = { recordCount: 0, trailer: null as ExportTrailer | null };

  async function* records(): AsyncGenerator<StoredRecord> {
    let line = 0;
    try {
      for await (const text of linesOf(file)) {
        line += 1;
        if (read.trailer !== null) throw invalid(file, line, "it comes after the trailer");
        const parsed = parseRecord(text);
        if (parsed.ok) {
          digest.update(text).update("\n");
          read.recordCount += 1;
          yield parsed.record;
          continue;
        }
        read.trailer = parseTrailer(text);
        if (read.trailer === null) throw invalid(file, line, parsed.problem);
      }
    } catch (error) {
      if (error instanceof CodedError) throw error;
      const where = line === 0 ? "" : ` beyond line ${line}`;
      throw problem(`"${file}"${where}`, errorText(error), error);
    }
  }

  return { records: records(), end: () => ({ ...read, digest: digest.copy().digest("base64url") }) };
}

/** Looks at each character once: what is left of a line waits in parts until its end is here. */
async function* linesOf(file: string): AsyncGenerator<string> {
  let line = 1;
  let parts: string[] = [];
  let characters = 0;
  for await (const text of textOf(file)) {
    let from = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", from)) {
      parts.push(text.slice(from, end));
      yield parts.join("");
      line += 1;
      parts = [];
      characters = 0;
      from = end + 1;
    }
    characters += text.length - from;
    if (from < text.length) parts.push(text.slice(from));
    if (characters > LINE_CHARACTERS_MAX) throw invalid(file, line, "it is too long for a record");
  }
  if (characters > 0) yield parts.join("");
}

async function* textOf(file: string): AsyncGenerator<string> {
  const bytes = createReadStream(file);
  if (!file.endsWith(".gz")) {
    yield* bytes.setEncoding("utf8") as AsyncIterable<string>;
    return;
  }
  // What fails is thrown by the loop that reads the last of them.
  const text: Readable = pipeline(bytes, createGunzip(), () => {}).setEncoding("utf8");
  let characters = 0;
  for await (const chunk of text as AsyncIterable<string>) {
    characters += chunk.length;
    if (characters > EXPANSION_FROM && characters > bytes.bytesRead * EXPANSION_MAX) {
      throw problem(`"${file}"`, `it expands more than ${EXPANSION_MAX} times, as records do not`);
    }
    yield chunk;
  }
}

function invalid(file: string, line: number, what: string): SluiceError {
  return problem(`line ${line} of "${file}"`, what);
}

function problem(what: string, why: string, cause?: unknown): SluiceError {
  return new SluiceError(`Cannot read ${what} as records: ${why}`, { code: "records-invalid", cause });
}
