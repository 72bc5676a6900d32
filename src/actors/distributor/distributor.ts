/**
 * Stores finished tasks and gaps, tells their generators once they are durable, and serves them to queries and
 * subscribers.
 *
 * D1 A generator is told that a task is settled only after its record is durable, and told again for every repeated
 *    delivery.
 * D2 A task is stored once, as a result or as a gap: the first outcome stands, and what contradicts it is counted.
 * D3 At most one batch is being written; meanwhile arrivals wait for the next one. A failed batch is tried again, with
 *    backoff, until it is stored: it stays first.
 * D4 What waits is bounded. Beyond the bound a delivery is left unacknowledged and counted, so the windows of the
 *    sources hold them back.
 * D5 The scheduler hears of each settled task once.
 * D6 A subscriber is pushed every record from its position on, once, in order, and never more than it asked for.
 * D7 Retention deletes nothing that waits to be stored, and in bounded steps.
 *
 * `storedAtMs` is taken as the batch is handed to the store: of the write itself no record can know. `settledAtMs`,
 * which the scheduler learns by, is taken when the write is durable.
 */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { AskResult, Behaviour, Context } from "../../runtime/behaviour.js";
import { assertNever, CodedError, errorText } from "../../runtime/errors.js";
import { SluiceError } from "../errors.js";
import type {
  DistributorMessage,
  GeneratorMessage,
  QueryReply,
  ResultQuery,
  SchedulerMessage,
  StoredRecord,
  SubscriptionEvent,
} from "../protocol.js";
import { taskKey, type NodeName } from "../task/identity.js";
import type { Outcome } from "../task/task.js";
import { pendingDrop, pendingTask, sameOutcome, taskOutcome, type PendingRecord } from "./pending.js";
import { outcomeOf, type Appended, type RecordPage, type Slice, type Store } from "./store.js";
import { pushSlice, pushStored, type Subscription } from "./subscription.js";

type Message = DistributorMessage | PrivateMessage;

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
  | { readonly type: "retentionDue" }
  | { readonly type: "expireEnded"; readonly result: AskResult<number> };

/** The head of `pending` as it was handed to the store. */
interface Batch {
  readonly keys: readonly string[];
  /** 1 for the first try. */
  readonly attempt: number;
}

type Writing =
  /** Nothing under way; `flushDue` comes where something waits. */
  | { readonly status: "idle" }
  | { readonly status: "writing"; readonly batch: Batch }
  | { readonly status: "retrying"; readonly batch: Batch };

interface State {
  /** What waits and what is being written, by task, in order of arrival. */
  readonly pending: Map<string, PendingRecord>;
  pendingBytes: number;
  writing: Writing;
  lastWriteAtMs: number;
  readonly subscriptions: Map<string, Subscription>;
  queries: number;
  expiring: boolean;
  duplicates: number;
  contradictions: number;
  refused: number;
  /** Of the last log line on a failure, and what went unsaid since. */
  warned: { atMs: number; unsaid: number };
}

export interface FlushOptions {
  /**
   * Time between the starts of two writes at least, in ms: arrivals within it share one. Default 0: a write starts as
   * soon as the one before it has ended, and takes all that came meanwhile.
   *
   * So batches grow with the load and with the disk's delay by themselves: a durable write takes 0.4 ms for 1 record and
   * 0.8 ms for 10 (`bench/micro/store.ts`). With 10 ms, 16 tasks outstanding make 1,400 tasks/s instead of 3,400, and one
   * at a time takes 10 ms more (`bench/e2e/throughput.ts`). A period spares a disk that wears out by writes.
   */
  readonly periodMs?: number;
  /** Records in one write, and to start one at once. Default 128: more keep the thread longer, at no better rate. */
  readonly recordsMax?: number;
  /** Bytes in one write, estimated, and to start one at once. Default 4 MiB. */
  readonly bytesMax?: number;
  /** Records that wait or are being written. Default 10,000. */
  readonly pendingRecordsMax?: number;
  /** Their bytes, estimated. Default 64 MiB. */
  readonly pendingBytesMax?: number;
}

interface RetentionOptions {
  /** Newest records to keep; more for as long as a step of deleting takes. Default: all. */
  readonly recordsMax?: number;
  /** Age from storing at which records are deleted, in ms. Default: none. */
  readonly ageMsMax?: number;
}

export interface DistributorOptions {
  readonly node: NodeName;
  readonly store: Store;
  /** Told of each settled task; null for nobody. */
  readonly scheduler: ActorRef<SchedulerMessage> | null;
  readonly retention?: RetentionOptions;
  readonly flush?: FlushOptions;
}

