/** What the distributor, the keeper of results, receives, answers and pushes. */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { Takeover } from "../../task/hosting.js";
import type { NodeName, SourceId } from "../../task/identity.js";
import type { StoreStatement } from "../../task/record-chain.js";
import type { Repair, SourceTotals, TaskOutcome } from "../../task/reports.js";
import type { ResultQuery, StoredRecord } from "../../task/record.js";
import type { Closing, DropRecord, Task } from "../../task/task.js";

export type DistributorMessage =
  | { readonly type: "store"; readonly task: Task }
  | { readonly type: "recordDrop"; readonly drop: DropRecord }
  /** An incarnation of a source has ended; its generator is told `taskSettled` under the id of the closing. */
  | { readonly type: "recordClosing"; readonly closing: Closing }
  /**
   * From the scheduler of the same node: another node is to capture the source, and nobody does now. What was made of it and is not
   * stored is a gap, and its incarnations are closed.
   */
  | {
      readonly type: "sealSource";
      readonly sourceId: SourceId;
      /** Of the last node that had it. */
      readonly node: NodeName;
      /** Why it has it no more, for people. */
      readonly reason: string;
      /** Records before it are of no interest; null where all are: then it is only told where the store is. */
      readonly fromPosition: number | null;
      readonly replyTo: ActorRef<SealReply>;
    }
  /** Push every record from `fromPosition` on, then each new one; `subscriber` asks for more with `demand`. */
  | {
      readonly type: "subscribe";
      readonly subscriber: ActorRef<SubscriptionEvent>;
      readonly fromPosition: number;
      readonly sourceId?: SourceId;
      readonly demand: number;
    }
  | { readonly type: "demand"; readonly subscriber: ActorRef<SubscriptionEvent>; readonly count: number }
  | { readonly type: "unsubscribe"; readonly subscriber: ActorRef<SubscriptionEvent> }
  | { readonly type: "query"; readonly query: ResultQuery; readonly replyTo: ActorRef<QueryReply> }
  /** From its own node: so much is kept from now on. */
  | { readonly type: "retain"; readonly retention: RetentionOptions }
  | { readonly type: "reportTotals"; readonly replyTo: ActorRef<TotalsReported> }
  | { readonly type: "reportStatement"; readonly replyTo: ActorRef<StatementReply> };

export type SealReply =
  | { readonly type: "sourceSealed"; readonly sourceId: SourceId; readonly sealed: SealedSource }
  | { readonly type: "sealFailed"; readonly sourceId: SourceId; readonly error: Error };

/** What there is of a source, from the position on that was asked for. */
export interface SealedSource extends Pick<Takeover, "position" | "lastTaskAtMs"> {
  /** Tasks that were made. */
  readonly tasks: number;
  /** Where the next seal reads from. */
  readonly nextPosition: number;
}

export type StatementReply =
  | { readonly type: "statementReported"; readonly statement: StoreStatement }
  | { readonly type: "queryFailed"; readonly error: Error };

export type QueryReply =
  | { readonly type: "records"; readonly records: readonly StoredRecord[]; readonly more: boolean }
  | { readonly type: "queryFailed"; readonly error: Error };

/** What whoever follows a store is told. */
export type SubscriptionEvent =
  | { readonly type: "record"; readonly record: StoredRecord }
  /** Older records were deleted by retention before they could be pushed. */
  | { readonly type: "recordsExpired"; readonly fromPosition: number; readonly toPosition: number }
  /** Nothing more comes: the store cannot be read, or too many are subscribed. */
  | { readonly type: "subscriptionFailed"; readonly error: Error };

/** How much of a store is kept. */
export interface RetentionOptions {
  /** Newest records to keep; more for as long as a step of deleting takes. Default: all. */
  readonly recordsMax?: number;
  /** Bytes of the newest records to keep, as they are stored, without indexes; looked at every 10 s. Default: all. */
  readonly bytesMax?: number;
  /** Age from storing at which records are deleted, in ms. Default: none. */
  readonly ageMsMax?: number;
}

/** What a store has counted. */
export interface TotalsReported {
  readonly type: "totalsReported";
  /** Durable, by source, in this store since it was made. */
  readonly sources: Readonly<Record<string, SourceTotals>>;
  /** Tasks received and not yet durable. */
  readonly pending: number;
  /** Repeated deliveries that changed nothing, and of these the ones that claimed another outcome: the first one stands. */
  readonly duplicates: number;
  readonly contradictions: number;
  /** Deliveries left unacknowledged because too many were pending. */
  readonly refused: number;
  /** Damage to the store that was repaired, oldest first; the newest few. */
  readonly repairs: readonly Repair[];
  /** Results, drops and ends of incarnations refused because the node of their source does not vouch for them. */
  readonly unvouched: number;
  /** Results and drops of nodes that had their source before another one: none of it is stored. */
  readonly superseded: number;
}

/** What whoever keeps count of outcomes is told: once for each task, after its record is durable. */
export interface TaskSettled {
  readonly type: "taskSettled";
  readonly outcome: TaskOutcome;
}
