/**
 * The workers of one processor: when one is started, given up and replaced. It folds what its workers report, and says
 * what that means for the task that ran.
 *
 * WO1 The first worker is there from the start. Another one is started where all have been at work for `growAfterMs` with work
 *     waiting, one at a time, as long as there are fewer than `replicas` and memory for it; it goes where it has had nothing for
 *     `shrinkAfterMs`.
 * WO2 A worker that cannot load ends the pool only where no other one has loaded.
 */

import type { Context } from "../../runtime/behaviour.js";
import { assertNever } from "../../runtime/errors.js";
import { backoffMs } from "../../runtime/supervision.js";
import { SLUICE_ERROR_CODES, SluiceError } from "../../task/errors.js";
import type { PoolEvent, PoolMessage, Worker, WorkerPool } from "./pool-state.js";
import type { Job, WorkerEvent } from "./worker-port.js";

/** Starts the first worker, so that it loads before there is work. */
export function prepareWorker<Work>(pool: WorkerPool<Work>, ctx: Context<PoolMessage>): void {
  if (pool.workers.size === 0 && !pool.backingOff) startOne(pool, ctx);
}

/** An idle worker for work that waits; where there is none, one is started if there may be. */
export function idleWorker<Work>(
  pool: WorkerPool<Work>,
  ctx: Context<PoolMessage>,
): Worker<Work> | undefined {
  let loading = false;
  for (const worker of pool.workers.values()) {
    if (worker.status === "idle") return worker;
    loading ||= worker.status === "loading";
  }
  // One at a time: a service that cannot load costs one worker, not all of them.
  if (loading || pool.backingOff || pool.workers.size >= pool.replicas) return undefined;
  if (pool.workers.size === 0) startOne(pool, ctx);
  else growWhereSaturated(pool, ctx);
  return undefined;
}

/** To be called where all work that can be has been given out: whoever is idle then shows that there are enough. */
export function rest<Work>(pool: WorkerPool<Work>, ctx: Context<PoolMessage>): void {
  if (pool.saturatedSinceMs === null) return;
  for (const { status } of pool.workers.values()) if (status === "idle") endSaturation(pool, ctx);
}

/** Gives work to an idle worker. */
export function runOn<Work>(
  pool: WorkerPool<Work>,
  worker: Worker<Work>,
  { work, job, owner }: { readonly work: Work; readonly job: Job; readonly owner: string },
  ctx: Context<PoolMessage>,
): void {
  worker.status = "running";
  worker.work = work;
  worker.run += 1;
  const { id, run } = worker;
  ctx.after(timerOf(id), pool.limits.executeTimeoutMs, { type: "workerTimedOut", worker: id, run });
  worker.thread.run(job, owner);
}

/** Folds a message of the pool. */
export function foldPool<Work>(
  pool: WorkerPool<Work>,
  message: PoolMessage,
  ctx: Context<PoolMessage>,
): PoolEvent<Work> {
  switch (message.type) {
    case "restartWorker":
      pool.backingOff = false;
      return CHANGED;
    case "growPool":
      return CHANGED;
    case "shrinkPool":
      shrink(pool, ctx);
      return CHANGED;
    case "workerEvent":
    case "workerTimedOut":
      break;
    default:
      return assertNever(message);
  }
  const worker = pool.workers.get(message.worker);
  // Given up while its message was on the way.
  if (worker === undefined) return CHANGED;
  return message.type === "workerEvent"
    ? onEvent(pool, worker, message.event, ctx)
    : onTimeout(pool, worker, message.run, ctx);
}

/** Ends every worker: after it has closed its service, or at once. Returns the work that was running. */
export function endPool<Work>(
  pool: WorkerPool<Work>,
  how: "close" | "kill",
  ctx: Context<PoolMessage>,
): readonly Work[] {
  const works: Work[] = [];
  for (const worker of pool.workers.values()) {
    const work = becomeIdle(worker, ctx);
    if (work !== null) works.push(work);
    if (how === "close") worker.thread.stop();
    else worker.thread.kill();
  }
  pool.workers.clear();
  pool.backingOff = false;
  for (const timer of [RESTART_TIMER, SHRINK_TIMER]) ctx.cancel(timer);
  endSaturation(pool, ctx);
  return works;
}

const CHANGED = { type: "changed" } as const;
const LOADED = { type: "loaded" } as const;
const RESTART_TIMER = "restart-worker";
const GROW_TIMER = "grow-pool";
const SHRINK_TIMER = "shrink-pool";
const timerOf = (worker: number): string => `worker-${worker}`;

function growWhereSaturated<Work>(pool: WorkerPool<Work>, ctx: Context<PoolMessage>): void {
  const nowMs = ctx.monotonic();
  const { growAfterMs, shrinkAfterMs } = pool.limits;
  const sinceMs = (pool.saturatedSinceMs ??= nowMs);
  const leftMs = sinceMs + growAfterMs - nowMs;
  if (leftMs > 0) {
    if (sinceMs === nowMs) ctx.after(GROW_TIMER, leftMs, { type: "growPool" });
    return;
  }
  if (!pool.hasMemory()) {
    if (!pool.shortOfMemory) {
      const { service, workers } = pool;
      ctx.log.info("A stage has no other worker, as memory is short", { service, workers: workers.size });
    }
    pool.shortOfMemory = true;
    pool.saturatedSinceMs = nowMs;
    ctx.after(GROW_TIMER, growAfterMs, { type: "growPool" });
    return;
  }
  endSaturation(pool, ctx);
  pool.shortOfMemory = false;
  startOne(pool, ctx);
  ctx.after(SHRINK_TIMER, shrinkAfterMs, { type: "shrinkPool" });
}

