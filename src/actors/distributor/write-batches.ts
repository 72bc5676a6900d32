/** From arrival to durable: what waits is written in batches, one at a time, and settled once it is stored. */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { Context } from "../../runtime/behaviour.js";
import { errorText } from "../../runtime/errors.js";
import { backoffMs } from "../../runtime/supervision.js";
import type { GeneratorMessage } from "../protocol/generator.js";
import type { TaskOutcome } from "../../task/reports.js";
import type { StoredRecord } from "../../task/record.js";
import { taskKey } from "../../task/identity.js";
import { ownerOf } from "../../task/origin.js";
import type { Outcome } from "../../task/task.js";
import { expire, hasTooMany } from "./expire-records.js";
import { sameOutcome, taskOutcome, type PendingRecord } from "./pending.js";
import { readOn } from "./serve-subscribers.js";
import { warn, type Batch, type DistributorRetained, type Message, type State } from "./state.js";
import { outcomeOf, type Appended, type NewRecord } from "../../storage/results/store.js";
import { pushStored } from "./subscription.js";

/** Before a failed write is tried again. */
const RETRY_BACKOFF = { minMs: 100, maxMs: 5_000, factor: 2, jitter: 0.2 };

export function onSettled(state: State, arrived: PendingRecord, ctx: Context<Message>): State {
  const { given, retained } = state;
  const key = taskKey(arrived.record.id);
  const waiting = retained.pending.get(key);
  if (waiting !== undefined) {
    countRepeated(retained, outcomeOf(waiting.record), outcomeOf(arrived.record));
    waiting.origin = arrived.origin;
    return state;
  }
  const { pendingRecordsMax, pendingBytesMax } = given.flush;
  const full =
    retained.pending.size >= pendingRecordsMax || retained.pendingBytes + arrived.bytes > pendingBytesMax;
  if (full || !takesRoom(retained, key, arrived)) {
    retained.refused += 1;
    const { refused } = retained;
    warn(state, "Tasks are left unacknowledged as too many wait to be stored", { refused }, ctx);
    return state;
  }
  retained.pending.set(key, arrived);
  retained.pendingBytes += arrived.bytes;
  scheduleFlush(state, ctx);
  return state;
}

/** No node's records take the room of all. */
function takesRoom(
  { room }: DistributorRetained,
  key: string,
  { record, origin, bytes }: PendingRecord,
): boolean {
  const owner = origin === null ? "" : ownerOf({ id: record.id, origin });
  if (!room.records.enter(key, owner)) return false;
  if (room.bytes.enter(key, owner, bytes)) return true;
  room.records.leave(key);
  return false;
}

/** Writes at once, where a write is not under way and the period is over or a batch is full. */
function scheduleFlush(state: State, ctx: Context<Message>): void {
  const { pending, pendingBytes, writing, lastWriteAtMs } = state.retained;
  const { periodMs, recordsMax, bytesMax } = state.given.flush;
  if (writing.status !== "idle" || pending.size === 0) return;
  const waitMs = lastWriteAtMs + periodMs - ctx.monotonic();
  const full = pending.size >= recordsMax || pendingBytes >= bytesMax;
  if (full || waitMs <= 0) write(state, takeBatch(state), ctx);
  else ctx.after("flush", waitMs, { type: "flushDue" });
}

export function onFlushDue(state: State, ctx: Context<Message>): State {
  const { writing } = state.retained;
  if (writing.status === "retrying") write(state, writing.batch, ctx);
  else scheduleFlush(state, ctx);
  return state;
}

/** Goes on after a restart: how a write that was under way has ended is not known, so it is done again. */
export function resumeWriting(state: State, ctx: Context<Message>): void {
  const { retained } = state;
  if (retained.writing.status !== "idle") {
    const { keys, attempt } = retained.writing.batch;
    const left = keys.filter((key) => retained.pending.has(key));
    const batch = { keys: left, attempt: attempt + 1 };
    retained.writing = left.length === 0 ? { status: "idle" } : { status: "retrying", batch };
  }
  onFlushDue(state, ctx);
}

