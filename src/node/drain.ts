/**
 * A node leaves without losing a task and without one being delivered again: nothing new is placed on it, its sources capture
 * no more, and what it has of others is finished or handed on. Its sources go on with it when it starts again.
 */

import type { ActorRef } from "../runtime/actor-ref.js";
import { atMost } from "../runtime/clock.js";
import type { ActorSystem } from "../runtime/system.js";
import type { ControllerMessage, QueuesReported } from "../actors/protocol/controller.js";
import type { Components } from "./components.js";

/** How long a drain may take. */
export interface DrainOptions {
  /** For tasks to finish, in ms; what is left then is delivered again by its sources. */
  readonly timeoutMs: number;
  /** How long a node must have had no task to be taken for empty, in ms: longer than a task is on the way. Default 500. */
  readonly quietMs?: number;
}

const LOOK_MS = 50;

/** @returns tasks of others that are left here; 0 where everything is done */
export async function drainNode(
  system: ActorSystem,
  components: Components,
  { timeoutMs, quietMs = 500 }: DrainOptions,
): Promise<number> {
  const { controller, sources } = components;
  const untilMs = system.clock.monotonic() + timeoutMs;
  components.unregister();
  const ledgers = await sources.ledgers();
  const ended = Promise.all(ledgers.map(({ sourceId }) => sources.suspendSource(sourceId)));
  await atMost(system.clock, timeoutMs, ended);
  let quietSinceMs: number | null = null;
  for (;;) {
    const left = await tasksHere(system, controller);
    const nowMs = system.clock.monotonic();
    if (left > 0) quietSinceMs = null;
    else quietSinceMs ??= nowMs;
    if (nowMs >= untilMs || (quietSinceMs !== null && nowMs - quietSinceMs >= quietMs)) return left;
    await sleep(system, LOOK_MS);
  }
}

async function tasksHere(system: ActorSystem, controller: ActorRef<ControllerMessage>): Promise<number> {
  const { queued, joining, parked } = await system.ask<ControllerMessage, QueuesReported>(
    controller,
    (replyTo) => ({ type: "reportQueues", replyTo }),
    { lane: "control" },
  );
  return joining + parked + Object.values(queued).reduce((sum, count) => sum + count, 0);
}

function sleep(system: ActorSystem, ms: number): Promise<void> {
  return new Promise((resolve) => void system.clock.after(ms, resolve));
}
