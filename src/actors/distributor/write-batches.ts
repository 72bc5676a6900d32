/** From arrival to durable: what waits is written in batches, one at a time, and settled once it is stored. */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { Context } from "../../runtime/behaviour.js";
import { errorText } from "../../runtime/errors.js";
import type { GeneratorMessage } from "../protocol/generator.js";
import type { StoredRecord } from "../../task/record.js";
import { taskKey } from "../../task/identity.js";
import type { Outcome } from "../../task/task.js";
import { expire } from "./expire-records.js";
import { sameOutcome, taskOutcome, type PendingRecord } from "./pending.js";
import { readOn } from "./serve-subscribers.js";
import { warn, type Batch, type Message, type State } from "./state.js";
import { outcomeOf, type Appended } from "../../storage/results/store.js";
import { pushStored } from "./subscription.js";

const RETRY_MS = { min: 100, max: 5_000, jitter: 0.2 };

export function onSettled(state: State, arrived: PendingRecord, ctx: Context<Message>): State {
  const key = taskKey(arrived.record.id);
  const waiting = state.pending.get(key);
  if (waiting !== undefined) {
    countRepeated(state, outcomeOf(waiting.record), outcomeOf(arrived.record));
    waiting.origin = arrived.origin;
    return state;
  }
  const { pendingRecordsMax, pendingBytesMax } = state.given.flush;
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
  const waitMs = state.lastWriteAtMs + state.given.flush.periodMs - ctx.now();
  const full =
    state.pending.size >= state.given.flush.recordsMax || state.pendingBytes >= state.given.flush.bytesMax;
  if (full || waitMs <= 0) write(state, takeBatch(state), ctx);
  else ctx.after("flush", waitMs, { type: "flushDue" });
}

export function onFlushDue(state: State, ctx: Context<Message>): State {
  if (state.writing.status === "retrying") write(state, state.writing.batch, ctx);
  else scheduleFlush(state, ctx);
  return state;
}

/** Goes on after a restart: how a write that was under way has ended is not known, so it is done again. */
export function resumeWriting(state: State, ctx: Context<Message>): void {
  if (state.writing.status !== "idle") {
    const { keys, attempt } = state.writing.batch;
    const left = keys.filter((key) => state.pending.has(key));
    const batch = { keys: left, attempt: attempt + 1 };
    state.writing = left.length === 0 ? { status: "idle" } : { status: "retrying", batch };
  }
  onFlushDue(state, ctx);
}

function takeBatch(state: State): Batch {
  const keys: string[] = [];
  let bytes = 0;
  for (const [key, waiting] of state.pending) {
    if (keys.length >= state.given.flush.recordsMax || bytes >= state.given.flush.bytesMax) break;
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
  ctx.pipe(state.given.store.append(records), (result) => ({ type: "appendEnded", batch, result }));
}

export function onStored(
  state: State,
  batch: Batch,
  appended: readonly Appended[],
  ctx: Context<Message>,
): State {
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
    else state.given.scheduler?.tell({ type: "taskSettled", outcome: taskOutcome(waiting, settledAtMs) });
    let generator = generators.get(waiting.origin);
    if (generator === undefined) {
      generator = ctx.resolve<GeneratorMessage>(waiting.origin);
      generators.set(waiting.origin, generator);
    }
    generator.tell({ type: "taskSettled", id: waiting.record.id, outcome }, "control");
  }
  for (const subscription of state.subscriptions.values()) {
    pushStored(subscription, stored);
    readOn(state, subscription, ctx);
  }
  if (
    state.given.retention.recordsMax !== undefined &&
    state.given.store.recordCount > state.given.retention.recordsMax
  )
    expire(state, ctx);
  scheduleFlush(state, ctx);
  return state;
}

export function onStoreFailed(
  state: State,
  { keys, attempt }: Batch,
  error: Error,
  ctx: Context<Message>,
): State {
  state.writing = { status: "retrying", batch: { keys, attempt: attempt + 1 } };
  const delayMs = Math.min(RETRY_MS.max, RETRY_MS.min * 2 ** (attempt - 1));
  ctx.after("flush", delayMs * (1 - RETRY_MS.jitter * ctx.random()), { type: "flushDue" });
  warn(state, "Cannot store tasks; they wait and are tried again", { error: errorText(error), attempt }, ctx);
  return state;
}

function countRepeated(state: State, stands: Outcome, claimed: Outcome): void {
  state.duplicates += 1;
  if (!sameOutcome(stands, claimed)) state.contradictions += 1;
}
