/** What the generator of a source receives, and what it and its node tell whoever runs them. */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { SluiceError } from "../../task/errors.js";
import type { Configuration } from "../../task/configuration.js";
import type { NodeName, SourceId, StageId, StageKey, TaskId } from "../../task/identity.js";
import type { ModelInUse } from "../../task/model-in-use.js";
import type { LedgerReported } from "../../task/reports.js";
import type { Pause } from "../../task/requests.js";
import type { Cursor, Outcome } from "../../task/task.js";

export type GeneratorMessage =
  /**
   * Capture so from the next task on, let its joins wait at `joinNodes` and pin its stateful stages to `statefulNodes`;
   * the first one starts the capture.
   */
  | {
      readonly type: "configure";
      readonly configuration: Configuration;
      readonly epoch: number;
      readonly joinNodes: ReadonlyMap<Cursor, NodeName>;
      readonly statefulNodes: ReadonlyMap<StageId, NodeName>;
      /** Every node that may have a part in the source's tasks. */
      readonly placedOn: readonly NodeName[];
      /** It is to capture nothing; null: it captures. */
      readonly pause: Pause | null;
      /** Some stage is loaded nowhere yet: a live source that has not begun is waited with, for a while. */
      readonly loading?: true;
    }
  /** From the distributor: the task is stored durably, or its drop is. */
  | { readonly type: "taskSettled"; readonly id: TaskId; readonly outcome: Outcome }
  /** From its own node: another one is gone, with whatever it had; where it `left`, it has had the time to settle that. */
  | { readonly type: "nodeGone"; readonly node: NodeName; readonly left: boolean }
  | { readonly type: "nodeBack"; readonly node: NodeName }
  /** From its own node: a message with the task reached nobody. */
  | { readonly type: "undelivered"; readonly id: TaskId }
  /** From its own node: the hub refuses the source, whatever it has under way. */
  | { readonly type: "refused"; readonly error: SluiceError }
  /** Capture nothing more; end once every task is settled, for good. */
  | { readonly type: "drain" }
  /** From its own node, which stops: capture nothing more; end once every task is settled, to go on where this was. */
  | { readonly type: "suspend" }
  | { readonly type: "reportLedger"; readonly replyTo: ActorRef<LedgerReported> };

/** What a source tells whoever started it. */
export type SourceEvent =
  | { readonly type: "sourceStarted"; readonly sourceId: SourceId; readonly description: string }
  | {
      readonly type: "sourceStalled";
      readonly sourceId: SourceId;
      readonly reason: "stalled" | "frozen";
      /** For people: what was seen, or why the last attempt came to nothing. */
      readonly detail: string;
      /** The next attempt to connect, from 1; 0 where it is waited for. */
      readonly attempt: number;
    }
  /** A live source gives frames again; its outage is stored as a gap. */
  | { readonly type: "sourceBack"; readonly sourceId: SourceId; readonly afterMs: number }
  /** It captures nothing, as an operator or its policy has said, for this reason; what runs ends. */
  | ({ readonly type: "sourcePaused"; readonly sourceId: SourceId } & Pick<Pause, "reason" | "by">)
  /** It captures again; a live source has its pause stored as a gap. */
  | { readonly type: "sourceContinued"; readonly sourceId: SourceId }
  /** Every task is settled and the source is at its end, drained, or failed for good. */
  | {
      readonly type: "sourceEnded";
      readonly sourceId: SourceId;
      readonly error: Error | null;
      /** It goes on with its node, which stops; absent where it has ended for good. */
      readonly goesOn?: true;
      /** The last one: nothing is in flight. */
      readonly ledger: LedgerReported;
    };

/** What a node tells whoever runs it. */
export type NodeEvent =
  | SourceEvent
  /** The node goes on with a source that an operator asked for before it stopped; or cannot, as the error says. */
  | {
      readonly type: "sourceResumed";
      readonly sourceId: SourceId;
      /** What it reads; empty where that could not be told. */
      readonly description: string;
      readonly error: Error | null;
    }
  /** So many events happened while the listener was cut off, and were not kept for it. */
  | { readonly type: "eventsMissed"; readonly node: NodeName; readonly count: number }
  /** A stage of the node runs another version of its model; or, with `refused`, it goes on with the version that it has. */
  | { readonly type: "modelSwapped"; readonly node: NodeName; readonly model: ModelInUse }
  /** A stage has no place on this node: its model is missing or wrong. */
  | {
      readonly type: "stageFailed";
      readonly node: NodeName;
      readonly stage: StageKey;
      readonly error: Error;
    };