function endSaturation<Work>(pool: WorkerPool<Work>, ctx: Context<PoolMessage>): void {
  pool.saturatedSinceMs = null;
  ctx.cancel(GROW_TIMER);
}

/** Ends those that have had nothing to do for long enough, but for the first. */
function shrink<Work>(pool: WorkerPool<Work>, ctx: Context<PoolMessage>): void {
  const { shrinkAfterMs } = pool.limits;
  for (const worker of [...pool.workers.values()].slice(1)) {
    if (worker.status !== "idle" || worker.idleSinceMs + shrinkAfterMs > ctx.monotonic()) continue;
    worker.thread.stop();
    pool.workers.delete(worker.id);
  }
  if (pool.workers.size > 1) ctx.after(SHRINK_TIMER, shrinkAfterMs, { type: "shrinkPool" });
}

function startOne<Work>(pool: WorkerPool<Work>, ctx: Context<PoolMessage>): void {
  const id = (pool.numbers.last += 1);
  const { self } = ctx;
  const thread = pool.startWorker(pool.spec, (event) =>
    self.tell({ type: "workerEvent", worker: id, event }, "control"),
  );
  pool.workers.set(id, { id, thread, status: "loading", work: null, run: 0, idleSinceMs: 0 });
  ctx.after(timerOf(id), pool.limits.loadTimeoutMs, { type: "workerTimedOut", worker: id, run: 0 });
}

function onEvent<Work>(
  pool: WorkerPool<Work>,
  worker: Worker<Work>,
  event: WorkerEvent,
  ctx: Context<PoolMessage>,
): PoolEvent<Work> {
  switch (event.type) {
    case "loaded":
      if (event.placeless === true && pool.workers.size > 1) {
        // It would hold a task that the others, which have places, are sooner at.
        worker.thread.stop();
        becomeIdle(worker, ctx);
        pool.workers.delete(worker.id);
        return CHANGED;
      }
      pool.loadFailures = 0;
      // It may have been said to be loaded before it had a place, and have a job since.
      if (worker.status === "loading") becomeIdle(worker, ctx);
      return event.placeless === true ? CHANGED : LOADED;
    case "loadFailed":
      return event.permanent && !othersLoaded(pool, worker)
        ? giveUp(pool, modelError(event), ctx)
        : lose(pool, worker, event.text, ctx);
    case "completed": {
      pool.losses = 0;
      const work = becomeIdle(worker, ctx);
      if (work === null) return CHANGED;
      return { type: "completed", work, result: event.result, model: event.model ?? null };
    }
    case "failed": {
      const work = becomeIdle(worker, ctx);
      return work === null ? CHANGED : { type: "failed", work, text: event.text };
    }
    case "crashed":
      return lose(pool, worker, event.text, ctx);
    default:
      return assertNever(event);
  }
}

function onTimeout<Work>(
  pool: WorkerPool<Work>,
  worker: Worker<Work>,
  run: number,
  ctx: Context<PoolMessage>,
): PoolEvent<Work> {
  if (worker.run !== run || worker.status === "idle") return CHANGED;
  worker.thread.kill();
  const { loadTimeoutMs, executeTimeoutMs } = pool.limits;
  const text =
    worker.status === "loading"
      ? `it took longer than ${loadTimeoutMs} ms to load`
      : `it took longer than ${executeTimeoutMs} ms for one task`;
  return lose(pool, worker, text, ctx);
}

/** A worker has ended by itself or was killed: it is replaced after a while. */
function lose<Work>(
  pool: WorkerPool<Work>,
  worker: Worker<Work>,
  text: string,
  ctx: Context<PoolMessage>,
): PoolEvent<Work> {
  if (worker.status === "loading") pool.loadFailures += 1;
  const work = becomeIdle(worker, ctx);
  pool.workers.delete(worker.id);
  pool.losses += 1;
  const { loadAttempts, backoff } = pool.limits;
  ctx.log.warn("Lost a worker", { service: pool.service, reason: text, inARow: pool.losses });
  if (pool.loadFailures >= loadAttempts && !othersLoaded(pool, worker)) {
    const problem = `Cannot load service "${pool.service}" in ${loadAttempts} attempts: ${text}`;
    return giveUp(pool, new SluiceError(problem, { code: "service-failed", retry: "backoff" }), ctx);
  }
  pool.backingOff = true;
  ctx.after(RESTART_TIMER, backoffMs(backoff, pool.losses, ctx.random()), { type: "restartWorker" });
  return { type: "workerLost", work, text };
}

function othersLoaded<Work>(pool: WorkerPool<Work>, worker: Worker<Work>): boolean {
  for (const other of pool.workers.values()) if (other !== worker && other.status !== "loading") return true;
  return false;
}

function giveUp<Work>(
  pool: WorkerPool<Work>,
  error: SluiceError,
  ctx: Context<PoolMessage>,
): PoolEvent<Work> {
  endPool(pool, "kill", ctx);
  return { type: "hopeless", error };
}

function becomeIdle<Work>(worker: Worker<Work>, ctx: Context<PoolMessage>): Work | null {
  const { work } = worker;
  ctx.cancel(timerOf(worker.id));
  worker.status = "idle";
  worker.work = null;
  worker.idleSinceMs = ctx.monotonic();
  return work;
}

function modelError({ code, text }: { readonly code: string; readonly text: string }): SluiceError {
  const known = SLUICE_ERROR_CODES.find((candidate) => candidate === code);
  return new SluiceError(text, { code: known ?? "service-failed" });
}
