/** When a pool has one more worker, and one less (WO1). */

import type { Context } from "../../runtime/behaviour.js";
import type { PoolMessage, WorkerPool } from "./pool-state.js";

const GROW_TIMER = "grow-pool";
export const SHRINK_TIMER = "shrink-pool";

/** Whether another worker is to be started, as all have been at work for long enough; to be asked while work waits. */
export function mayGrow<Work>(pool: WorkerPool<Work>, ctx: Context<PoolMessage>): boolean {
  if (pool.versionGone) return false;
  const nowMs = ctx.monotonic();
  const { growAfterMs, shrinkAfterMs } = pool.limits;
  const sinceMs = (pool.saturatedSinceMs ??= nowMs);
  const leftMs = sinceMs + growAfterMs - nowMs;
  if (leftMs > 0) {
    if (sinceMs === nowMs) ctx.after(GROW_TIMER, leftMs, { type: "growPool" });
    return false;
  }
  if (!pool.hasMemory()) {
    if (!pool.shortOfMemory) {
      const { service, workers } = pool;
      ctx.log.info("A stage has no other worker, as memory is short", { service, workers: workers.size });
    }
    pool.shortOfMemory = true;
    pool.saturatedSinceMs = nowMs;
    ctx.after(GROW_TIMER, growAfterMs, { type: "growPool" });
    return false;
  }
  endSaturation(pool, ctx);
  pool.shortOfMemory = false;
  ctx.after(SHRINK_TIMER, shrinkAfterMs, { type: "shrinkPool" });
  return true;
}

/** Somebody had nothing to do. */
export function endSaturation<Work>(pool: WorkerPool<Work>, ctx: Context<PoolMessage>): void {
  pool.saturatedSinceMs = null;
  ctx.cancel(GROW_TIMER);
}

/** Ends those that have had nothing to do for long enough, but for the first. */
export function shrink<Work>(pool: WorkerPool<Work>, ctx: Context<PoolMessage>): void {
  const { shrinkAfterMs } = pool.limits;
  for (const worker of [...pool.workers.values()].slice(1)) {
    if (pool.swap !== null) break;
    if (worker.status !== "idle" || worker.idleSinceMs + shrinkAfterMs > ctx.monotonic()) continue;
    worker.thread.stop();
    pool.workers.delete(worker.id);
  }
  if (pool.workers.size > 1 || pool.swap !== null)
    ctx.after(SHRINK_TIMER, shrinkAfterMs, { type: "shrinkPool" });
}
