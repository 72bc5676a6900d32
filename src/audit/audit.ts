/**
 * The audit of a run: from its stored records alone, whether nothing was lost and nothing took effect twice.
 *
 * Records are folded one by one, in memory that grows with sources and not with tasks. What must hold is in `rules.ts`.
 */

import type { StoredRecord } from "../task/record.js";
import type { SourceId } from "../task/identity.js";
import type { Pipeline } from "../task/pipeline.js";
import { type AuditLedger, type IncarnationAudit, isSoundIdentity, SourceAccount } from "./account.js";
import { type Finding, FindingList } from "./findings.js";
import { expiredOf, expiredTakeovers, type RecordsOrigin, UNKNOWN_ORIGIN } from "./origin.js";
import type { RuleCheck } from "./rule.js";
import { AUDIT_RULES, type AuditRuleCode } from "./rules.js";

/** What an audit is to judge, and what is known beside it. */
export interface AuditInput {
  /** In order of position. */
  readonly records: AsyncIterable<StoredRecord> | Iterable<StoredRecord>;
  /** Of sources that run or have just ended, from before the records were read. */
  readonly ledgers?: readonly AuditLedger[];
  /** Those that run: each incarnation of any other has a closing. Default: that is not known; one whose ledger is given may. */
  readonly running?: ReadonlySet<SourceId>;
  /** Those that are known, by `id@version`. */
  readonly pipelines?: ReadonlyMap<string, Pipeline>;
  /** Tasks at once; one more of a live source that keeps its newest task waiting. */
  readonly windows?: ReadonlyMap<SourceId, number>;
  /** Where the records come from, asked once all of them are read. What retention has deleted there is not lost. */
  readonly origin?: () => Promise<RecordsOrigin>;
  /** By how much clocks of two nodes, or of two incarnations of one, may differ, in ms. Default 50. */
  readonly clockToleranceMs?: number;
}

/** What an audit has found. */
export interface AuditReport {
  readonly records: number;
  /** Of the first record; null where there is none. */
  readonly firstPosition: number | null;
  /** By source, then incarnation. */
  readonly incarnations: readonly IncarnationAudit[];
  /** The first 1,000. */
  readonly findings: readonly Finding<AuditRuleCode>[];
  readonly findingCount: number;
  readonly findingsByRule: Readonly<Record<AuditRuleCode, number>>;
}

const CLOCK_TOLERANCE_MS = 50;

/** Resolves once all records are read. @throws whatever reading them throws */
export async function auditRun(input: AuditInput): Promise<AuditReport> {
  const audit = new Audit(input);
  for await (const record of input.records) audit.add(record);
  return audit.report((await input.origin?.()) ?? UNKNOWN_ORIGIN);
}

class Audit {
  readonly #findings = new FindingList<AuditRuleCode>();
  readonly #checks: readonly RuleCheck[];
  readonly #accounts = new Map<SourceId, SourceAccount>();
  #records = 0;
  #firstPosition: number | null = null;

  constructor({ ledgers, running, pipelines, windows, clockToleranceMs = CLOCK_TOLERANCE_MS }: AuditInput) {
    const known = {
      pipelines: pipelines ?? new Map(),
      windows: windows ?? new Map(),
      running: running ?? new Set(ledgers?.map(({ sourceId }) => sourceId)),
      runningIsAll: running !== undefined,
      clockToleranceMs,
    };
    this.#checks = AUDIT_RULES.map(({ code, createCheck }) => createCheck(known, this.#findings.under(code)));
    for (const ledger of ledgers ?? []) this.#accountOf(ledger.sourceId).addLedger(ledger);
  }

  add(record: StoredRecord): void {
    this.#records += 1;
    this.#firstPosition ??= record.position;
    const sound = isSoundIdentity(record.id);
    const repeated = sound && !this.#accountOf(record.id.sourceId).addRecord(record);
    for (const { onRecord } of this.#checks) onRecord?.({ record, sound, repeated });
  }

  report(origin: RecordsOrigin): AuditReport {
    const accounts = [...this.#accounts]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([id, account]) => account.settle(expiredOf(origin, id), expiredTakeovers(origin, id)));
    const missing = accounts.flatMap((account) => account.missing);
    for (const { onEnd } of this.#checks) onEnd?.(missing, origin);
    const counts = AUDIT_RULES.map(({ code }) => [code, this.#findings.countOf(code)] as const);
    return {
      records: this.#records,
      firstPosition: this.#firstPosition,
      incarnations: accounts
        .flatMap((account) => account.incarnations)
        .map((figures) => ({ ...figures, findings: this.#findings.countIn(figures) })),
      findings: this.#findings.kept,
      findingCount: this.#findings.count,
      // An entry for each rule.
      findingsByRule: Object.fromEntries(counts) as Record<AuditRuleCode, number>,
    };
  }

  #accountOf(sourceId: SourceId): SourceAccount {
    let account = this.#accounts.get(sourceId);
    if (account === undefined) this.#accounts.set(sourceId, (account = new SourceAccount(sourceId)));
    return account;
  }
}
