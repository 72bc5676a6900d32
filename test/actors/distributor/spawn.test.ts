import { join } from "node:path";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { openStore } from "../../../src/storage/results/open-store.js";
import { spawnDistributor } from "../../../src/actors/distributor/spawn.js";
import type { GeneratorMessage } from "../../../src/actors/protocol/generator.js";
import type { SubscriptionEvent, TotalsReported } from "../../../src/actors/protocol/distributor.js";
import { parseNodeName } from "../../../src/task/identity.js";
import type { ActorRef } from "../../../src/runtime/actor-ref.js";
import type { Behaviour } from "../../../src/runtime/behaviour.js";
import { silentLogger } from "../../../src/runtime/log.js";
import { createActorSystem } from "../../../src/runtime/system.js";
import { droppedTask, finishedTask } from "../../support/tasks.js";
import { inTemporaryFolder } from "../../support/temporary-folder.js";
import { within } from "../../support/within.js";
import { CREDULOUS } from "../../support/vouchers.js";

const TASKS = 1_000;

/** Counts what it receives, and says so at the message number `wanted`. */
function counter<Message>(wanted: number, onMessage: (message: Message, count: number) => void) {
  let reached = (): void => {};
  const done = new Promise<void>((resolve) => (reached = resolve));
  const behaviour: Behaviour<number, Message> = {
    start: () => 0,
    receive(count, message) {
      onMessage(message, count + 1);
      if (count + 1 === wanted) reached();
      return count + 1;
    },
  };
  return { behaviour, done };
}

test("spawnDistributor settles and pushes every task of a flood, each once, through actors and level", () =>
  inTemporaryFolder(async (folder) => {
    const store = await openStore(join(folder, "store"));
    const system = createActorSystem({ name: "cloud", log: silentLogger });
    try {
      const node = parseNodeName("cloud");
      const distributor = spawnDistributor(system, { node, store, vouchers: CREDULOUS, scheduler: null });
      const settled = new Set<number>();
      const generator = counter<GeneratorMessage>(TASKS, (message) => {
        if (message.type === "taskSettled") settled.add(message.id.sequence);
      });
      const origin = system.spawn(generator.behaviour, { name: "source-cam-1" }).address;
      const positions: number[] = [];
      const viewer = counter<SubscriptionEvent>(TASKS, (event, count) => {
        if (event.type === "record") positions.push(event.record.position);
        if (count % 100 === 0) distributor.tell({ type: "demand", subscriber, count: 100 });
      });
      const subscriber = system.spawn(viewer.behaviour, { name: "viewer" });
      distributor.tell({ type: "subscribe", subscriber, fromPosition: 0, demand: 200 });
      for (let sequence = 0; sequence < TASKS; sequence++) {
        if (sequence % 10 === 0)
          distributor.tell({ type: "recordDrop", drop: droppedTask({ sequence, origin }) });
        else distributor.tell({ type: "store", task: finishedTask({ sequence, origin }) });
      }
      await within(20_000, Promise.all([generator.done, viewer.done]), "every task to be settled and pushed");
      assert.is(settled.size, TASKS);
      assert.equal(
        positions,
        Array.from({ length: TASKS }, (_, position) => position),
      );
      const totals = await system.ask(distributor, (replyTo: ActorRef<TotalsReported>) => ({
        type: "reportTotals",
        replyTo,
      }));
      assert.equal(totals.sources, { "cam-1": { stored: 900, dropped: { deadline: 100 } } });
      assert.equal([totals.pending, totals.duplicates, totals.refused], [0, 0, 0]);
    } finally {
      await system.terminate();
      await store.close();
    }
  }));

test.run();
