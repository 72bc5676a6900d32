import * as fc from "fast-check";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import type { ProcessorMessage } from "../../../src/actors/protocol/processor.js";
import { parseNodeName, stageKeyText, type NodeName } from "../../../src/task/identity.js";
import { validateTable, type RoutingTable } from "../../../src/task/routing-table.js";
import { stageKeyOf } from "../../../src/task/variants.js";
import { createProbe } from "../../support/probe.js";
import { newTask, pipelineOf, resultOf } from "../../task/pipelines.js";
import { CLOUD, EDGE, hopOf, keyOf, routerOf, tableOf } from "./controller-subject.js";

const PIPELINE = pipelineOf({ a: [], b: ["a"] });
const OTHER = parseNodeName("edge-2");

/** Tasks go to `routed`; all stages are deployed on `on`. */
function deployedOn(epoch: number, on: readonly NodeName[], routed = OTHER): RoutingTable {
  const deployments = PIPELINE.stages.map((stage) => ({ stage: stageKeyOf(PIPELINE, stage), nodes: on }));
  return { ...tableOf(PIPELINE, epoch, routed), deployments: on.length === 0 ? [] : deployments };
}

function subject() {
  const all = routerOf(EDGE, { stageHoldMs: 1_000 });
  const { router, scheduler, processors } = all;
  const start = (stage: string, incarnation = 1) => {
    const processor = createProbe<ProcessorMessage>(`sluice://edge-1/processors/${stage}`);
    router.tell({ type: "processorStarted", stage: keyOf(PIPELINE, stage), processor, incarnation });
    return processor;
  };
  const load = (stage: string, incarnation = 1) =>
    router.tell({ type: "processorLoaded", stage: keyOf(PIPELINE, stage), incarnation });
  const said = () => scheduler.all("stagesLoaded").map(({ stages }) => stages.map(stageKeyText).join(" "));
  const ensured = () => processors.all("ensureProcessor").map(({ stage }) => stage);
  return { ...all, start, load, said, ensured };
}

test("a controller loads what a table deploys here, though no task is routed here, and says what it has with each answer", () => {
  const { install, start, load, said, ensured } = subject();
  install(deployedOn(1, [EDGE, CLOUD]));
  assert.equal(ensured(), ["a", "b"]);
  start("a");
  load("a");
  start("b");
  load("b");
  install(deployedOn(1, [EDGE, CLOUD]));
  install(deployedOn(2, [EDGE]));
  const [a, both] = ["test@1/a", "test@1/a test@1/b"];
  assert.equal(said(), ["", a, both, both, both]);
});

test("a controller says that a stage is loaded no more once its processor starts again, and not that of an earlier start", () => {
  const { install, start, load, said } = subject();
  install(deployedOn(1, [EDGE]));
  start("a");
  load("a");
  start("a", 2);
  load("a", 1);
  load("a", 2);
  assert.equal(said(), ["", "test@1/a", "", "test@1/a"]);
});

test("a controller unloads a stage that is deployed nowhere near, after its tasks and a hold, and counts it", () => {
  const { router, install, start, load, said, processors } = subject();
  install(deployedOn(1, [EDGE], EDGE));
  const processor = start("a");
  load("a");
  const [task] = newTask(PIPELINE, 0);
  if (task === undefined) throw new Error("No task");
  router.tell({ type: "submit", task });
  install(deployedOn(2, []));
  router.advance(5_000);
  assert.equal(
    processors.all("retireProcessor").map(({ stage }) => stage.stage),
    ["b"],
    "a has a task",
  );
  const given = processor.only("execute").task;
  router.tell({ type: "stageCompleted", task: given, result: resultOf("boxes"), hop: hopOf(given, EDGE, 1) });
  router.advance(500);
  assert.is(processors.all("retireProcessor").length, 1, "the hold is not over");
  router.advance(1_000);
  assert.equal(
    processors.all("retireProcessor").map(({ stage }) => stage.stage),
    ["b", "a"],
  );
  assert.is(said().at(-1), "");
  const { loaded, unloaded } = router.state().retained.counts;
  assert.equal([loaded, unloaded], [1, 2]);
});

