/** What workers that load and end make of a swap of their model: which one goes, and which one is started (MS1, MS4). */

import type { Context } from "../../runtime/behaviour.js";
import { beginSwap, beginTrial, nextReplaced, onOtherLost } from "./model-swap.js";
import { SHRINK_TIMER } from "./pool-growth.js";
import type { ModelSwap, PoolMessage, Worker, WorkerPool } from "./pool-state.js";
import { endOne, othersLoaded, startOne } from "./pool-workers.js";

/** A worker has loaded another version of the model than tasks are run with, or the first. */
export function onOtherVersion<Work>(
  pool: WorkerPool<Work>,
  worker: Worker<Work>,
  version: string,
  ctx: Context<PoolMessage>,
): void {
  if (!othersLoaded(pool, worker)) {
    pool.swap = null;
    pool.version = version;
    pool.versionGone = false;
    pool.tellModel({ version, ...(pool.refused !== null && { refused: pool.refused }) });
    return;
  }
  const candidacy = candidacyOf(pool, worker);
  if (candidacy?.status === "trial") return;
  // It was to be one more of the others, whose version can no longer be had.
  const oneMore = candidacy === null && pool.swap !== null;
  if (oneMore || version === pool.refused?.version) {
    pool.versionGone = true;
    if (pool.swap?.status !== "trial") pool.swap = null;
    endOne(pool, worker, ctx);
    onOtherLost(pool);
    return;
  }
  if (pool.swap?.version !== version) beginSwap(pool, worker, version);
  if (pool.swap !== null) beginTrial(pool, pool.swap, ctx);
  moveOn(pool, worker, ctx);
  ctx.after(SHRINK_TIMER, pool.limits.shrinkAfterMs, { type: "shrinkPool" });
}

/** The swap in which this is the worker that has the new version first; null where it is one of the others. */
export function candidacyOf<Work>({ swap }: WorkerPool<Work>, worker: Worker<Work>): ModelSwap<Work> | null {
  return swap?.candidate === worker.id && swap.status !== "replacing" ? swap : null;
}

/** A worker has nothing to do: it goes, where it is to, and so do others where a trial has ended. */
export function moveOn<Work>(pool: WorkerPool<Work>, worker: Worker<Work>, ctx: Context<PoolMessage>): void {
  if (worker.retiring) endOne(pool, worker, ctx);
  replaceOthers(pool, ctx);
}

/** Lets go of the others as there is somebody in their place, and has the next one load for that. With none left the swap is over. */
export function replaceOthers<Work>(pool: WorkerPool<Work>, ctx: Context<PoolMessage>): void {
  const { swap } = pool;
  if (swap?.status !== "replacing") return;
  let other = nextReplaced(pool);
  for (; other !== undefined && swap.standIns > 0; other = nextReplaced(pool)) {
    swap.standIns -= 1;
    if (other.status === "idle") endOne(pool, other, ctx);
    else other.retiring = true;
  }
  for (const { status, retiring } of pool.workers.values()) if (status === "loading" || retiring) return;
  if (other === undefined) pool.swap = null;
  else if (!pool.backingOff && pool.hasMemory()) startOne(pool, ctx);
}
