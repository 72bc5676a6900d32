/** Reads an exported run back, a line in memory at a time. */

import { createReadStream } from "node:fs";
import { pipeline, type Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { parseRecord } from "../../src/audit/parse-record.js";
import { SluiceError } from "../../src/task/errors.js";
import type { StoredRecord } from "../../src/task/record.js";
import { CodedError, errorText } from "../../src/runtime/errors.js";

/** A task of 256 frames with 10,000 detections each is no line of a real run. */
const LINE_CHARACTERS_MAX = 64 * 1024 * 1024;

/**
 * The records of a file of NDJSON, compressed where its name ends in `.gz`.
 *
 * @throws SluiceError `records-invalid`, naming the line where one is wrong
 */
export async function* readRecordFile(file: string): AsyncGenerator<StoredRecord> {
  let line = 0;
  let rest = "";
  try {
    for await (const chunk of textOf(file)) {
      const lines = (rest + String(chunk)).split("\n");
      rest = lines.pop() ?? "";
      for (const text of lines) yield recordOf(text, file, (line += 1));
      if (rest.length > LINE_CHARACTERS_MAX) {
        throw invalid(`line ${line + 1} of "${file}"`, "it is too long for a record");
      }
    }
    if (rest !== "") yield recordOf(rest, file, line + 1);
  } catch (error) {
    if (error instanceof CodedError) throw error;
    throw invalid(`"${file}"${line === 0 ? "" : ` beyond line ${line}`}`, errorText(error), error);
  }
}

function textOf(file: string): Readable {
  const bytes = createReadStream(file);
  if (!file.endsWith(".gz")) return bytes.setEncoding("utf8");
  // What fails is thrown by the loop that reads the last of them.
  return pipeline(bytes, createGunzip(), () => {}).setEncoding("utf8");
}

function recordOf(text: string, file: string, line: number): StoredRecord {
  const parsed = parseRecord(text);
  if (parsed.ok) return parsed.record;
  throw invalid(`line ${line} of "${file}"`, parsed.problem);
}

function invalid(what: string, problem: string, cause?: unknown): SluiceError {
  return new SluiceError(`Cannot read ${what} as records: ${problem}`, { code: "records-invalid", cause });
}
