/** `sluice audit`: checks whether a run adds up, from a running hub, straight from its store, or from an exported file. */

import { errorText } from "../../src/runtime/errors.js";
import { auditRun, type AuditInput } from "../../src/audit/audit.js";
import { openStoreForReading } from "../../src/storage/results/read-store.js";
import { readStoreKey } from "../../src/storage/store-key.js";
import type { Operator } from "../../src/operator/operator.js";
import type { StoredRecord } from "../../src/task/record.js";
import { SluiceError } from "../../src/task/errors.js";
import { isSigned } from "../../src/task/record-chain.js";
import { parseSourceId, type SourceId } from "../../src/task/identity.js";
import { createLiveLines } from "../live-lines.js";
import { incarnationText, taskText } from "../../src/audit/findings.js";
import { sayDamage } from "../damage.js";
import { describeAudit, describeHistory } from "./describe-audit.js";
import { auditInputOf, auditInputOfCluster } from "../../src/operator/cluster-audit.js";
import { readRecordFile } from "./record-file.js";
import { err, out } from "../terminal.js";

export interface AuditCommand {
  readonly source?: string;
  /** `SOURCE/INCARNATION/SEQUENCE`: its history is printed besides, hop by hop. */
  readonly task?: string;
  /** Every source has ended, as whoever asks knows: an incarnation without a closing is a finding. */
  readonly ended: boolean;
  readonly json: boolean;
}

/** Records between two updates of the progress on a terminal. */
const PROGRESS_RECORDS = 1_000;
const PROGRESS_PERIOD_MS = 500;

export async function auditHub(operator: Operator, command: AuditCommand): Promise<number> {
  const input = await auditInputOfCluster(operator, sourceOf(command), (node, why) => {
    err.line(`Node "${node}" did not report its tasks in flight, which may show as lost: ${why}`);
  });
  return finish(command, input);
}

export async function auditStore(folder: string, command: AuditCommand): Promise<number> {
  const store = await openStoreForReading(folder, { onDamage: sayDamage(folder) });
  try {
    return await finish(command, await auditInputOf(store, sourceOf(command)));
  } finally {
    await store.close();
  }
}

/** @param command its `key` is that of the store that the file is of */
export async function auditFile(
  file: string,
  command: AuditCommand & { readonly key?: string },
): Promise<number> {
  const key = command.key === undefined ? null : await keyOf(command.key);
  const { records, end } = readRecordFile(file);
  return finish(command, {
    records,
    async origin() {
      const read = end();
      const { trailer } = read;
      if (trailer === null) return { stated: null, file: { ...read, signed: null } };
      const { statement, whole } = trailer;
      return {
        stated: { before: statement, after: statement, whole: whole && command.source === undefined },
        file: { ...read, signed: key === null ? null : isSigned(statement, key) },
      };
    },
  });
}

async function keyOf(file: string): Promise<Uint8Array> {
  try {
    return await readStoreKey(file);
  } catch (error) {
    throw new SluiceError(`Cannot read the key of a store from "${file}": ${errorText(error)}`, {
      code: "records-invalid",
      cause: error,
    });
  }
}

async function finish(command: AuditCommand, input: AuditInput): Promise<number> {
  const sourceId = sourceOf(command);
  const wanted = { text: command.task ?? null, records: [] as StoredRecord[] };
  const report = await auditRun({
    ...input,
    records: lookedFor(wanted, shown(ofSource(input.records, sourceId))),
    ledgers: (input.ledgers ?? []).filter((ledger) => sourceId === null || ledger.sourceId === sourceId),
    ...(command.ended && { running: new Set() }),
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
  // A hub knows which sources run; whoever has a store or a file alone is told what they do not show.
  if (!command.ended && input.running === undefined) {
    for (const own of report.incarnations.filter(({ closed }) => closed === null)) {
      err.line(
        `${incarnationText(own)} has no closing: it ran then, or its last tasks are missing (--ended asks for one)`,
      );
    }
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

function sourceOf({ source }: AuditCommand): SourceId | null {
  return source === undefined ? null : parseSourceId(source);
}
