import { join } from "node:path";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { startNode, type SluiceNode } from "../../src/node/node.js";
import type { PolicyReply, SchedulerMessage } from "../../src/actors/protocol/scheduler.js";
import { DEFAULT_CONFIGURATION } from "../../src/task/configuration.js";
import { parseNodeName, parseSourceId } from "../../src/task/identity.js";
import { silentLogger } from "../../src/runtime/log.js";
import { openStore } from "../../src/storage/results/open-store.js";
import { MemoryStore } from "../../src/storage/results/memory-store.js";
import { PAIR, SERVICES } from "../support/local-run.js";
import { finishedTask } from "../support/tasks.js";
import { inTemporaryFolder } from "../support/temporary-folder.js";

const CAMERA = parseSourceId("cam-1");

/** What the scheduler says to a node that registers the camera. */
async function register({ system }: SluiceNode, node: string): Promise<string> {
  const policy = { name: "edge-only", parameters: {} };
  const description = { id: CAMERA, pipeline: PAIR, configuration: DEFAULT_CONFIGURATION, policy };
  const reply = await system.ask<SchedulerMessage, PolicyReply>(
    system.resolve("sluice://cloud/scheduler"),
    (replyTo) => ({
      type: "registerSource",
      source: { ...description, node: parseNodeName(node) },
      replyTo,
    }),
  );
  return reply.type;
}

test("a cloud that starts anew knows by its store whose a source is, and what was vouched for before", () =>
  inTemporaryFolder(async (folder) => {
    const running = async (work: (node: SluiceNode) => Promise<void>) => {
      const store = await openStore(join(folder, "store"));
      const node = await startNode({ name: "cloud", store, services: SERVICES, log: silentLogger });
      await work(node);
      await node.terminate();
      await store.close();
    };
    const task = finishedTask({ sequence: 1 });
    const vouchers: Uint8Array[] = [];
    await running(async (node) => {
      assert.is(await register(node, "edge-1"), "policySet");
      vouchers.push(node.vouch(task));
    });
    await running(async (node) => {
      assert.is(await register(node, "edge-2"), "policyRefused");
      assert.is(await register(node, "edge-1"), "policySet");
      assert.equal(node.vouch(task), vouchers[0]);
    });
    const elsewhere = await startNode({ name: "cloud", store: new MemoryStore(), log: silentLogger });
    assert.not.equal(elsewhere.vouch(task), vouchers[0]);
    await elsewhere.terminate();
  }));

test.run();