const FLUSH: Required<FlushOptions> = {
  periodMs: 0,
  recordsMax: 128,
  bytesMax: 4 * 1024 * 1024,
  pendingRecordsMax: 10_000,
  pendingBytesMax: 64 * 1024 * 1024,
};
const RETRY_MS = { min: 100, max: 5_000, jitter: 0.2 };
const RETENTION = { periodMs: 10_000, stepRecords: 1_000 };
/** Records read for one subscriber at once. */
const READ_RECORDS_MAX = 256;
const READ_RETRY_MS = 1_000;
const SUBSCRIBERS_MAX = 1_000;
const QUERIES_MAX = 16;
const WARN_PERIOD_MS = 1_000;

export function distributor(options: DistributorOptions): Behaviour<State, Message> {
  const { node, store, scheduler, retention = {} } = options;
  const flush = { ...FLUSH, ...options.flush };

  return {
    start(ctx) {
      if (retention.ageMsMax !== undefined)
        ctx.every("retention", RETENTION.periodMs, { type: "retentionDue" });
      return {
        pending: new Map(),
        pendingBytes: 0,
        writing: { status: "idle" },
        lastWriteAtMs: -Infinity,
        subscriptions: new Map(),
        queries: 0,
        expiring: false,
        duplicates: 0,
        contradictions: 0,
        refused: 0,
        warned: { atMs: -Infinity, unsaid: 0 },
      };
    },
    receive(state, message, ctx) {
      switch (message.type) {
        case "store":
          return onSettled(state, pendingTask(message.task), ctx);
        case "recordDrop":
          return onSettled(state, pendingDrop(message.drop), ctx);
        case "subscribe":
          return onSubscribe(state, message, ctx);
        case "demand":
          return onDemand(state, message, ctx);
        case "unsubscribe":
          return onUnsubscribe(state, message.subscriber, ctx);
        case "query":
          return onQuery(state, message.query, message.replyTo, ctx);
        case "reportTotals":
          return onReportTotals(state, message);
        case "flushDue":
          return onFlushDue(state, ctx);
        case "appendEnded":
          return message.result.ok
            ? onStored(state, message.batch, message.result.reply, ctx)
            : onStoreFailed(state, message.batch, message.result.error, ctx);
        case "sliceRead":
          return onSliceRead(state, message, ctx);
        case "readDue":
          return onReadDue(state, message.subscription, ctx);
        case "subscriberGone":
          return onSubscriberGone(state, message.address, ctx);
        case "queryEnded":
          return onQueryEnded(state, message);
        case "retentionDue":
          return onRetentionDue(state, ctx);
        case "expireEnded":
          return onExpireEnded(state, message.result, ctx);
        default:
          return assertNever(message);
      }
    },
  };

  // ── Storing ───────────────────────────────────────────────────────────────────────────────────────────────────────

  function onSettled(state: State, arrived: PendingRecord, ctx: Context<Message>): State {
    const key = taskKey(arrived.record.id);
    const waiting = state.pending.get(key);
    if (waiting !== undefined) {
      countRepeated(state, outcomeOf(waiting.record), outcomeOf(arrived.record));
      waiting.origin = arrived.origin;
      return state;
    }
    const { pendingRecordsMax, pendingBytesMax } = flush;
    if (state.pending.size >= pendingRecordsMax || state.pendingBytes + arrived.bytes > pendingBytesMax) {
      state.refused += 1;
      warn(
        state,
        "Tasks are left unacknowledged as too many wait to be stored",
        { refused: state.refused },
        ctx,
      );
      return state;
    }
    state.pending.set(key, arrived);
    state.pendingBytes += arrived.bytes;
    scheduleFlush(state, ctx);
    return state;
  }

  /** Writes at once, where a write is not under way and the period is over or a batch is full. */
  function scheduleFlush(state: State, ctx: Context<Message>): void {
    if (state.writing.status !== "idle" || state.pending.size === 0) return;
    const waitMs = state.lastWriteAtMs + flush.periodMs - ctx.now();
    const full = state.pending.size >= flush.recordsMax || state.pendingBytes >= flush.bytesMax;
    if (full || waitMs <= 0) write(state, takeBatch(state), ctx);
    else ctx.after("flush", waitMs, { type: "flushDue" });
  }

  function onFlushDue(state: State, ctx: Context<Message>): State {
    if (state.writing.status === "retrying") write(state, state.writing.batch, ctx);
    else scheduleFlush(state, ctx);
    return state;
  }

  function takeBatch(state: State): Batch {
    const keys: string[] = [];
    let bytes = 0;
    for (const [key, waiting] of state.pending) {
      if (keys.length >= flush.recordsMax || bytes >= flush.bytesMax) break;
      keys.push(key);
      bytes += waiting.bytes;
    }
    return { keys, attempt: 1 };
  }

  function write(state: State, batch: Batch, ctx: Context<Message>): void {
    ctx.cancel("flush");
    const storedAtMs = ctx.now();
    const records = [];
    for (const key of batch.keys) {
      const waiting = state.pending.get(key);
      if (waiting !== undefined) records.push({ ...waiting.record, storedAtMs });
    }
    state.writing = { status: "writing", batch };
    state.lastWriteAtMs = storedAtMs;
    ctx.pipe(store.append(records), (result) => ({ type: "appendEnded", batch, result }));
  }

  function onStored(state: State, batch: Batch, appended: readonly Appended[], ctx: Context<Message>): State {
    state.writing = { status: "idle" };
    const settledAtMs = ctx.now();
    const generators = new Map<string, ActorRef<GeneratorMessage>>();
    const stored: StoredRecord[] = [];
    for (const [index, key] of batch.keys.entries()) {
      const waiting = state.pending.get(key);
      const end = appended[index];
      if (waiting === undefined || end === undefined) continue;
      state.pending.delete(key);
      state.pendingBytes -= waiting.bytes;
      if (end.status === "stored") stored.push(end.record);
      const outcome = end.status === "stored" ? outcomeOf(waiting.record) : end.outcome;
      // A batch that failed may have been stored all the same: what its retry finds there is our own.
      const repeated = end.status === "existing" && batch.attempt === 1;
      if (repeated) countRepeated(state, outcome, outcomeOf(waiting.record));
      else scheduler?.tell({ type: "taskSettled", outcome: taskOutcome(waiting, settledAtMs) });
      let generator = generators.get(waiting.origin);
      if (generator === undefined) {
        generator = ctx.resolve<GeneratorMessage>(waiting.origin);
        generators.set(waiting.origin, generator);
      }
      generator.tell({ type: "taskSettled", id: waiting.record.id, outcome }, "control");
    }
    for (const subscription of state.subscriptions.values()) {
      pushStored(subscription, stored);
      readOn(subscription, ctx);
    }
    if (retention.recordsMax !== undefined && store.recordCount > retention.recordsMax) expire(state, ctx);
    scheduleFlush(state, ctx);
    return state;
  }

  function onStoreFailed(state: State, { keys, attempt }: Batch, error: Error, ctx: Context<Message>): State {
    state.writing = { status: "retrying", batch: { keys, attempt: attempt + 1 } };
    const delayMs = Math.min(RETRY_MS.max, RETRY_MS.min * 2 ** (attempt - 1));
    ctx.after("flush", delayMs * (1 - RETRY_MS.jitter * ctx.random()), { type: "flushDue" });
    warn(
      state,
      "Cannot store tasks; they wait and are tried again",
      { error: errorText(error), attempt },
      ctx,
    );
    return state;
  }

  // ── Subscriptions ─────────────────────────────────────────────────────────────────────────────────────────────────

  function onSubscribe(
    state: State,
    { subscriber, fromPosition, sourceId, demand }: Extract<Message, { type: "subscribe" }>,
    ctx: Context<Message>,
  ): State {
    const { address } = subscriber;
    const { subscriptions } = state;
    if (subscriptions.size >= SUBSCRIBERS_MAX && !subscriptions.has(address)) {
      const error = new SluiceError(
        `Cannot subscribe "${address}" at "${node}" as ${SUBSCRIBERS_MAX} others are subscribed: try again once one has left`,
        { code: "distributor-busy", retry: "backoff" },
      );
      subscriber.tell({ type: "subscriptionFailed", error });
      return state;
    }
    const subscription: Subscription = {
      subscriber,
      sourceId,
      nextPosition: fromPosition,
      demand,
      reading: false,
    };
    if (!subscriptions.has(address)) ctx.watch(subscriber, () => ({ type: "subscriberGone", address }));
    subscriptions.set(address, subscription);
    readOn(subscription, ctx);
    return state;
  }

  function onDemand(
    state: State,
    { subscriber, count }: Extract<Message, { type: "demand" }>,
    ctx: Context<Message>,
  ): State {
    const subscription = state.subscriptions.get(subscriber.address);
    if (subscription === undefined || !(count > 0)) return state;
    subscription.demand += count;
    readOn(subscription, ctx);
    return state;
  }

  function onUnsubscribe(
    state: State,
    subscriber: ActorRef<SubscriptionEvent>,
    ctx: Context<Message>,
  ): State {
    ctx.unwatch(subscriber);
    return onSubscriberGone(state, subscriber.address, ctx);
  }

  function onSubscriberGone(state: State, address: string, ctx: Context<Message>): State {
    state.subscriptions.delete(address);
    ctx.cancel(`read ${address}`);
    return state;
  }

  /** Reads from the store for a subscriber that asks for more than it has been pushed. */
  function readOn(subscription: Subscription, ctx: Context<Message>): void {
    const { reading, demand, nextPosition, sourceId } = subscription;
    if (reading || demand <= 0 || nextPosition >= store.nextPosition) return;
    subscription.reading = true;
    const slice = store.read({
      fromPosition: nextPosition,
      limit: Math.min(demand, READ_RECORDS_MAX),
      ...(sourceId === undefined ? {} : { sourceId }),
    });
    ctx.pipe(slice, (result) => ({ type: "sliceRead", subscription, result }));
  }

  function onSliceRead(
    state: State,
    { subscription, result }: Extract<Message, { type: "sliceRead" }>,
    ctx: Context<Message>,
  ): State {
    const { subscriber } = subscription;
    const { address } = subscriber;
    if (state.subscriptions.get(address) !== subscription) return state;
    if (result.ok) {
      subscription.reading = false;
      pushSlice(subscription, result.reply);
      readOn(subscription, ctx);
      return state;
    }
    const { error } = result;
    if (error instanceof CodedError && error.retry === "backoff") {
      ctx.after(`read ${address}`, READ_RETRY_MS, { type: "readDue", subscription });
      return state;
    }
    subscriber.tell({ type: "subscriptionFailed", error });
    return onUnsubscribe(state, subscriber, ctx);
  }

  function onReadDue(state: State, subscription: Subscription, ctx: Context<Message>): State {
    if (state.subscriptions.get(subscription.subscriber.address) !== subscription) return state;
    subscription.reading = false;
    readOn(subscription, ctx);
    return state;
  }

  // ── Queries ───────────────────────────────────────────────────────────────────────────────────────────────────────

  function onQuery(
    state: State,
    query: ResultQuery,
    replyTo: ActorRef<QueryReply>,
    ctx: Context<Message>,
  ): State {
    if (state.queries >= QUERIES_MAX) {
      const error = new SluiceError(
        `Cannot query the store of "${node}" as ${QUERIES_MAX} queries are running: try again after one has ended`,
        { code: "distributor-busy", retry: "backoff" },
      );
      replyTo.tell({ type: "queryFailed", error });
      return state;
    }
    state.queries += 1;
    ctx.pipe(store.query(query), (result) => ({ type: "queryEnded", replyTo, result }));
    return state;
  }

  function onQueryEnded(state: State, { replyTo, result }: Extract<Message, { type: "queryEnded" }>): State {
    state.queries -= 1;
    if (result.ok) replyTo.tell({ type: "records", ...result.reply });
    else replyTo.tell({ type: "queryFailed", error: result.error });
    return state;
  }

  function onReportTotals(state: State, { replyTo }: Extract<Message, { type: "reportTotals" }>): State {
    const { duplicates, contradictions, refused, pending } = state;
    replyTo.tell({
      type: "totalsReported",
      sources: store.totals(),
      pending: pending.size,
      duplicates,
      contradictions,
      refused,
    });
    return state;
  }

  // ── Retention ─────────────────────────────────────────────────────────────────────────────────────────────────────

  function onRetentionDue(state: State, ctx: Context<Message>): State {
    expire(state, ctx);
    return state;
  }

  function expire(state: State, ctx: Context<Message>): void {
    if (state.expiring) return;
    state.expiring = true;
    const { recordsMax, ageMsMax } = retention;
    const step = store.expire({
      limit: RETENTION.stepRecords,
      ...(recordsMax === undefined ? {} : { recordsMax }),
      ...(ageMsMax === undefined ? {} : { storedBeforeMs: ctx.now() - ageMsMax }),
    });
    ctx.pipe(step, (result) => ({ type: "expireEnded", result }));
  }

  function onExpireEnded(state: State, result: AskResult<number>, ctx: Context<Message>): State {
    state.expiring = false;
    if (!result.ok) {
      warn(state, "Cannot delete old records; it is tried again", { error: errorText(result.error) }, ctx);
    } else if (result.reply === RETENTION.stepRecords) {
      expire(state, ctx);
    }
    return state;
  }
}

function countRepeated(state: State, stands: Outcome, claimed: Outcome): void {
  state.duplicates += 1;
  if (!sameOutcome(stands, claimed)) state.contradictions += 1;
}

/** Says so at most once a second, with how often it went unsaid. */
function warn(
  state: State,
  text: string,
  details: Readonly<Record<string, unknown>>,
  ctx: Context<Message>,
): void {
  const nowMs = ctx.now();
  if (nowMs - state.warned.atMs < WARN_PERIOD_MS) {
    state.warned.unsaid += 1;
    return;
  }
  ctx.log.warn(text, { ...details, unsaid: state.warned.unsaid });
  state.warned = { atMs: nowMs, unsaid: 0 };
}