function takeBatch({ retained, given }: State): Batch {
  const { recordsMax, bytesMax } = given.flush;
  const keys: string[] = [];
  let bytes = 0;
  for (const [key, waiting] of retained.pending) {
    if (keys.length >= recordsMax || bytes >= bytesMax) break;
    keys.push(key);
    bytes += waiting.bytes;
  }
  return { keys, attempt: 1 };
}

function write({ retained, given }: State, batch: Batch, ctx: Context<Message>): void {
  ctx.cancel("flush");
  const storedAtMs = ctx.now();
  const records: NewRecord[] = [];
  for (const key of batch.keys) {
    const waiting = retained.pending.get(key);
    if (waiting !== undefined) records.push({ ...waiting.record, storedAtMs });
  }
  retained.writing = { status: "writing", batch };
  retained.lastWriteAtMs = ctx.monotonic();
  const append = (): Promise<readonly Appended[]> => given.store.append(records);
  const appended = given.vouchers.written()?.then(append) ?? append();
  ctx.pipe(appended, (result) => ({ type: "appendEnded", batch, result }));
}

export function onStored(
  state: State,
  batch: Batch,
  appended: readonly Appended[],
  ctx: Context<Message>,
): State {
  const { retained } = state;
  retained.writing = { status: "idle" };
  const stored = settleBatch(state, batch, appended, ctx);
  for (const subscription of retained.subscriptions.values()) {
    pushStored(subscription, stored);
    readOn(state, subscription, ctx);
  }
  if (hasTooMany(state)) expire(state, ctx);
  scheduleFlush(state, ctx);
  return state;
}

/** Notifies generators and the scheduler of each task of a durable batch. Returns the records that are new. */
function settleBatch(
  { given, retained }: State,
  batch: Batch,
  appended: readonly Appended[],
  ctx: Context<Message>,
): readonly StoredRecord[] {
  const settledAtMs = ctx.now();
  const generators = new Map<string, ActorRef<GeneratorMessage>>();
  const stored: StoredRecord[] = [];
  for (const [index, key] of batch.keys.entries()) {
    const waiting = retained.pending.get(key);
    const end = appended[index];
    if (waiting === undefined || end === undefined) continue;
    retained.pending.delete(key);
    retained.pendingBytes -= waiting.bytes;
    retained.room.records.leave(key);
    retained.room.bytes.leave(key);
    if (end.status === "stored") stored.push(end.record);
    const outcome = end.status === "stored" ? outcomeOf(waiting.record) : end.outcome;
    // A batch that failed may have been stored all the same: what its retry finds there is our own.
    const repeated = end.status === "existing" && batch.attempt === 1;
    if (repeated) countRepeated(retained, outcome, outcomeOf(waiting.record));
    else tellOutcome(given, taskOutcome(waiting, settledAtMs));
    if (waiting.origin === null) continue;
    let generator = generators.get(waiting.origin);
    if (generator === undefined) {
      generator = ctx.resolve<GeneratorMessage>(waiting.origin);
      generators.set(waiting.origin, generator);
    }
    generator.tell({ type: "taskSettled", id: waiting.record.id, outcome }, "control");
  }
  return stored;
}

function tellOutcome({ scheduler, observer }: State["given"], outcome: TaskOutcome | null): void {
  if (outcome === null) return;
  scheduler?.tell({ type: "taskSettled", outcome });
  observer?.tell({ type: "taskSettled", outcome });
}

export function onStoreFailed(
  state: State,
  { keys, attempt }: Batch,
  error: Error,
  ctx: Context<Message>,
): State {
  state.retained.writing = { status: "retrying", batch: { keys, attempt: attempt + 1 } };
  ctx.after("flush", backoffMs(RETRY_BACKOFF, attempt, ctx.random()), { type: "flushDue" });
  warn(state, "Cannot store tasks; they wait and are tried again", { error: errorText(error), attempt }, ctx);
  return state;
}

function countRepeated(retained: DistributorRetained, stands: Outcome, claimed: Outcome): void {
  retained.duplicates += 1;
  if (!sameOutcome(stands, claimed)) retained.contradictions += 1;
}
