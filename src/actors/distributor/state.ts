/** What a distributor is given and keeps: everything that its parts work on. */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { AskResult, Context } from "../../runtime/behaviour.js";
import type {
  DistributorMessage,
  QueryReply,
  RetentionOptions,
  SealedSource,
  StatementReply,
  TaskSettled,
} from "../protocol/distributor.js";
import type { MemoryBudget } from "../../runtime/memory-budget.js";
import type { SchedulerMessage } from "../protocol/scheduler.js";
import type { StoreStatement } from "../../task/record-chain.js";
import { FairRoom } from "../../task/fair-room.js";
import type { NodeName, SourceId } from "../../task/identity.js";
import type { SourceTail } from "./source-tail.js";
import type { PendingRecord } from "./pending.js";
import type { Appended, RecordPage, Slice, Store } from "../../storage/results/store.js";
import type { VoucherPort } from "./voucher-port.js";
import type { Subscription } from "./subscription.js";

export type Message = DistributorMessage | PrivateMessage;
export type MessageOf<Type extends Message["type"]> = Extract<Message, { readonly type: Type }>;

type PrivateMessage =
  | { readonly type: "flushDue" }
  | {
      readonly type: "appendEnded";
      readonly batch: Batch;
      readonly result: AskResult<readonly Appended[]>;
    }
  | {
      readonly type: "sliceRead";
      readonly subscription: Subscription;
      readonly result: AskResult<Slice>;
    }
  | { readonly type: "readDue"; readonly subscription: Subscription }
  | { readonly type: "subscriberGone"; readonly address: string }
  | {
      readonly type: "queryEnded";
      readonly replyTo: ActorRef<QueryReply>;
      readonly result: AskResult<RecordPage>;
    }
  | {
      readonly type: "statementRead";
      readonly replyTo: ActorRef<StatementReply>;
      readonly result: AskResult<StoreStatement>;
    }
  | {
      readonly type: "tailRead";
      readonly seal: Seal;
      readonly result: AskResult<SourceTail>;
    }
  | { readonly type: "retentionDue" }
  | { readonly type: "expireEnded"; readonly result: AskResult<number> };

/** A source that is being sealed. */
export interface Seal {
  readonly asked: Extract<DistributorMessage, { readonly type: "sealSource" }>;
  /** What has come before is written, then read, and what the seal itself adds is written. */
  step: "settling" | "reading" | "writing";
  /** Null until it is read. */
  sealed: Omit<SealedSource, "nextPosition"> | null;
}

/** The head of `pending` as it was handed to the store. */
export interface Batch {
  readonly keys: readonly string[];
  /** 1 for the first try. */
  readonly attempt: number;
}

type Writing =
  /** Nothing under way; `flushDue` comes where something waits. */
  | { readonly status: "idle" }
  | { readonly status: "writing"; readonly batch: Batch }
  | { readonly status: "retrying"; readonly batch: Batch };

/** What survives a restart, so that a fault in one message loses no other task, no subscriber and no seal. */
export interface DistributorRetained {
  /** What waits and what is being written, by task, in order of arrival. */
  readonly pending: Map<string, PendingRecord>;
  pendingBytes: number;
  /** Of both bounds, what the records of each node take. */
  readonly room: { readonly records: FairRoom<string>; readonly bytes: FairRoom<string> };
  writing: Writing;
  lastWriteAtMs: number;
  /** By the address of the subscriber. */
  readonly subscriptions: Map<string, Subscription>;
  /** Sources that are being sealed, each at its step. */
  readonly seals: Map<SourceId, Seal>;
  duplicates: number;
  contradictions: number;
  refused: number;
  unvouched: number;
  /** As it was last said. */
  retention: RetentionOptions;
  /** Tasks of nodes that had a source before another one. */
  superseded: number;
  /** Of the last log line on a failure, and what went unsaid since. */
  warned: { atMs: number; unsaid: number };
}

