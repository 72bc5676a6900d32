/** A member that names other actors where its own should stand: nobody is told anything in a name that is not the teller's. */

import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import type { ActorRef } from "../../src/runtime/actor-ref.js";
import type { Behaviour } from "../../src/runtime/behaviour.js";
import { scene, until } from "../support/hostile-scene.js";
import { droppedTask, finishedTask } from "../support/tasks.js";
import { pause } from "../support/pause.js";

const ACTORS = [
  "controller",
  "scheduler",
  "distributor",
  "monitor",
  "agent",
  "guardian",
  "processors",
  "listener",
  "schedule-listener",
];
const NODES = ["cloud", "edge-1"];
/** More than any supervision of a node lets pass in its period. */
const TIMES = 12;

test("pings whose replyTo names components of any node tell them nothing, and no node fails", async () => {
  await scene(async ({ cloud, edge, rogue, count }) => {
    const { system, tell } = await rogue();
    for (let time = 0; time < TIMES; time++) {
      for (const node of NODES) {
        for (const actor of ACTORS) {
          const replyTo = system.resolve(`sluice://${node}/${actor}`);
          tell("/monitor", { type: "ping", sentAtMs: 1, replyTo });
          system.resolve("sluice://edge-1/monitor").tell({ type: "ping", sentAtMs: 1, replyTo });
        }
      }
    }
    // One may say "pong" to a monitor, if it is of oneself; this pong is of another.
    const all = TIMES * NODES.length * ACTORS.length;
    await until(() => count("deputy-refused") >= all, "the pings at the cloud");
    await until(() => (edge.cluster?.security["deputy-refused"] ?? 0) >= all, "the pings at the edge");
    assert.is(count("deputy-refused"), all);
    for (const node of [cloud, edge]) {
      assert.is(node.system.deadLetters.countByReason.failed, 0);
      assert.is(node.system.deadLetters.countByReason.unhandled, 0);
    }
  });
});

test("an operator's queries, subscriptions and orders in the name of components tell them nothing", async () => {
  await scene(async ({ cloud, edge, rogue, count }) => {
    const { system, tell, ask } = await rogue(["operator"]);
    for (let time = 0; time < TIMES; time++) {
      for (const node of NODES) {
        for (const actor of ACTORS) {
          const replyTo = system.resolve(`sluice://${node}/${actor}`);
          tell("/distributor", { type: "query", query: {}, replyTo });
          tell("/distributor", { type: "reportTotals", replyTo });
          tell("/distributor", { type: "subscribe", subscriber: replyTo, fromPosition: 0, demand: 1 });
          tell("/controller", { type: "reportQueues", replyTo });
          tell("/scheduler", { type: "reportTable", replyTo });
          tell("/agent", { type: "drainSource", sourceId: "none", replyTo });
          tell("/agent", { type: "watchEvents", listener: replyTo, after: null });
          tell("/guardian", { type: "stop", address: "sluice://cloud/x", replyTo });
        }
      }
    }
    await ask("/nobody", (replyTo) => ({ replyTo }));
    assert.ok(count("deputy-refused") + count("denied") > 0);
    for (const node of [cloud, edge]) {
      assert.is(node.system.deadLetters.countByReason.failed, 0);
      assert.is(node.system.deadLetters.countByReason.unhandled, 0);
    }
  });
});

test("a stored task, a drop and a dead letter whose origin is no generator of the task's source reach nobody", async () => {
  await scene(async ({ cloud, rogue, count }) => {
    const { tell, ask } = await rogue();
    const origins = [
      ...NODES.flatMap((node) => ACTORS.map((actor) => `sluice://${node}/${actor}`)),
      "sluice://cloud/source-other",
      "sluice://cloud/source-cam-1/child",
    ];
    let sequence = 0;
    for (const origin of origins) {
      sequence += 1;
      tell("/distributor", { type: "store", task: { ...finishedTask({ sequence }), origin } });
      tell("/distributor", { type: "recordDrop", drop: { ...droppedTask({ sequence }), origin } });
      // Nobody is there: the letter is not to be answered to whom it names.
      tell("/stranger", { type: "submit", task: { ...finishedTask({ sequence }), origin } });
    }
    await ask("/nobody", (replyTo) => ({ replyTo }));
    assert.is(count("malformed"), origins.length * 2);
    const { failed, unhandled } = cloud.system.deadLetters.countByReason;
    assert.equal({ failed, unhandled }, { failed: 0, unhandled: 0 });
  });
});

test("an actor drops a message that it does not know, says so to who asks, and goes on", async () => {
  await scene(async ({ cloud }) => {
    const { system } = cloud;
    for (let time = 0; time < TIMES; time++) {
      for (const actor of ["controller", "scheduler", "distributor", "monitor", "agent", "guardian"]) {
        const asked = system.ask(
          system.resolve<unknown>(`sluice://cloud/${actor}`),
          (replyTo) => ({ type: "pang", replyTo }),
          { timeoutMs: 5_000 },
        );
        const code = await asked.catch((error: unknown) => (error as { readonly code: string }).code);
        assert.is(code, "message-unknown");
      }
    }
    assert.is(system.deadLetters.countByReason.unhandled, TIMES * 6);
    assert.is(system.deadLetters.countByReason.failed, 0);
  });
});

test("only the node that was asked answers: another one that knows the address is not heard", async () => {
  await scene(async ({ edge, cloud, rogue }) => {
    const seen: ActorRef<string>[] = [];
    const silent: Behaviour<null, { readonly replyTo: ActorRef<string> }> = {
      start: () => null,
      receive(state, { replyTo }) {
        seen.push(replyTo);
        return state;
      },
    };
    cloud.system.spawn(silent, { name: "silent" });
    const asked = edge.system.ask<{ readonly replyTo: ActorRef<string> }, string>(
      edge.system.resolve("sluice://cloud/silent"),
      (replyTo) => ({ replyTo }),
    );
    while (seen.length === 0) await pause();
    const [replyTo] = seen;
    const { system } = await rogue(["edge"]);
    system.resolve<string>(replyTo?.address ?? "").tell("forged");
    while ((edge.cluster?.security["denied"] ?? 0) === 0) await pause();
    replyTo?.tell("true");
    assert.is(await asked, "true");
  });
});

test.run();
