/** What a way to tamper with an export is made of. */

import type { AuditRuleCode } from "../../../src/audit/rules.js";
import type { StoredGap, StoredRecord, StoredResult } from "../../../src/task/record.js";
import { parseSourceId } from "../../../src/task/identity.js";
import type { ExportTrailer } from "../../../src/task/record-chain.js";
import type { Hop } from "../../../src/task/task.js";
import type { TamperedRun } from "../tampered-run.js";

export interface Tampering {
  /** What finds it where lines of the file are changed. */
  readonly rule: AuditRuleCode;
  /**
   * What finds it where its author has chained everything anew and has written a trailer to it, and the key of the store is
   * not at hand. Null where nothing can: the records are those of another run that might have been.
   */
  readonly forged: AuditRuleCode | null;
  readonly change: (run: Whole) => TamperedRun;
}

type Whole = TamperedRun & { readonly trailer: ExportTrailer };
type Results = readonly StoredResult[];

const CAM_1 = parseSourceId("cam-1");
export const CAM_2 = parseSourceId("cam-2");

export const on =
  (change: (records: readonly StoredRecord[]) => readonly StoredRecord[]): Tampering["change"] =>
  ({ records, trailer }) => ({ records: change(records), trailer });

export const onTrailer =
  (change: (trailer: ExportTrailer) => ExportTrailer | null): Tampering["change"] =>
  ({ records, trailer }) => ({ records, trailer: change(trailer) });

export const onStatement = (
  change: (statement: ExportTrailer["statement"]) => Partial<ExportTrailer["statement"]>,
): Tampering["change"] =>
  onTrailer((trailer) => ({ ...trailer, statement: { ...trailer.statement, ...change(trailer.statement) } }));

/** In the middle of the first incarnation of cam-1: a result with others around it, where no task was dropped. */
export function middle(records: readonly StoredRecord[]): {
  readonly before: StoredResult;
  readonly at: StoredResult;
} {
  const [first] = records.filter(({ id }) => id.sourceId === CAM_1).sort(byTask);
  const own = records.filter(
    (record): record is StoredResult =>
      record.type === "result" &&
      record.id.sourceId === CAM_1 &&
      record.id.incarnation === first?.id.incarnation,
  );
  const [before, at] = [11, 12].map((sequence) => own.find(({ id }) => id.sequence === sequence));
  if (before === undefined || at === undefined) throw new Error("no such task");
  return { before, at };
}

export const oneResult = (change: (record: StoredResult) => StoredRecord): Tampering["change"] =>
  on((records) => {
    const { at } = middle(records);
    return records.map((record) => (record === at ? change(at) : record));
  });

export const eachResult = (change: (record: StoredResult) => StoredResult): Tampering["change"] =>
  on((records) => records.map((record) => (record.type === "result" ? change(record) : record)));

export const twoResults = (
  change: (before: StoredResult, at: StoredResult) => readonly [StoredResult, StoredResult],
): Tampering["change"] =>
  on((records) => {
    const { before, at } = middle(records);
    const [first, second] = change(before, at);
    return records.map((record) => (record === before ? first : record === at ? second : record));
  });

export const oneGap = (change: (gap: StoredGap) => StoredRecord): Tampering["change"] =>
  on((records) => {
    const at = records.findIndex(({ type }) => type === "gap");
    return records.map((record, index) => (index === at && record.type === "gap" ? change(record) : record));
  });

export const oneHop = (stage: string, change: (hop: Hop) => Partial<Hop>): Tampering["change"] =>
  oneResult((record) => ({
    ...record,
    hops: record.hops.map((hop) => (hop.stage === stage ? { ...hop, ...change(hop) } : hop)),
  }));

export const oneStage = (
  stage: string,
  change: (result: StoredResult["results"][string]) => object,
): Tampering["change"] =>
  oneResult((record) => {
    const result = record.results[stage];
    if (result === undefined) throw new Error("no such stage");
    return { ...record, results: { ...record.results, [stage]: { ...result, ...change(result) } } };
  });

export const without = (record: StoredResult, stage: string): StoredResult => ({
  ...record,
  results: Object.fromEntries(Object.entries(record.results).filter(([name]) => name !== stage)),
  hops: record.hops.filter((hop) => hop.stage !== stage),
});

export const added = (
  make: (records: readonly StoredRecord[]) => readonly StoredRecord[],
): Tampering["change"] =>
  on((records) => {
    const next = Math.max(...records.map(({ position }) => position)) + 1;
    return [...records, ...make(records).map((record, index) => ({ ...record, position: next + index }))];
  });

export function lastOf(records: readonly StoredRecord[]): StoredResult {
  const results: Results = records.filter((record): record is StoredResult => record.type === "result");
  const last = [...results].sort(byTask).at(-1);
  if (last === undefined) throw new Error("no result");
  return last;
}

/** Of the first incarnation of cam-1, which another one has followed. */
export function firstClosing(records: readonly StoredRecord[]): StoredRecord {
  const [first] = records
    .filter(({ type, id }) => type === "closed" && id.sourceId === CAM_1)
    .toSorted(byTask);
  if (first === undefined) throw new Error("no closing");
  return first;
}

/** Without the last tasks of the last incarnation. */
export function withoutLast(records: readonly StoredRecord[], count: number): readonly StoredRecord[] {
  const { id } = lastOf(records);
  return records.filter(
    ({ id: { incarnation, sequence } }) => incarnation !== id.incarnation || sequence <= id.sequence - count,
  );
}

/** By incarnation, and in it by sequence. */
function byTask({ id: a }: StoredRecord, { id: b }: StoredRecord): number {
  return a.incarnation - b.incarnation || a.sequence - b.sequence;
}

export const wholeOf = (records: readonly StoredRecord[], source: string): readonly StoredRecord[] =>
  records.filter(({ id }) => id.sourceId === source);

export function withFrames(record: StoredResult, { framePtsUs, frames }: StoredResult): StoredResult {
  return { ...record, framePtsUs, ...(frames && { frames }) };
}

export function unchained(record: StoredRecord): StoredRecord {
  const { chain: _, ...rest } = record;
  return rest;
}
