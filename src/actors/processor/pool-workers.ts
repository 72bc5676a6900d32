/** One worker of a pool: started, at rest, ended. */

import type { Context } from "../../runtime/behaviour.js";
import type { PoolMessage, Worker, WorkerPool } from "./pool-state.js";

/** Of the run or the load of a worker. */
export const timerOf = (worker: number): string => `worker-${worker}`;

/** @param version of the model that it is to have, where that can still be had */
export function startOne<Work>(
  pool: WorkerPool<Work>,
  ctx: Context<PoolMessage>,
  version = pool.version,
): Worker<Work> {
  const id = (pool.numbers.last += 1);
  const { self } = ctx;
  const spec = version === null ? pool.spec : { ...pool.spec, version };
  const thread = pool.startWorker(spec, (event) =>
    self.tell({ type: "workerEvent", worker: id, event }, "control"),
  );
  const worker: Worker<Work> = {
    id,
    thread,
    status: "loading",
    version: null,
    retiring: false,
    work: null,
    run: 0,
    idleSinceMs: 0,
  };
  pool.workers.set(id, worker);
  ctx.after(timerOf(id), pool.limits.loadTimeoutMs, { type: "workerTimedOut", worker: id, run: 0 });
  return worker;
}

/** The work that it had, if any. */
export function becomeIdle<Work>(worker: Worker<Work>, ctx: Context<PoolMessage>): Work | null {
  const { work } = worker;
  ctx.cancel(timerOf(worker.id));
  worker.status = "idle";
  worker.work = null;
  worker.idleSinceMs = ctx.monotonic();
  return work;
}

/** Ends a worker that has no work. */
export function endOne<Work>(pool: WorkerPool<Work>, worker: Worker<Work>, ctx: Context<PoolMessage>): void {
  becomeIdle(worker, ctx);
  worker.thread.stop();
  pool.workers.delete(worker.id);
}

/** Whether another one has loaded. */
export function othersLoaded<Work>(pool: WorkerPool<Work>, worker: Worker<Work>): boolean {
  for (const other of pool.workers.values()) if (other !== worker && other.status !== "loading") return true;
  return false;
}
