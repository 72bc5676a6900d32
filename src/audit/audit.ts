/**
 * The audit of a run: from its stored records alone, whether nothing was lost and nothing took effect twice.
 *
 * Records are folded one by one, in memory that grows with sources and not with tasks. The rules; their codes are kept
 * for ever:
 *
 * - `lost`      a task that must have been made has no record and is not in flight. Made are all below the highest of an
 *               incarnation of a source: the highest stored or, where its ledger is given, what that has created.
 * - `doubled`   there are two records of one task.
 * - `position`  a record has not a higher position than the one before it: it is out of order, or given twice.
 * - `hops`      the chain of hops is broken. A stage has a result and no hop, or the reverse, or two hops; it started
 *               before it was enqueued, or ended before it started. Where the pipeline is known: one of its stages is
 *               missing, or was enqueued before a predecessor ended. Where it is not: its results have not all the same
 *               stages.
 * - `epoch`     a node enqueued a task under a lower epoch than one before. Epoch 0 is before the first table: a
 *               restarted node begins there again.
 * - `bounds`    more tasks of an incarnation of a source were under way at once than its window allows, from `createdAtMs`
 *               to before `storedAtMs` of its results. Gaps do not say when they were made and do not count.
 * - `attempt`   an attempt below 1, or an identity with a number that is not whole from 0 on.
 */

import type { StoredRecord, StoredResult } from "../task/record.js";
import { pipelineKeyText, type SourceId } from "../task/identity.js";
import type { Pipeline } from "../task/pipeline.js";
import { type AuditLedger, type IncarnationAudit, SourceAccount } from "./account.js";
import { checkAttempts, checkHops, isSoundIdentity } from "./check-record.js";
import { Epochs } from "./epochs.js";
import { AUDIT_RULES, type AuditRule, type Finding, FindingList, incarnationText } from "./findings.js";
import { StageSets } from "./stage-sets.js";
import { UnderWay } from "./under-way.js";

export interface AuditInput {
  /** In order of position. */
  readonly records: AsyncIterable<StoredRecord> | Iterable<StoredRecord>;
  /** Of sources that run or have just ended, from before the records were read. */
  readonly ledgers?: readonly AuditLedger[];
  /** Those that are known, by `id@version`. */
  readonly pipelines?: ReadonlyMap<string, Pipeline>;
  /** Tasks at once; one more of a live source that keeps its newest task waiting. */
  readonly windows?: ReadonlyMap<SourceId, number>;
  /**
   * Where retention has deleted records: how many tasks of each source were ever settled, asked once all records are read.
   * So many as there are fewer records are no loss, the oldest ones that are missing.
   */
  readonly settled?: () => Promise<ReadonlyMap<SourceId, number>>;
  /** By how much clocks of two nodes, or of two incarnations of one, may differ, in ms. Default 50. */
  readonly clockToleranceMs?: number;
}

export interface AuditReport {
  readonly records: number;
  /** Of the first record; null where there is none. */
  readonly firstPosition: number | null;
  /** By source, then incarnation. */
  readonly incarnations: readonly IncarnationAudit[];
  /** The first 1,000. */
  readonly findings: readonly Finding[];
  readonly findingCount: number;
  readonly findingsByRule: Readonly<Record<AuditRule, number>>;
}

const CLOCK_TOLERANCE_MS = 50;

/** Resolves once all records are read. @throws whatever reading them throws */
export async function auditRun(input: AuditInput): Promise<AuditReport> {
  const audit = new Audit(input);
  for await (const record of input.records) audit.add(record);
  return audit.report((await input.settled?.()) ?? new Map());
}

class Audit {
  readonly #pipelines: ReadonlyMap<string, Pipeline>;
  readonly #windows: ReadonlyMap<SourceId, number>;
  readonly #clockToleranceMs: number;
  readonly #findings = new FindingList();
  readonly #accounts = new Map<SourceId, SourceAccount>();
  readonly #stageSets = new StageSets();
  readonly #epochs = new Epochs();
  /** By `source/incarnation`. */
  readonly #underWay = new Map<string, { readonly window: number; readonly tasks: UnderWay }>();
  #records = 0;
  #firstPosition: number | null = null;
  #highestPosition = -1;

