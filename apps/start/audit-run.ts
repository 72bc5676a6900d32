/** The audit of a run that is over, from what it stored. */

import { auditRun } from "../../src/audit/audit.js";
import { taskText, type Finding } from "../../src/audit/findings.js";
import { recordsByPosition } from "../../src/storage/results/read-store.js";
import type { Store } from "../../src/storage/results/store.js";
import type { LedgerReported } from "../../src/task/reports.js";
import { pipelineKeyText } from "../../src/task/identity.js";
import type { Pipeline } from "../../src/task/pipeline.js";
import { auditLedgersOf, windowsOf } from "../../src/audit/ledgers.js";

export interface RunAudit {
  readonly records: number;
  readonly findingCount: number;
  /** The first ones, a sentence each. */
  readonly findings: readonly string[];
}

const FINDINGS_SHOWN = 10;

/** @param fromPosition where the run began in the store */
export async function auditOf(
  store: Store,
  fromPosition: number,
  { ledgers, pipeline }: { readonly ledgers: readonly LedgerReported[]; readonly pipeline: Pipeline },
): Promise<RunAudit> {
  const { records, findingCount, findings } = await auditRun({
    records: recordsByPosition(store, fromPosition),
    ledgers: ledgers.flatMap(auditLedgersOf),
    windows: windowsOf(ledgers),
    pipelines: new Map([[pipelineKeyText(pipeline.id, pipeline.version), pipeline]]),
  });
  return { records, findingCount, findings: findings.slice(0, FINDINGS_SHOWN).map(sentence) };
}

function sentence({ rule, source, task, detail }: Finding): string {
  const what = task === null ? (source ?? "the run") : taskText(task);
  return `The audit found "${rule}" at ${what}: ${detail}`;
}
