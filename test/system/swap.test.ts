import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import type { PolicySpec } from "../../src/task/requests.js";
import { parseSourceId } from "../../src/task/identity.js";
import { definePipeline } from "../../src/task/define-pipeline.js";
import { type Pipeline } from "../../src/task/pipeline.js";
import { seeded } from "../support/fold.js";
import { checkEnd, checkResult, localRun, progress, SERVICES } from "../support/local-run.js";

const SWAPS = 200;
const NODES = ["edge-1", "edge-2", "cloud"];
const EDGES = ["edge-1", "edge-2"];

/** Branches of one and of three stages that meet, and one that goes to the end by itself: one service in six stages. */
const forked = definePipeline(
  {
    id: "forked",
    stages: [
      { id: "find", service: "find" },
      { id: "left", service: "sift", after: ["find"] },
      { id: "right", service: "sift", after: ["find"] },
      { id: "deep", service: "sift", after: ["right"] },
      { id: "deeper", service: "sift", after: ["deep"] },
      { id: "meet", service: "sift", after: ["left", "deeper"] },
      { id: "alone", service: "sift", after: ["find"] },
    ],
  },
  SERVICES,
);

test("200 swaps of the table during a run lose nothing, repeat nothing and hold no source back", async () => {
  const random = seeded(11);
  const pick = () => NODES[Math.floor(random() * NODES.length)];
  const policyAt = (swap: number, { stages }: Pipeline): PolicySpec => {
    if (swap % 10 === 4) return { name: "cloud-only", parameters: {} };
    if (swap % 10 === 9) return { name: "edge-only", parameters: {} };
    return {
      name: "fixed",
      parameters: { placement: Object.fromEntries(stages.map(({ id }) => [id, pick()])) },
    };
  };
  await localRun({ pipeline: forked, edges: EDGES }, async (run) => {
    const sources = [await run.add({ id: "cam-1", edge: 0 }), await run.add({ id: "cam-2", edge: 1 })];
    for (let swap = 0; swap < SWAPS; swap += 1) {
      const at = swap % sources.length;
      await run.cluster.setPolicy(parseSourceId(`cam-${at + 1}`), policyAt(swap, forked));
      for (const source of sources) await progress(source, 2);
      if (swap % 20 === 0) await run.checkLaw();
    }
    const { table, acknowledged } = await run.cluster.table();
    assert.ok((table?.epoch ?? 0) >= SWAPS * 0.9, `epoch ${table?.epoch}`);
    assert.equal(Object.keys(acknowledged).sort(), NODES.toSorted());
    await run.cluster.drain();

    const epochs = new Set<number>();
    const nodes = new Set<string>();
    for (const id of ["cam-1", "cam-2"]) {
      const ledger = await run.ended(id);
      assert.is(ledger.stored, ledger.created);
      await checkEnd(run, ledger);
    }
    for (const record of await run.records()) {
      if (record.type !== "result") continue;
      checkResult(forked, record);
      for (const { epoch, node, attempt } of record.hops) {
        epochs.add(epoch);
        nodes.add(node);
        assert.is(attempt, 1);
      }
    }
    assert.ok(epochs.size > SWAPS / 2, `tasks were routed by ${epochs.size} tables`);
    assert.is(nodes.size, NODES.length);
  });
});

test.run();
