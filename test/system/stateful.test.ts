import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import type { StoredResult } from "../../src/task/record.js";
import { parseSourceId } from "../../src/task/identity.js";
import { definePipeline } from "../../src/task/define-pipeline.js";
import { seeded } from "../support/fold.js";
import { checkEnd, checkResult, localRun, progress, scripted, SERVICES } from "../support/local-run.js";
import { DEEDS } from "../support/services/scripted.js";

const NODES = ["edge-1", "edge-2", "cloud"] as const;
const EDGES = ["edge-1", "edge-2"] as const;
const SOURCES = ["cam-1", "cam-2"] as const;

const pipeline = definePipeline(
  {
    id: "following",
    stages: [
      { id: "detect", service: "detect", parameters: scripted(0) },
      { id: "sift", service: "sift", after: ["detect"] },
      { id: "follow", service: "follow", after: ["sift"] },
    ],
  },
  SERVICES,
);

/** Where a task was followed, what the service had seen of its source by then, and whether that was unbroken. */
function followed(record: StoredResult) {
  const hop = record.hops.find(({ stage }) => stage === "follow");
  const result = record.results["follow"];
  assert.ok(hop && result);
  const seen = (result.frames[0]?.[0]?.label ?? "").split(",").map(Number);
  return { sequence: record.id.sequence, ...hop, seen, continuity: result.continuity };
}

test("a stateful stage that moves from node to node runs every task once and in order, and says where it began anew", async () => {
  await localRun({ pipeline, edges: EDGES }, async (run) => {
    const random = seeded(7);
    const pick = () => NODES[Math.floor(random() * NODES.length)];
    const sources = new Map([
      ["cam-1", await run.add({ id: "cam-1", edge: 0 })],
      ["cam-2", await run.add({ id: "cam-2", edge: 1 })],
    ]);
    for (let swap = 0; swap < 60; swap += 1) {
      for (const [id, source] of sources) {
        const placement = { detect: pick(), sift: pick(), follow: pick() };
        const policy = { name: "fixed", parameters: { placement } };
        await run.cluster.setPolicy(parseSourceId(id), policy);
        await progress(source, swap < 4 ? 20 : Math.floor(random() * 6));
      }
      await run.checkLaw();
    }
    await run.cluster.drain();

    for (const id of SOURCES) {
      const ledger = await run.ended(id);
      await checkEnd(run, ledger);
      assert.is(ledger.stored, ledger.created);
      const results = (await run.records()).filter((record) => record.type === "result");
      const own = results.filter((record) => record.id.sourceId === id);
      for (const record of own) checkResult(pipeline, record);
      const tasks = own.map(followed).sort((a, b) => a.sequence - b.sequence);
      const moves = tasks.filter(({ node }, index) => index > 0 && node !== tasks[index - 1]?.node);
      assert.ok(moves.length >= 10, `${moves.length} moves`);
      for (const node of NODES) {
        const inTime = tasks
          .filter((task) => task.node === node)
          .sort((a, b) => a.startedAtMs - b.startedAtMs);
        const sequences = inTime.map(({ sequence }) => sequence);
        assert.equal(
          sequences,
          sequences.toSorted((a, b) => a - b),
        );
      }
      for (const [index, { sequence, node, seen, continuity }] of tasks.entries()) {
        const stays = index > 0 && tasks[index - 1]?.node === node;
        assert.is(continuity, stays ? "continued" : "restarted", `task ${sequence} on ${node}`);
        const first = stays ? (tasks[index - 1]?.seen[0] ?? -1) : sequence;
        assert.equal(
          seen,
          Array.from({ length: sequence - first + 1 }, (_, offset) => first + offset),
        );
      }
    }
  });
});

test("a stateful stage waits for no task that was dropped before it, on whichever node", async () => {
  const doomed = (index: number) => index < 3 || index % 5 === 0;
  const write = (index: number, bytes: Uint8Array) => {
    if (doomed(index)) bytes.set([DEEDS.indexOf("throw"), 1]);
  };
  await localRun({ pipeline }, async (run) => {
    const placement = { detect: "edge-1", sift: "edge-1", follow: "cloud" };
    await run.add({ count: 60, write, policy: { name: "fixed", parameters: { placement } } });
    const ledger = await run.ended();
    await checkEnd(run, ledger);
    assert.equal(ledger.dropped, { serviceFailed: 14 });
    for (const record of await run.records()) {
      if (record.type !== "result") continue;
      const { sequence, continuity } = followed(record);
      assert.is(continuity, doomed(sequence - 1) ? "restarted" : "continued", `task ${sequence}`);
    }
  });
});

test.run();
