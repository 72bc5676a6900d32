/** A rule of the audit: its code, and what checks it over the records of one run. */

import type { SourceId } from "../task/identity.js";
import type { Pipeline } from "../task/pipeline.js";
import type { StoredRecord } from "../task/record.js";
import type { MissingTasks } from "./account.js";
import type { RecordsOrigin } from "./origin.js";
import type { RuleFindings } from "./findings.js";

export interface AuditRule<Code extends string = string> {
  /** Kept for ever: people and programs tell findings apart by it. */
  readonly code: Code;
  /** Begins the check of one run. */
  readonly createCheck: (known: KnownOfRun, findings: RuleFindings) => RuleCheck;
}

export interface RuleCheck {
  /** Called with every record, in the order given. */
  readonly onRecord?: (examined: ExaminedRecord) => void;
  /** Called once after the last record. */
  readonly onEnd?: (missing: readonly MissingTasks[], origin: RecordsOrigin) => void;
}

/** What is known of a run beside its records. */
interface KnownOfRun {
  /** By `id@version`; maybe not all. */
  readonly pipelines: ReadonlyMap<string, Pipeline>;
  /** How many tasks of a source may be in flight at once; maybe not of all. */
  readonly windows: ReadonlyMap<SourceId, number>;
  /** Sources that run, or may. */
  readonly running: ReadonlySet<SourceId>;
  /** No other source runs. */
  readonly runningIsAll: boolean;
  /** By how much clocks of two nodes, or of two incarnations of one, may differ, in ms. */
  readonly clockToleranceMs: number;
}

/** A record, and how it fits what came before it. */
interface ExaminedRecord {
  readonly record: StoredRecord;
  /** Whether its identity is made of whole numbers from 0. */
  readonly sound: boolean;
  /** Whether a record of the same task came before; such a one is checked no further. */
  readonly repeated: boolean;
}