/** One incarnation of the distributor: what it was given, what it knows, and what it waits for. */
export interface State {
  readonly given: Given;
  readonly retained: DistributorRetained;
  /** Queries under way. */
  queries: number;
  /** A step of deleting is under way. */
  expiring: boolean;
}

/** When results that wait are written. */
export interface FlushOptions {
  /**
   * Time between the starts of two writes at least, in ms: arrivals within it share one. Default 0: a write starts as
   * soon as the one before it has ended, and takes all that came meanwhile.
   *
   * So batches grow with the load and with the disk's delay by themselves: a durable write takes 0.4 ms for 1 record and
   * 0.8 ms for 10 (`bench/micro/store.ts`). With 10 ms, 16 tasks outstanding make 1,400 tasks/s instead of 3,400, and one
   * at a time takes 10 ms more (`bench/cases/e2e/journal.ts`). A period spares a disk that wears out by writes.
   */
  readonly periodMs?: number;
  /** Records in one write, and to start one at once. Default 128: more keep the thread longer, at no better rate. */
  readonly recordsMax?: number;
  /** Bytes in one write, estimated, and to start one at once. Default 4 MiB. */
  readonly bytesMax?: number;
  /** Records that wait or are being written, of which no node's take all. Default 10,000. */
  readonly pendingRecordsMax?: number;
  /** Their bytes, estimated, in the same way. Default 64 MiB. */
  readonly pendingBytesMax?: number;
}

export interface DistributorOptions {
  readonly node: NodeName;
  readonly store: Store;
  readonly vouchers: VoucherPort;
  /** Receives each settled task; null for nobody. */
  readonly scheduler: ActorRef<SchedulerMessage> | null;
  /** Receives each settled task, too. Default: nobody. */
  readonly observer?: ActorRef<TaskSettled>;
  readonly retention?: RetentionOptions;
  readonly flush?: FlushOptions;
  /** Of the node: what waits is a part of it. Default: it is no part of anything. */
  readonly memory?: MemoryBudget;
}

export const FLUSH: Required<FlushOptions> = {
  periodMs: 0,
  recordsMax: 128,
  bytesMax: 4 * 1024 * 1024,
  pendingRecordsMax: 10_000,
  pendingBytesMax: 64 * 1024 * 1024,
};

/** The options, with every default in its place. */
interface Given extends DistributorOptions {
  readonly flush: Required<FlushOptions>;
}

export function withDefaults(options: DistributorOptions): Given {
  return { ...options, flush: { ...FLUSH, ...options.flush } };
}

/** What it is given bounds what waits, and says how much is kept at first. */
export function createDistributorRetained({
  flush = {},
  retention = {},
  memory = null,
}: Partial<
  Pick<DistributorOptions, "flush" | "retention"> & { readonly memory: MemoryBudget | null }
> = {}): DistributorRetained {
  const { pendingRecordsMax, pendingBytesMax } = { ...FLUSH, ...flush };
  return {
    pending: new Map(),
    pendingBytes: 0,
    room: {
      records: new FairRoom(pendingRecordsMax),
      bytes: new FairRoom(pendingBytesMax, memory && { budget: memory, part: "records" }),
    },
    writing: { status: "idle" },
    lastWriteAtMs: -Infinity,
    subscriptions: new Map(),
    seals: new Map(),
    duplicates: 0,
    contradictions: 0,
    refused: 0,
    unvouched: 0,
    retention,
    superseded: 0,
    warned: { atMs: -Infinity, unsaid: 0 },
  };
}

const WARN_PERIOD_MS = 1_000;

/** Says so at most once a second, with how often it went unsaid. */
export function warn(
  { retained }: State,
  text: string,
  details: Readonly<Record<string, unknown>>,
  ctx: Context<Message>,
): void {
  const nowMs = ctx.monotonic();
  if (nowMs - retained.warned.atMs < WARN_PERIOD_MS) {
    retained.warned.unsaid += 1;
    return;
  }
  ctx.log.warn(text, { ...details, unsaid: retained.warned.unsaid });
  retained.warned = { atMs: nowMs, unsaid: 0 };
}
