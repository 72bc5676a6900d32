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
import {
  beginSwap,
  doubt,
  endTrialInTime,
  idleInSwap,
  judge,
  mayTry,
  onCandidateLost,
  onCandidatePlaceless,
  onOtherLost,
} from "./model-swap.js";
import { endSaturation, mayGrow, shrink, SHRINK_TIMER } from "./pool-growth.js";
import type { PoolEvent, PoolMessage, Worker, WorkerPool } from "./pool-state.js";
import { becomeIdle, endOne, othersLoaded, startOne, timerOf } from "./pool-workers.js";
import { candidacyOf, moveOn, onOtherVersion, replaceOthers } from "./version-change.js";
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
  if (pool.swap !== null && pool.workers.size > 0) return idleInSwap(pool, pool.swap);
  let loading = false;
  for (const worker of pool.workers.values()) {
    if (worker.status === "idle") return worker;
    loading ||= worker.status === "loading";
  }
  // One at a time: a service that cannot load costs one worker, not all of them.
  if (loading || pool.backingOff || pool.workers.size >= pool.replicas) return undefined;
  if (pool.workers.size === 0) startOne(pool, ctx);
  else if (mayGrow(pool, ctx)) startOne(pool, ctx);
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
      replaceOthers(pool, ctx);
      return CHANGED;
    case "growPool":
      return CHANGED;
    case "shrinkPool":
      endTrialInTime(pool);
      replaceOthers(pool, ctx);
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
  pool.swap = null;
  pool.backingOff = false;
  for (const timer of [RESTART_TIMER, SHRINK_TIMER]) ctx.cancel(timer);
  endSaturation(pool, ctx);
  return works;
}

const CHANGED = { type: "changed" } as const;
const LOADED = { type: "loaded" } as const;
const RESTART_TIMER = "restart-worker";

function onEvent<Work>(
  pool: WorkerPool<Work>,
  worker: Worker<Work>,
  event: WorkerEvent,
  ctx: Context<PoolMessage>,
): PoolEvent<Work> {
  switch (event.type) {
    case "loaded":
      return onLoaded(pool, worker, event, ctx);
    case "outdated":
      if (mayTry(pool, event.version, ctx)) {
        beginSwap(pool, startOne(pool, ctx, event.version), event.version);
      }
      return CHANGED;
    case "loadFailed":
      return event.permanent && candidacyOf(pool, worker) === null && !othersLoaded(pool, worker)
        ? giveUp(pool, modelError(event), ctx)
        : lose(pool, worker, event.text, ctx, event.permanent);
    case "completed": {
      pool.losses = 0;
      const work = becomeIdle(worker, ctx);
      if (work === null) return CHANGED;
      judge(pool, worker, work, ctx);
      moveOn(pool, worker, ctx);
      return { type: "completed", work, result: event.result, model: event.model ?? null };
    }
    case "failed": {
      const work = becomeIdle(worker, ctx);
      if (work === null) return CHANGED;
      if (doubt(pool, worker, work, event.text)) return { type: "doubted", work };
      moveOn(pool, worker, ctx);
      return { type: "failed", work, text: event.text };
    }
    case "crashed":
      return lose(pool, worker, event.text, ctx);
    default:
      return assertNever(event);
  }
}

function onLoaded<Work>(
  pool: WorkerPool<Work>,
  worker: Worker<Work>,
  { placeless, version: loaded }: Extract<WorkerEvent, { type: "loaded" }>,
  ctx: Context<PoolMessage>,
): PoolEvent<Work> {
  const version = loaded ?? null;
  if (placeless === true && pool.workers.size > 1) {
    // It would hold a task that the others, which have places, are sooner at.
    const swap = candidacyOf(pool, worker);
    if (swap !== null) onCandidatePlaceless(pool, swap, ctx);
    endOne(pool, worker, ctx);
    return CHANGED;
  }
  pool.loadFailures = 0;
  // It may have been said to be loaded before it had a place, and have a job since.
  if (worker.status === "loading") becomeIdle(worker, ctx);
  worker.version = version;
  if (placeless === true) return CHANGED;
  if (version !== null && version !== pool.version) onOtherVersion(pool, worker, version, ctx);
  else if (candidacyOf(pool, worker) !== null) {
    // What was new is gone again.
    pool.swap = null;
    endOne(pool, worker, ctx);
  } else if (pool.swap?.status === "replacing") {
    pool.swap.standIns += 1;
    replaceOthers(pool, ctx);
  }
  return LOADED;
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
  permanent = false,
): PoolEvent<Work> {
  const wasLoading = worker.status === "loading";
  const work = becomeIdle(worker, ctx);
  pool.workers.delete(worker.id);
  const candidacy = candidacyOf(pool, worker);
  if (candidacy !== null && othersLoaded(pool, worker)) {
    if (work !== null && doubt(pool, worker, work, text)) return { type: "doubted", work };
    onCandidateLost(pool, candidacy, { text, permanent }, ctx);
    return work === null ? CHANGED : { type: "workerLost", work, text };
  }
  if (candidacy !== null) pool.swap = null;
  onOtherLost(pool);
  if (wasLoading) pool.loadFailures += 1;
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

function giveUp<Work>(
  pool: WorkerPool<Work>,
  error: SluiceError,
  ctx: Context<PoolMessage>,
): PoolEvent<Work> {
  endPool(pool, "kill", ctx);
  return { type: "hopeless", error };
}

function modelError({ code, text }: { readonly code: string; readonly text: string }): SluiceError {
  const known = SLUICE_ERROR_CODES.find((candidate) => candidate === code);
  return new SluiceError(text, { code: known ?? "service-failed" });
}
