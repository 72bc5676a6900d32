/** A member that registers without end: it gets its share and no more, and everybody else is served meanwhile. */

import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import type { ActorRef } from "../../src/runtime/actor-ref.js";
import { DEFAULT_CONFIGURATION } from "../../src/task/configuration.js";
import { parseSourceId } from "../../src/task/identity.js";
import { scene, withOperator } from "../support/hostile-scene.js";
import { PAIR } from "../support/local-run.js";

const FLOOD = 12_000;
const source = (id: string, node: string, changes: object = {}): object => ({
  id,
  node,
  pipeline: PAIR,
  configuration: DEFAULT_CONFIGURATION,
  policy: { name: "edge-only", parameters: {} },
  ...changes,
});

test("12,000 sources of one edge are 256, and nodes, table and others' sources are served meanwhile", async () => {
  await scene(async (at) => {
    const { rogue, count } = at;
    await withOperator(at, async (operator) => {
      const { system, tell, ask } = await rogue();
      const node = system.name;
      const controller = system.resolve(`sluice://${node}/controller`);
      tell("/scheduler", {
        type: "registerNode",
        node: { name: node, role: "edge", services: [] },
        controller,
      });
      for (let n = 0; n < FLOOD; n++) {
        tell("/scheduler", { type: "registerSource", source: source(`flood-${n}`, node) });
        if (n % 1_000 === 0) await operator.nodes();
      }
      await ask("/scheduler", (replyTo) => ({ type: "reportNodes", replyTo }));
      const { nodes } = await operator.nodes();
      assert.ok(nodes.some(({ description }) => description.name === "edge-1"));
      const { explanations } = await operator.table();
      assert.is(Object.keys(explanations).filter((id) => id.startsWith("flood-")).length, 256);
      // The rest of the flood found no room on the rogue's own link.
      assert.ok(count("too-often") > 1_000, `${count("too-often")} came too often`);
    });
  });
});

test("a role, a name, a pipeline or parameters that are not a member's own are refused, whatever it registers", async () => {
  await scene(async ({ rogue, count }) => {
    const { system, tell, ask } = await rogue();
    const node = system.name;
    const own = system.resolve(`sluice://${node}/controller`);
    const register = (name: string, role: string, controller: ActorRef<unknown>): void =>
      tell("/scheduler", { type: "registerNode", node: { name, role, services: [] }, controller });
    register(node, "cloud", own);
    register("edge-1", "edge", own);
    register(node, "edge", system.resolve("sluice://edge-1/controller"));
    const large = { parameters: { text: "x".repeat(200_000) } };
    const [first, ...others] = PAIR.stages;
    for (const changes of [
      { pipeline: { ...PAIR, stages: [{ ...first, ...large }, ...others] } },
      { policy: { name: "edge-only", ...large } },
      { policy: { name: "edge-only", parameters: { ref: own } } },
      { policy: { name: "edge-only", parameters: [] } },
    ]) {
      tell("/scheduler", { type: "registerSource", source: source("cam-9", node, changes) });
    }
    // In order behind what went to the same actor, however large that was; and denied itself.
    await ask("/scheduler", (replyTo) => ({ type: "reportNodes", replyTo }));
    assert.is(count("malformed"), 5);
    assert.is(count("denied"), 3);
  });
});

test("a source belongs to the node that registered it first, until an operator frees it", async () => {
  await scene(async (at) => {
    await withOperator(at, async (operator) => {
      const first = await at.rogue();
      const second = await at.rogue();
      const register = (of: typeof first): Promise<{ readonly type: string }> =>
        of.system.ask(of.system.resolve("sluice://cloud/scheduler"), (replyTo) => ({
          type: "registerSource",
          source: source("cam-9", of.system.name),
          replyTo,
        }));
      assert.is((await register(first)).type, "policySet");
      assert.is((await register(second)).type, "policyRefused");
      assert.is(await operator.freeSource(parseSourceId("cam-9")), first.system.name);
      assert.is(await operator.freeSource(parseSourceId("cam-9")), null);
      assert.is((await register(second)).type, "policySet");
      assert.is((await register(first)).type, "policyRefused");
    });
  });
});

test.run();
