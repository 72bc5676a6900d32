/**
 * How the workers of a stage change over to another version of their model, while they run.
 *
 * MS1 A worker with the new version loads beside the others, which go on meanwhile; it takes over between two tasks. As many tasks run at a
 *     time as before: where that is one, those of a source leave as they came.
 * MS2 The others stay until the new version has done `TRIAL_TASKS` tasks, or one within `shrinkAfterMs`. A task that fails with it is run with the
 *     old one. Where that does it the new version is refused, and otherwise the task is at fault.
 * MS3 A version is refused, too, that cannot be loaded. It is not tried again as long as this pool has workers.
 * MS4 The others are then replaced one after another, each once its successor has loaded.
 * MS5 Where there is no room for a worker beside the others, nothing changes before there is.
 */

import type { Context } from "../../runtime/behaviour.js";
import { TEXT_LIMITS } from "../../task/limits.js";
import type { ModelSwap, PoolMessage, Worker, WorkerPool } from "./pool-state.js";

type Ctx = Context<PoolMessage>;

/** With what is wrong in a model or its description, most of the first tasks fail: a few show it, and the old one keeps its memory for no longer. */
const TRIAL_TASKS = 20;

/** Of whoever has loaded something else before: MS5 and failures that pass, until they are none. */
export function mayTry<Work>(pool: WorkerPool<Work>, version: string, ctx: Ctx): boolean {
  if (pool.swap !== null || pool.backingOff || pool.version === null) return false;
  if (version === pool.version || version === pool.refused?.version) return false;
  for (const { status } of pool.workers.values()) if (status === "loading") return false;
  if (pool.hasMemory()) return true;
  sayOnce(pool, version, "A new version of a model waits, as there is no memory for a worker with it", ctx);
  return false;
}

/** The worker loads, or has loaded, another version than the others have. */
export function beginSwap<Work>(pool: WorkerPool<Work>, candidate: Worker<Work>, version: string): void {
  pool.swap = {
    version,
    candidate: candidate.id,
    atMost: Math.max(1, othersOf(pool, version).length),
    status: "loading",
    done: 0,
    standIns: 0,
    doubted: null,
  };
}

/** It has: tasks go there, and what there was is kept. With nothing left of that there is nothing to compare with. */
export function beginTrial<Work>(pool: WorkerPool<Work>, swap: ModelSwap<Work>, ctx: Ctx): void {
  pool.untried = null;
  swap.status = "trial";
  const { service, version: from } = pool;
  ctx.log.info("A stage runs a new version of its model", { service, from, to: swap.version });
  pool.tellModel({ version: swap.version });
  if (othersOf(pool, swap.version).length === 0) accept(pool, swap);
}

/** Whose turn it is in the middle of a swap. */
export function idleInSwap<Work>(pool: WorkerPool<Work>, swap: ModelSwap<Work>): Worker<Work> | undefined {
  let running = 0;
  let before: Worker<Work> | undefined;
  let after: Worker<Work> | undefined;
  for (const worker of pool.workers.values()) {
    if (worker.status === "running") running += 1;
    if (worker.status !== "idle") continue;
    if (worker.version === swap.version) after ??= worker;
    else before ??= worker;
  }
  if (running >= swap.atMost) return undefined;
  if (swap.status === "loading" || swap.doubted !== null) return before;
  return after ?? (swap.status === "replacing" || swap.atMost > 1 ? before : undefined);
}

/** A task has failed there. @returns whether it is to be run with the old version */
export function doubt<Work>(pool: WorkerPool<Work>, worker: Worker<Work>, work: Work, text: string): boolean {
  const { swap } = pool;
  if (swap?.status !== "trial" || worker.id !== swap.candidate) return false;
  if (othersOf(pool, swap.version).length === 0) return false;
  swap.doubted = { work, text };
  return true;
}

/** A task was done: of the candidate's enough shows that it is well, and that of another what it has not done that it is not. */
export function judge<Work>(pool: WorkerPool<Work>, worker: Worker<Work>, work: Work, ctx: Ctx): void {
  const { swap } = pool;
  if (swap?.status !== "trial") return;
  if (worker.id === swap.candidate) {
    swap.done += 1;
    if (swap.done >= TRIAL_TASKS) accept(pool, swap);
  } else if (swap.doubted !== null && pool.isSame(swap.doubted.work, work)) {
    refuse(pool, swap, `a task failed that the version before does: ${swap.doubted.text}`, ctx);
  }
}

