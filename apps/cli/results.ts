/** `sluice results`: results from a running hub or straight from its store. */

import { exportRecords } from "../../src/storage/results/export.js";
import { iterateRecords, openStoreForReading } from "../../src/storage/results/read-store.js";
import type { Operator } from "../../src/operator/operator.js";
import type { ResultQuery, StoredRecord } from "../../src/task/record.js";
import { parseSourceId, type SourceId } from "../../src/task/identity.js";
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

/** Where records come from: pages by query, as both a hub and a store give them. */
type Pages = Parameters<typeof iterateRecords>[0];

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

async function print(pages: Pages, command: ResultsCommand): Promise<number> {
  const records = iterateRecords(pages, queryOf(command));
  if (command.export !== undefined) {
    const count = await exportRecords(records, command.export);
    err.line(`Wrote ${count} records to ${command.export}`);
    return 0;
  }
  try {
    await outAll(lines(records, command.json));
  } catch (error) {
    // The reader has seen enough.
    if (!readerIsGone(error)) throw error;
  }
  return 0;
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
  const nodes = new Map(record.hops.map(({ stage, node }) => [stage as string, node]));
  const stages = Object.entries(record.results).map(([stage, { frames }]) => {
    const objects = frames.reduce((sum, found) => sum + found.length, 0);
    return `${stage} ${objects} (${nodes.get(stage) ?? "-"})`;
  });
  return `${time}  ${task}  ${stages.join(", ")}  ${(record.storedAtMs - record.sourceAtMs).toFixed(1)} ms`;
}
