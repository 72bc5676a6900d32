/** Who is who: branded ids, and the identity of a task. */

import type { Brand, NodeName } from "../../runtime/brand.js";

export type { NodeName };
export type SourceId = Brand<string, "SourceId">;
export type PipelineId = Brand<string, "PipelineId">;
/** Names a stage within one pipeline; the service that it runs is another thing and may occur twice. */
export type StageId = Brand<string, "StageId">;

/** Identity of a task, never used twice: a restarted source counts on under a higher `incarnation`. */
export interface TaskId {
  readonly sourceId: SourceId;
  readonly incarnation: number;
  /** Counts from 0 without gaps within an incarnation. */
  readonly sequence: number;
}