/** The task in doubt has failed with the old version, too, or is gone. */
export function endDoubt<Work>(pool: WorkerPool<Work>, isIt: (work: Work) => boolean): void {
  const { swap } = pool;
  if (swap === null || swap.doubted === null || !isIt(swap.doubted.work)) return;
  swap.doubted = null;
  // What took its worker with it shows nothing: the version is tried again.
  if (!pool.workers.has(swap.candidate)) pool.swap = null;
}

/** A minute is over. */
export function endTrialInTime<Work>(pool: WorkerPool<Work>): void {
  const { swap } = pool;
  if (swap?.status === "trial" && swap.done > 0 && swap.doubted === null) accept(pool, swap);
}

/** It could not be loaded, or ended with nothing to do. */
export function onCandidateLost<Work>(
  pool: WorkerPool<Work>,
  swap: ModelSwap<Work>,
  { text, permanent }: { readonly text: string; readonly permanent: boolean },
  ctx: Ctx,
): void {
  const { version } = swap;
  const count = pool.untried?.version === version ? pool.untried.count + 1 : 1;
  pool.untried = { version, count };
  if (permanent || count >= pool.limits.loadAttempts) {
    refuse(pool, swap, text, ctx);
    return;
  }
  pool.swap = null;
  ctx.log.warn("A new version of a model could not be tried", {
    service: pool.service,
    version,
    reason: text,
  });
}

/** There is no place for it now. */
export function onCandidatePlaceless<Work>(
  pool: WorkerPool<Work>,
  { version }: ModelSwap<Work>,
  ctx: Ctx,
): void {
  pool.swap = null;
  sayOnce(pool, version, "A new version of a model waits, as there is no place for a worker with it", ctx);
}

/** Another worker was lost, with its place in the swap. */
export function onOtherLost<Work>(pool: WorkerPool<Work>): void {
  const { swap } = pool;
  if (swap?.status !== "trial" || othersOf(pool, swap.version).length > 0) return;
  swap.doubted = null;
  if (pool.workers.has(swap.candidate)) accept(pool, swap);
  else pool.swap = null;
}

/** One of those that are still to be replaced; those that have nothing to do first. */
export function nextReplaced<Work>(pool: WorkerPool<Work>): Worker<Work> | undefined {
  const others = othersOf(pool, pool.swap?.version ?? pool.version ?? "").filter(({ retiring }) => !retiring);
  return others.find(({ status }) => status === "idle") ?? others[0];
}

/** Those that have loaded another version. */
function othersOf<Work>(pool: WorkerPool<Work>, version: string): readonly Worker<Work>[] {
  return [...pool.workers.values()].filter((worker) => worker.version !== null && worker.version !== version);
}

function accept<Work>(pool: WorkerPool<Work>, swap: ModelSwap<Work>): void {
  pool.version = swap.version;
  pool.versionGone = false;
  pool.refused = null;
  swap.status = "replacing";
  swap.standIns = 1;
}

function refuse<Work>(pool: WorkerPool<Work>, swap: ModelSwap<Work>, text: string, ctx: Ctx): void {
  const { version } = swap;
  const reason = text.slice(0, TEXT_LIMITS.detail);
  const candidate = pool.workers.get(swap.candidate);
  candidate?.thread.stop();
  pool.workers.delete(swap.candidate);
  pool.swap = null;
  pool.untried = null;
  pool.refused = { version, reason };
  ctx.log.warn("A stage goes on with the old version of its model", {
    service: pool.service,
    version: pool.version,
    refused: version,
    reason,
  });
  if (pool.version !== null) pool.tellModel({ version: pool.version, refused: pool.refused });
}

/** What is so for as long as a version waits is said once. */
function sayOnce<Work>(pool: WorkerPool<Work>, version: string, said: string, ctx: Ctx): void {
  if (pool.untried?.version === version) return;
  pool.untried = { version, count: 0 };
  ctx.log.info(said, { service: pool.service, version });
}
