/** `sluice audit`: checks whether a run adds up, from a running hub, straight from its store, or from an exported file. */

import { countDrops } from "../../src/task/ledger.js";
import { auditRun, type AuditInput } from "../../src/audit/audit.js";
import {
  iterateRecords,
  openStoreForReading,
  recordsByPosition,
} from "../../src/storage/results/read-store.js";
import type { Operator } from "../../src/operator/operator.js";
import type { StoredRecord } from "../../src/task/record.js";
import type { TotalsReported } from "../../src/actors/protocol/distributor.js";
import { parseSourceId, type SourceId } from "../../src/task/identity.js";
import { createLiveLines } from "../live-lines.js";
import { taskText } from "../../src/audit/findings.js";
import { sayDamage } from "../damage.js";
import { describeAudit, describeHistory } from "./describe-audit.js";
import { auditLedgersOf, windowsOf } from "../../src/audit/ledgers.js";
import { askLiveLedgers } from "./live-ledgers.js";
import { readRecordFile } from "./record-file.js";
import { err, out } from "../terminal.js";

export interface AuditCommand {
  readonly source?: string;
  /** `SOURCE/INCARNATION/SEQUENCE`: its history is printed besides, hop by hop. */
  readonly task?: string;
  readonly json: boolean;
}

/** Records between two updates of the progress on a terminal. */
const PROGRESS_RECORDS = 1_000;
const PROGRESS_PERIOD_MS = 500;

/** The ledgers are read first: tasks that were created after them are not judged. */
export async function auditHub(operator: Operator, command: AuditCommand): Promise<number> {
  const sourceId = sourceOf(command);
  const ledgers = await askLiveLedgers(operator, (node, why) => {
    err.line(`Node "${node}" did not report its tasks in flight, which may show as lost: ${why}`);
  });
  const { table } = await operator.table();
  const [oldest] = (await operator.query({ limit: 1 })).records;
  return finish(command, {
    records: iterateRecords(operator, sourceId === null ? {} : { sourceId }),
    ledgers: ledgers.flatMap(auditLedgersOf),
    windows: windowsOf(ledgers),
    pipelines: table?.pipelines ?? new Map(),
    ...(oldest !== undefined &&
      oldest.position > 0 && { settled: async () => settledOf((await operator.totals()).sources) }),
  });
}

export async function auditStore(folder: string, command: AuditCommand): Promise<number> {
  const sourceId = sourceOf(command);
  const store = await openStoreForReading(folder, { onDamage: sayDamage(folder) });
  try {
    return await finish(command, {
      records: recordsByPosition(store, store.firstPosition, sourceId),
      ...(store.firstPosition > 0 && { settled: async () => settledOf(store.totals()) }),
    });
  } finally {
    await store.close();
  }
}

export async function auditFile(file: string, command: AuditCommand): Promise<number> {
  return finish(command, { records: readRecordFile(file) });
}

async function finish(command: AuditCommand, input: AuditInput): Promise<number> {
  const sourceId = sourceOf(command);
  const wanted = { text: command.task ?? null, records: [] as StoredRecord[] };
  const report = await auditRun({
    ...input,
    records: lookedFor(wanted, shown(ofSource(input.records, sourceId))),
    ledgers: (input.ledgers ?? []).filter((ledger) => sourceId === null || ledger.sourceId === sourceId),
  });
  if (sourceId !== null && report.incarnations.length === 0) {
    err.line(`error: There is no record of source "${sourceId}"`);
    return 1;
  }
  if (wanted.text !== null && wanted.records.length === 0) {
    err.line(`error: There is no record of task "${wanted.text}": wanted SOURCE/INCARNATION/SEQUENCE`);
    return 1;
  }
  for (const record of wanted.records) {
    if (command.json) out.json(record);
    else out.lines(describeHistory(record));
  }
  if (command.json) out.json(report);
  else out.lines(describeAudit(report));
  const begins = report.firstPosition ?? 0;
  if (report.findingsByRule.lost > 0 && begins > 0 && input.settled === undefined) {
    err.line(`The records begin at position ${begins}: earlier ones may show as lost`);
  }
  return report.findingCount === 0 ? 0 : 1;
}

/** Puts the records of one task aside. */
async function* lookedFor(
  wanted: { readonly text: string | null; readonly records: StoredRecord[] },
  records: AsyncIterable<StoredRecord>,
): AsyncGenerator<StoredRecord> {
  for await (const record of records) {
    if (taskText(record.id) === wanted.text) wanted.records.push(record);
    yield record;
  }
}

async function* ofSource(
  records: AuditInput["records"],
  sourceId: SourceId | null,
): AsyncGenerator<StoredRecord> {
  for await (const record of records) {
    if (sourceId === null || record.id.sourceId === sourceId) yield record;
  }
}

/** Shows the progress on a terminal. */
async function* shown(records: AsyncIterable<StoredRecord>): AsyncGenerator<StoredRecord> {
  if (!process.stderr.isTTY) {
    yield* records;
    return;
  }
  const lines = createLiveLines(process.stderr);
  let count = 0;
  let shownAtMs = performance.now();
  try {
    for await (const record of records) {
      yield record;
      count += 1;
      if (count % PROGRESS_RECORDS !== 0 || performance.now() - shownAtMs < PROGRESS_PERIOD_MS) continue;
      shownAtMs = performance.now();
      lines.show(`${count} records`);
    }
  } finally {
    lines.clear();
  }
}

function settledOf(totals: TotalsReported["sources"]): ReadonlyMap<SourceId, number> {
  return new Map(
    Object.entries(totals).map(([source, { stored, dropped }]) => [
      parseSourceId(source),
      stored + countDrops(dropped),
    ]),
  );
}

function sourceOf({ source }: AuditCommand): SourceId | null {
  return source === undefined ? null : parseSourceId(source);
}
