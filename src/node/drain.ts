/**
 * A node leaves without losing a task and without one being delivered again: nothing new is placed on it, its sources come
 * to their end, and what it has of others is finished or handed on.
 */

import type { ActorRef } from "../runtime/actor-ref.js";
import type { ActorSystem } from "../runtime/system.js";
import type { ControllerMessage, QueuesReported } from "../actors/protocol/controller.js";
import type { SourceId } from "../task/identity.js";

export interface DrainOptions {
  /** For tasks to finish, in ms; what is left then is delivered again by its sources. */
  readonly timeoutMs: number;
  /** How long a node must have had no task to be taken for empty, in ms: longer than a task is on the way. Default 500. */
  readonly quietMs?: number;
}

/** What a node has to do with draining. */
export interface Drainable {
  readonly system: ActorSystem;
  readonly controller: ActorRef<ControllerMessage>;
  /** Nothing is placed on this node any more. */
  unregister(): void;
  ledgers(): Promise<readonly { readonly sourceId: SourceId }[]>;
  drainSource(id: SourceId): Promise<void>;
}

const LOOK_MS = 50;

/** @returns tasks of others that are left here; 0 where everything is done */
export async function drainNode(
  node: Drainable,
  { timeoutMs, quietMs = 500 }: DrainOptions,
): Promise<number> {
  const { system } = node;
  const untilMs = system.clock.now() + timeoutMs;
  node.unregister();
  const sources = await node.ledgers();
  const ended = Promise.all(sources.map(({ sourceId }) => node.drainSource(sourceId)));
  await Promise.race([ended, sleep(system, timeoutMs)]);
  let quietSinceMs: number | null = null;
  for (;;) {
    const left = await tasksHere(node);
    const nowMs = system.clock.now();
    if (left > 0) quietSinceMs = null;
    else quietSinceMs ??= nowMs;
    if (nowMs >= untilMs || (quietSinceMs !== null && nowMs - quietSinceMs >= quietMs)) return left;
    await sleep(system, LOOK_MS);
  }
}

async function tasksHere({ system, controller }: Drainable): Promise<number> {
  const { queued, joining } = await system.ask<ControllerMessage, QueuesReported>(
    controller,
    (replyTo) => ({ type: "reportQueues", replyTo }),
    { lane: "control" },
  );
  return joining + Object.values(queued).reduce((sum, count) => sum + count, 0);
}

function sleep(system: ActorSystem, ms: number): Promise<void> {
  return new Promise((resolve) => void system.clock.after(ms, resolve));
}
