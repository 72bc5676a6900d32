/** `sluice results`: results from a running hub or straight from its store. */

import { exportRecords } from "../../src/storage/results/export.js";
import {
  iterateRecords,
  openStoreForReading,
  statedRecords,
  type RecordPlace,
} from "../../src/storage/results/read-store.js";
import type { Operator } from "../../src/operator/operator.js";
import type { ResultQuery, StoredRecord } from "../../src/task/record.js";
import { SluiceError } from "../../src/task/errors.js";
import type { StoreStatement } from "../../src/task/record-chain.js";
import { parseSourceId, type SourceId } from "../../src/task/identity.js";
import { describeRecord, hasLabel } from "./describe-record.js";
import { sayDamage } from "../damage.js";
import { sayHubAway } from "./away.js";
import { signalled } from "../program.js";
import { err, out, outAll } from "../terminal.js";
import { jsonLine } from "../../src/runtime/safe-text.js";

export interface ResultsCommand {
  readonly source?: string;
  readonly since?: number;
  /** Only results that found it. */
  readonly label?: string;
  readonly oldestFirst: boolean;
  readonly follow: boolean;
  readonly limit: number;
  readonly json: boolean;
  readonly export?: string;
}

export async function resultsFromHub(operator: Operator, command: ResultsCommand): Promise<number> {
  if (command.follow) return follow(operator, command);
  return print(operator, command);
}

export async function resultsFromStore(folder: string, command: ResultsCommand): Promise<number> {
  const store = await openStoreForReading(folder, { onDamage: sayDamage(folder) });
  try {
    return await print(store, command);
  } finally {
    await store.close();
  }
}

async function print(place: RecordPlace, command: ResultsCommand): Promise<number> {
  if (command.export !== undefined) return await writeExport(place, command, command.export);
  const records = iterateRecords(place, queryOf(command));
  try {
    await outAll(lines(chosen(records, command), command.json));
  } catch (error) {
    // The reader has seen enough.
    if (!readerIsGone(error)) throw error;
  }
  return 0;
}

/** In order of position, as they are chained; what the store says of itself goes along. */
async function writeExport(place: RecordPlace, command: ResultsCommand, file: string): Promise<number> {
  const statement = await place.statement();
  const sourceId = sourceOf(command);
  const { since, limit, label } = command;
  const whole = sourceId === null && since === undefined && label === undefined && !Number.isFinite(limit);
  const records = chosen(statedRecords(place, statement, sourceId), command);
  const count = await exportRecords(whole ? unbroken(records, statement) : records, file, {
    whole,
    statement,
  });
  err.line(`Wrote ${count} records to ${file}`);
  return 0;
}

async function* chosen(
  records: AsyncIterable<StoredRecord>,
  command: ResultsCommand,
): AsyncGenerator<StoredRecord> {
  let left = command.limit;
  for await (const record of records) {
    if (!isWanted(record, command)) continue;
    yield record;
    left -= 1;
    if (left <= 0) return;
  }
}

function isWanted(record: StoredRecord, { since, label }: ResultsCommand): boolean {
  if (since !== undefined && record.storedAtMs < since) return false;
  return label === undefined || hasLabel(record, label);
}

/** @throws SluiceError `records-expired` where retention deletes what the statement says is there, before it is read */
async function* unbroken(
  records: AsyncIterable<StoredRecord>,
  { firstPosition, recordCount }: StoreStatement,
): AsyncGenerator<StoredRecord> {
  let count = 0;
  for await (const record of records) {
    count += 1;
    yield record;
  }
  if (count === recordCount) return;
  throw new SluiceError(
    `Cannot export all records from position ${firstPosition} on, as ${recordCount - count} of them were deleted meanwhile: export again`,
    { code: "records-expired", retry: "backoff" },
  );
}

async function* lines(records: AsyncIterable<StoredRecord>, json: boolean): AsyncGenerator<string> {
  for await (const record of records) yield lineOf(record, json);
}

function readerIsGone(error: unknown): boolean {
  if (!(error instanceof Error) || !("code" in error)) return false;
  return error.code === "EPIPE" || error.code === "ERR_STREAM_PREMATURE_CLOSE";
}

async function follow(operator: Operator, command: ResultsCommand): Promise<number> {
  const source = sourceOf(command);
  const over = { failure: null as Error | null };
  let left = command.limit;
  const ended = new Promise<void>((resolve) => {
    const end = operator.follow(0, source, (event) => {
      switch (event.type) {
        case "record":
          if (left <= 0 || !isWanted(event.record, command)) return;
          left -= 1;
          out.line(lineOf(event.record, command.json));
          if (left > 0 && !process.stdout.destroyed) return;
          end();
          resolve();
          return;
        case "recordsExpired":
          err.line(`Records ${event.fromPosition} to ${event.toPosition} were deleted by retention`);
          return;
        case "subscriptionFailed":
          over.failure = event.error;
          resolve();
      }
    });
    sayHubAway(operator, {
      say: (line) => err.line(line),
      fail(problem) {
        over.failure = new Error(problem);
        resolve();
      },
    });
  });
  await Promise.race([ended, signalled()]);
  if (over.failure === null) return 0;
  err.line(`error: ${over.failure.message}`);
  return 1;
}

function queryOf(command: ResultsCommand): ResultQuery {
  const { since, label, limit } = command;
  const sourceId = sourceOf(command);
  return {
    ...(sourceId !== null && { sourceId }),
    ...(since !== undefined && { sinceMs: since }),
    // How many have a label is known once they are read.
    ...(label === undefined && Number.isFinite(limit) && { limit }),
    newestFirst: !command.oldestFirst,
  };
}

function sourceOf({ source }: ResultsCommand): SourceId | null {
  return source === undefined ? null : parseSourceId(source);
}

function lineOf(record: StoredRecord, json: boolean): string {
  return json ? jsonLine(record) : describeRecord(record);
}