test("a controller retires a stage only a hold after the last table that deploys it here, whatever tables come, and then does", () => {
  const step = fc.record({
    deployed: fc.constantFrom(true, false, null),
    waitMs: fc.integer({ max: 1_400, min: 1 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const { router, install, processors } = subject();
      const nowMs = () => router.clock.monotonic();
      let epoch = 1;
      let isDeployed = true;
      let sinceMs = nowMs();
      install(deployedOn(epoch, [EDGE]));
      const retired = () => processors.all("retireProcessor").length;
      const ensured = () => processors.all("ensureProcessor").length;
      for (const { deployed, waitMs } of [...steps, { deployed: false, waitMs: 5_000 }]) {
        if (deployed !== null) {
          if (deployed !== isDeployed) sinceMs = nowMs();
          isDeployed = deployed;
          install(deployedOn(++epoch, deployed ? [EDGE] : []));
        }
        for (const untilMs = nowMs() + waitMs; nowMs() < untilMs;) {
          const before = retired();
          router.advance(1);
          if (retired() === before) continue;
          assert.not(isDeployed);
          assert.ok(nowMs() - sinceMs >= 1_000, `retired after ${nowMs() - sinceMs} ms`);
        }
        if (isDeployed) assert.is(ensured() - retired(), 2, "both stages are there");
      }
      assert.is(ensured(), retired(), "what no table deploys goes in the end");
    }),
    { numRuns: 40 },
  );
});

test("a controller keeps a stage that a later table deploys here again within the hold", () => {
  const { router, install, start, load, processors } = subject();
  install(deployedOn(1, [EDGE]));
  start("a");
  load("a");
  install(deployedOn(2, []));
  router.advance(800);
  install(deployedOn(3, [EDGE]));
  router.advance(5_000);
  assert.equal(processors.all("retireProcessor"), []);
});

test("a controller counts the hold of a stage anew after a table that deploys it for a moment between two looks", () => {
  const { router, install, processors } = subject();
  install(deployedOn(1, [EDGE]));
  install(deployedOn(2, []));
  router.advance(250);
  install(deployedOn(3, [EDGE]));
  router.advance(1);
  install(deployedOn(4, []));
  router.advance(999);
  assert.is(processors.all("retireProcessor").length, 0, "999 ms since a table deployed it");
  router.advance(1_000);
  assert.is(processors.all("retireProcessor").length, 2);
});

test("a controller says again what failed when a table deploys it here, as the scheduler may have begun anew", () => {
  const { router, install, scheduler } = subject();
  install(deployedOn(1, [EDGE]));
  router.tell({ type: "processorFailed", stage: keyOf(PIPELINE, "a"), error: new Error("no model") });
  install(deployedOn(1, [EDGE]));
  install(deployedOn(2, [EDGE]));
  const failures = scheduler.all("stageUnavailable").map(({ failure }) => failure);
  assert.equal(
    failures.map(({ reason, stage }) => `${stage.stage}: ${reason}`),
    ["a: no model", "a: no model", "a: no model"],
  );
  assert.ok(failures.every(({ retryInMs }) => retryInMs > 0));
});

test("a controller that restarts knows what is loaded, and says it with its next answer", () => {
  const { router, install, start, load, said } = subject();
  install(deployedOn(1, [EDGE]));
  start("a");
  load("a");
  router.restart();
  install(deployedOn(2, [EDGE]));
  assert.is(said().at(-1), "test@1/a");
});

test("a table that is older than the one held neither loads nor unloads anything", () => {
  const { install, ensured, processors, router } = subject();
  install(deployedOn(5, [EDGE]));
  const answers = install(deployedOn(4, []));
  assert.is(answers.all("tableRefused").length, 1);
  router.advance(10_000);
  assert.equal([ensured().length, processors.all("retireProcessor").length], [2, 0]);
});

test("validateTable finds deployments of stages that are none, twice, or twice on a node", () => {
  const table = deployedOn(1, [EDGE]);
  assert.equal(validateTable(table), []);
  const [first] = table.deployments;
  if (first === undefined) throw new Error("No deployment");
  const { stage } = first;
  const deploys = (...deployments: RoutingTable["deployments"]) =>
    validateTable({ ...table, deployments }).join();
  assert.match(deploys(first, first), "twice");
  assert.match(deploys({ stage, nodes: [EDGE, EDGE] }), "twice on one node");
  assert.match(deploys({ stage: { ...stage, variant: "x" }, nodes: [EDGE] }), "no stage of its pipelines");
  assert.match(
    deploys({ stage: { ...stage, pipelineVersion: 9 }, nodes: [EDGE] }),
    "no stage of its pipelines",
  );
});

test.run();
