import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { silentLogger } from "../../../src/runtime/log.js";
import { createMemoryState } from "../../../src/storage/hub/memory-state.js";
import { openPlanMemory } from "../../../src/storage/hub/plan-memory.js";
import { DEFAULT_CONFIGURATION } from "../../../src/task/configuration.js";
import { parseNodeName, parsePipelineId, parseSourceId, parseStageId } from "../../../src/task/identity.js";
import type { PlanChange, RememberedPlan } from "../../../src/task/reports.js";
import { VirtualClock } from "../../support/virtual-clock.js";

const CAM_1 = parseSourceId("cam-1");
const CAM_10 = parseSourceId("cam-10");
const PLAN: RememberedPlan = {
  pipelineId: "two",
  pipelineVersion: 3,
  policy: { name: "dynamic", parameters: { dwellMsMin: 1 } },
  learned: { version: "1", bytes: Uint8Array.of(255, 15, 0, 7) },
  configuration: DEFAULT_CONFIGURATION,
  placement: { detect: [parseNodeName("edge-1"), parseNodeName("cloud")] },
  why: { reason: "the link carries it", inputs: { spareMbps: 12.5, wanted: null } },
};

function change(epoch: number, atMs: number): PlanChange {
  const { configuration, placement, why } = PLAN;
  return { atMs, epoch, policy: "dynamic", configuration, placement, why };
}

async function opened(state = createMemoryState(), changes = {}) {
  const clock = new VirtualClock();
  const memory = await openPlanMemory(state, { clock, log: silentLogger, changes });
  return { state, clock, memory };
}

test("openPlanMemory recalls what was remembered before, bytes and all, until its source is removed", async () => {
  const { state, memory } = await opened();
  const paused = { ...PLAN, pause: { reason: "tasks were late", flushes: true } };
  assert.is(memory.recall(CAM_1), null);
  memory.remember(CAM_1, paused);
  memory.remember(CAM_10, { ...PLAN, learned: null });
  await memory.close();
  const next = (await opened(state)).memory;
  assert.equal(next.recall(CAM_1), paused);
  assert.is(next.recall(CAM_10)?.learned, null);
  next.forget(CAM_1);
  await next.close();
  const last = (await opened(state)).memory;
  assert.is(last.recall(CAM_1), null);
  assert.ok(last.recall(CAM_10));
  await last.close();
});

test("openPlanMemory keeps which stages a node could not load", async () => {
  const { state, memory } = await opened();
  const edge = parseNodeName("edge-1");
  const stage = { pipelineId: parsePipelineId("two"), pipelineVersion: 3, stage: parseStageId("detect") };
  const failures = {
    offer: "a-hash",
    stages: [
      { stage, reason: "its model is damaged", untilMs: 5_000 },
      { stage: { ...stage, variant: "small" }, reason: "no room", untilMs: 6_000 },
    ],
  };
  memory.failures.set(edge, failures);
  await memory.close();
  const next = (await opened(state)).memory;
  assert.equal(next.failures.get(edge), failures);
  next.failures.delete(edge);
  await next.close();
  assert.is((await opened(state)).memory.failures.size, 0);
});

test("the changes of a plan are read back in order, of one source alone, since a time", async () => {
  const { state, clock, memory } = await opened();
  const nowMs = clock.now();
  for (const epoch of [9, 10, 100]) memory.changes.add(CAM_1, change(epoch, nowMs + epoch));
  memory.changes.add(CAM_10, change(11, nowMs));
  await memory.close();
  const { changes } = (await opened(state)).memory;
  const epochs = async (sinceMs: number) => (await changes.since(CAM_1, sinceMs)).map(({ epoch }) => epoch);
  assert.equal(await epochs(0), [9, 10, 100]);
  assert.equal(await epochs(nowMs + 10), [10, 100]);
  const [first] = await changes.since(CAM_1, 0);
  assert.equal(first, change(9, nowMs + 9));
});

test("of the changes of a plan as many are kept as are allowed, and for as long, and none of a source that is removed", async () => {
  const { state, clock, memory } = await opened(createMemoryState(), { countMax: 20, ageMsMax: 1_000 });
  const nowMs = clock.now();
  memory.changes.add(CAM_1, change(1, nowMs - 1_001));
  for (let epoch = 2; epoch < 100; epoch++) {
    memory.changes.add(CAM_1, change(epoch, nowMs));
    // What is written is read again before more is deleted.
    await Promise.resolve();
    clock.advance(0);
  }
  await memory.close();
  const next = await opened(state, { countMax: 20, ageMsMax: 1_000 });
  const kept = await next.memory.changes.since(CAM_1, 0);
  assert.is(kept.length, 20);
  assert.is(kept.at(-1)?.epoch, 99);
  next.memory.changes.add(CAM_1, change(100, nowMs));
  await next.memory.close();
  const trimmed = await opened(state);
  assert.ok((await state.range("change")).length <= 40, "at most so many until it is looked again");
  trimmed.memory.forget(CAM_1);
  await Promise.resolve();
  await Promise.resolve();
  await trimmed.memory.close();
  assert.is((await state.range("change")).length, 0);
});

test.run();
