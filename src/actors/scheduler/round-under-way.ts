/** What is known of a round while policies are asked. */

import type { SourceId } from "../../task/identity.js";
import type { SourceEntry } from "./source-plan.js";

/** A round that was handed over and is not back. */
export interface RoundUnderWay {
  readonly job: number;
  readonly reason: string;
  readonly startedAtMs: number;
  /** Of the scheduler. */
  readonly term: number;
  /** What was asked about, as it was then. */
  readonly asked: ReadonlyMap<SourceId, SourceEntry>;
}