  constructor({ ledgers, pipelines, windows, clockToleranceMs = CLOCK_TOLERANCE_MS }: AuditInput) {
    this.#pipelines = pipelines ?? new Map();
    this.#windows = windows ?? new Map();
    this.#clockToleranceMs = clockToleranceMs;
    for (const ledger of ledgers ?? []) this.#accountOf(ledger.sourceId).addLedger(ledger);
  }

  add(record: StoredRecord): void {
    this.#records += 1;
    this.#firstPosition ??= record.position;
    this.#checkPosition(record);
    const sound = isSoundIdentity(record.id);
    if (!sound) {
      this.#findings.add("attempt", record.id, "Its identity has a number that is not whole from 0 on");
    } else if (!this.#accountOf(record.id.sourceId).addRecord(record)) {
      this.#findings.add("doubled", record.id, `Position ${record.position} holds a second record of it`);
      return;
    }
    if (record.type === "result") this.#addResult(record, sound);
  }

  report(settled: ReadonlyMap<SourceId, number>): AuditReport {
    const incarnations = [...this.#accounts]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([id, account]) =>
        account.settle(Math.max(0, (settled.get(id) ?? 0) - account.records), this.#findings),
      );
    this.#stageSets.settle(this.#findings);
    this.#epochs.settle(this.#clockToleranceMs, this.#findings);
    for (const { window, tasks } of this.#underWay.values()) {
      const { worst } = tasks;
      if (worst === null || worst.count <= window) continue;
      const detail = `With it ${worst.count} tasks were under way at once: the window allows ${window}`;
      this.#findings.add("bounds", worst.newest, detail);
    }
    const counts = AUDIT_RULES.map((rule) => [rule, this.#findings.countOf(rule)] as const);
    return {
      records: this.#records,
      firstPosition: this.#firstPosition,
      incarnations: incarnations.map((each) => ({ ...each, findings: this.#findings.countIn(each) })),
      findings: this.#findings.kept,
      findingCount: this.#findings.count,
      // An entry for each rule.
      findingsByRule: Object.fromEntries(counts) as Record<AuditRule, number>,
    };
  }

  #checkPosition({ id, position }: StoredRecord): void {
    if (position > this.#highestPosition) {
      this.#highestPosition = position;
      return;
    }
    const detail =
      position === this.#highestPosition
        ? `Position ${position} is given twice`
        : `Position ${position} comes after ${this.#highestPosition}: out of order, or given twice`;
    this.#findings.add("position", id, detail);
  }

  #addResult(record: StoredResult, sound: boolean): void {
    const { id, pipelineId, pipelineVersion, hops } = record;
    for (const problem of checkAttempts(record)) this.#findings.add("attempt", id, problem);
    const pipeline = this.#pipelines.get(pipelineKeyText(pipelineId, pipelineVersion));
    if (pipeline === undefined) this.#stageSets.add(record);
    for (const problem of checkHops(record, pipeline, this.#clockToleranceMs)) {
      this.#findings.add("hops", id, problem);
    }
    for (const hop of hops) this.#epochs.add(id, hop);
    if (sound) this.#addUnderWay(record);
  }

  #addUnderWay(record: StoredResult): void {
    const window = this.#windows.get(record.id.sourceId);
    if (window === undefined) return;
    const key = incarnationText(record.id);
    let source = this.#underWay.get(key);
    if (source === undefined) {
      source = { window, tasks: new UnderWay() };
      this.#underWay.set(key, source);
    }
    source.tasks.add(record, this.#clockToleranceMs);
  }

  #accountOf(sourceId: SourceId): SourceAccount {
    let account = this.#accounts.get(sourceId);
    if (account === undefined) this.#accounts.set(sourceId, (account = new SourceAccount(sourceId)));
    return account;
  }
}
