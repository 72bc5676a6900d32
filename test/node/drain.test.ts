/** How a node decides that it has nothing of others any more. */

import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { drainNode } from "../../src/node/drain.js";
import type { Components } from "../../src/node/components.js";
import type { ControllerMessage } from "../../src/actors/protocol/controller.js";
import type { Behaviour } from "../../src/runtime/behaviour.js";
import type { Clock } from "../../src/runtime/clock.js";
import { silentLogger } from "../../src/runtime/log.js";
import { createActorSystem } from "../../src/runtime/system.js";
import { withSimulatedProcesses } from "../simulation/simulated-process.js";

interface Held {
  readonly queued: number;
  readonly joining: number;
  readonly parked?: number;
}

/**
 * Drains a node that has what `heldAt` says, at so many ms after the drain began.
 *
 * @returns what is left, and how long it took in ms
 */
async function drained(
  heldAt: (ms: number) => Held,
  timeoutMs: number,
): Promise<{ readonly left: number; readonly tookMs: number }> {
  let result = { left: -1, tookMs: -1 };
  await withSimulatedProcesses(async ({ start }) => {
    const { clock: own, executor } = start();
    const timers = new Set<object>();
    const clock = noting(own, timers);
    const system = createActorSystem({ name: "edge-1", clock, executor, log: silentLogger });
    const fromMs = clock.monotonic();
    const controller: Behaviour<null, ControllerMessage> = {
      start: () => null,
      receive(state, message) {
        if (message.type !== "reportQueues") return state;
        const { queued, joining, parked = 0 } = heldAt(clock.monotonic() - fromMs);
        message.replyTo.tell({
          type: "queuesReported",
          node: system.name,
          epoch: 1,
          sources: 0,
          queued: { "line/find": queued },
          joining,
          parked,
          counts: {
            admitted: 0,
            received: 0,
            forwarded: 0,
            processed: 0,
            finished: 0,
            dropped: {},
            loaded: 0,
            unloaded: 0,
          },
        });
        return state;
      },
    };
    const components = {
      controller: system.spawn(controller, { name: "controller" }),
      unregister: () => {},
      sources: { ledgers: () => Promise.resolve([]) },
    } as unknown as Components;
    const left = await drainNode(system, components, { timeoutMs, quietMs: 500 });
    result = { left, tookMs: clock.monotonic() - fromMs };
    await system.terminate();
    assert.is(timers.size, 0, "nothing holds the program up");
  });
  return result;
}

/** A clock that keeps in `timers` those that have not fallen due and are not cancelled. */
function noting(clock: Clock, timers: Set<object>): Clock {
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    epochMs: () => clock.epochMs(),
    after(delayMs, callback) {
      const timer = clock.after(delayMs, () => {
        timers.delete(timer);
        callback();
      });
      timers.add(timer);
      return {
        cancel() {
          timers.delete(timer);
          timer.cancel();
        },
      };
    },
  };
}

const NONE: Held = { queued: 0, joining: 0 };
/** Between two looks, and for what an ask takes. */
const LOOK_MS = 60;

test("a node is drained once it has had no task for its quiet time, which begins anew with each that comes", async () => {
  const { left, tookMs } = await drained(
    (ms) => (ms > 300 && ms < 700 ? { queued: 1, joining: 0 } : NONE),
    5_000,
  );
  assert.is(left, 0);
  assert.ok(tookMs >= 1_200 && tookMs <= 1_200 + 2 * LOOK_MS, String(tookMs));
});

test("a node that is drained waits for tasks that wait for a table, too", async () => {
  const { left, tookMs } = await drained(
    (ms) => (ms < 1_000 ? { queued: 0, joining: 0, parked: 2 } : NONE),
    5_000,
  );
  assert.equal([left, tookMs >= 1_500], [0, true]);
});

test("a node that is drained waits for tasks at its joins, too", async () => {
  const { left, tookMs } = await drained((ms) => (ms < 1_000 ? { queued: 0, joining: 2 } : NONE), 5_000);
  assert.is(left, 0);
  assert.ok(tookMs >= 1_500 && tookMs <= 1_500 + 2 * LOOK_MS, String(tookMs));
});

test("a node whose time to drain is up says how many tasks it has left, at stages and at joins", async () => {
  const { left, tookMs } = await drained(() => ({ queued: 3, joining: 2 }), 2_000);
  assert.is(left, 5);
  assert.ok(tookMs >= 2_000 && tookMs <= 2_000 + 2 * LOOK_MS, String(tookMs));
});

test.run();
