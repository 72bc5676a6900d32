/** What a synthetic source receives, and what it tells whoever ordered it. */

import type { SourceId, TaskId } from "../../task/identity.js";
import type { Hop, Outcome } from "../../task/task.js";
import type { GeneratorMessage } from "./generator.js";

/** What is to be measured. */
export interface ProbeOrder {
  /** Tasks walk by the plan of this source, in its configuration. */
  readonly like: SourceId;
  /** Above 0, at most 200. */
  readonly perSecond: number;
  /** In all: 1 to 10,000. */
  readonly tasks: number;
  /** When each is due: at equal distances, or as of independent users. */
  readonly arrivals: "constant" | "poisson";
  /** It ends where a node with a part in it is busier than this, 0 to 1, three seconds in a row; at 1 it never is. */
  readonly cpuShareMax: number;
}

export type SyntheticMessage =
  /** From the distributor of its own node: the task is at its end, and nothing of it was stored. */
  | {
      readonly type: "syntheticEnded";
      readonly id: TaskId;
      readonly outcome: Outcome;
      readonly hops: readonly Hop[];
    }
  /** From any node: the task reached nobody. */
  | Extract<GeneratorMessage, { readonly type: "undelivered" }>;

/** What whoever ordered it is told. */
export type ProbeEvent =
  | {
      readonly type: "probeTask";
      /** From 0. */
      readonly sequence: number;
      readonly outcome: Outcome;
      /** From when it was due until it was at its end, in ms by one clock. */
      readonly tookMs: number;
      /** Of the clock of the hub, as that of hops, in ms since the Unix epoch. */
      readonly createdAtMs: number;
      readonly endedAtMs: number;
      /** Empty of one that was dropped. */
      readonly hops: readonly Hop[];
    }
  /** Nothing more comes. */
  | {
      readonly type: "probeEnded";
      readonly reason: ProbeEnd;
      /** For people. */
      readonly detail: string;
      readonly made: number;
      /** Of these, those without an end by now. */
      readonly unanswered: number;
    };

export const PROBE_ENDS = ["done", "loaded", "changed", "failed"] as const satisfies readonly ProbeEnd[];
/** `done`: all were made. `loaded`: the cluster has no room for it. `changed`: the source walks another pipeline, or is gone. */
export type ProbeEnd = "done" | "loaded" | "changed" | "failed";
