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
import { describeClosing } from "./describe-audit.js";
import { sayDamage } from "../damage.js";
import { signalled } from "../program.js";
import { err, out, outAll } from "../terminal.js";
import { jsonLine } from "../../src/runtime/safe-text.js";

export interface ResultsCommand {
  readonly source?: string;
  readonly since?: number;
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
    await outAll(lines(records, command.json));
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
  const { since, limit } = command;
  const whole = sourceId === null && since === undefined && !Number.isFinite(limit);
  const records = chosen(statedRecords(place, statement, sourceId), since ?? Number.NEGATIVE_INFINITY, limit);
  const count = await exportRecords(whole ? unbroken(records, statement) : records, file, {
    whole,
    statement,
  });
  err.line(`Wrote ${count} records to ${file}`);
  return 0;
}

async function* chosen(
  records: AsyncIterable<StoredRecord>,
  sinceMs: number,
  limit: number,
): AsyncGenerator<StoredRecord> {
  let left = limit;
  for await (const record of records) {
    if (record.storedAtMs < sinceMs) continue;
    yield record;
    left -= 1;
    if (left <= 0) return;
  }
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
  const since = command.since ?? Number.NEGATIVE_INFINITY;
  let left = command.limit;
  const ended = new Promise<void>((resolve) => {
    const end = operator.follow(0, source, (event) => {
      switch (event.type) {
        case "record":
          if (event.record.storedAtMs < since || left <= 0) return;
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
    operator.cluster.subscribe((event) => {
      if (event.type !== "cutOff") return;
      over.failure = new Error(`Lost the connection to the hub: ${event.reason}`);
      resolve();
    });
  });
  await Promise.race([ended, signalled()]);
  if (over.failure === null) return 0;
  err.line(`error: ${over.failure.message}`);
  return 1;
}

function queryOf(command: ResultsCommand): ResultQuery {
  const { since, limit } = command;
  const sourceId = sourceOf(command);
  return {
    ...(sourceId !== null && { sourceId }),
    ...(since !== undefined && { sinceMs: since }),
    ...(Number.isFinite(limit) && { limit }),
  };
}

function sourceOf({ source }: ResultsCommand): SourceId | null {
  return source === undefined ? null : parseSourceId(source);
}

function lineOf(record: StoredRecord, json: boolean): string {
  if (json) return jsonLine(record);
  const time = new Date(record.storedAtMs).toISOString().slice(11, 23);
  const task = `${record.id.sourceId} ${record.id.sequence}`;
  if (record.type === "gap") {
    return `${time}  ${task}  dropped ${record.reason} at ${record.node}: ${record.detail}`;
  }
  if (record.type === "closed") return `${time}  ${describeClosing(record)}`;
  const nodes = new Map(record.hops.map(({ stage, node }) => [stage as string, node]));
  const stages = Object.entries(record.results).map(([stage, { frames }]) => {
    const objects = frames.reduce((sum, found) => sum + found.length, 0);
    return `${stage} ${objects} (${nodes.get(stage) ?? "-"})`;
  });
  return `${time}  ${task}  ${stages.join(", ")}  ${(record.storedAtMs - record.sourceAtMs).toFixed(1)} ms`;
}
