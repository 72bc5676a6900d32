import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { createSchedulerRetained } from "../../../src/actors/scheduler/retained.js";
import type { FailureMemory } from "../../../src/actors/scheduler/plan-memory-port.js";
import { createScheduler } from "../../../src/actors/scheduler/scheduler.js";
import { createInlineDecisions } from "../../../src/actors/scheduler/inline-decisions.js";
import { createPolicies } from "../../../src/scheduling/policies.js";
import { createMemoryTrust } from "../../../src/storage/trust/trust.js";
import {
  parseNodeName,
  parsePipelineId,
  parseSourceId,
  parseStageId,
  stageKeyText,
  type StageKey,
} from "../../../src/task/identity.js";
import type { NodeDescription } from "../../../src/task/requests.js";
import { createProbe } from "../../support/probe.js";
import type { NodesReported } from "../../../src/actors/protocol/scheduler.js";
import type { ControllerMessage } from "../../../src/actors/protocol/controller.js";
import { fold } from "../../support/fold.js";
import { TWO_SIZES } from "../../task/pipelines.js";
import { CLOUD, DETECT, EDGE_1, EDGE_2, hop, node, outcome, PIPELINE, source, TRACK } from "./cluster.js";

const CAM_1 = source().id;
const keyOf = (stage: string): StageKey => ({
  pipelineId: PIPELINE.id,
  pipelineVersion: 1,
  stage: parseStageId(stage),
});

function cluster(
  nodes: readonly NodeDescription[] = [node("cloud"), node("edge-1"), node("edge-2")],
  failures: FailureMemory = new Map(),
) {
  const retained = { ...createSchedulerRetained(), failures };
  const scheduler = fold(
    createScheduler(
      {
        term: 1,
        epoch: 0,
        fallback: CLOUD,
        decisions: createInlineDecisions(createPolicies()),
        intervalMs: 1_000,
        moveLimits: {},
        nodesMax: 10,
        sourcesMax: 10,
        sourcesPerNodeMax: 10,
        pipelinesPerNodeMax: 10,
        owners: createMemoryTrust().owners,
        listener: null,
      },
      retained,
    ),
    { address: "sluice://cloud/scheduler" },
  );
  const join = (description: NodeDescription) => {
    const controller = createProbe<ControllerMessage>(`sluice://${description.name}/controller`);
    scheduler.tell({ type: "registerNode", node: description, controller });
  };
  for (const description of nodes) join(description);
  const register = (changes: Partial<ReturnType<typeof source>> = {}) =>
    scheduler.tell({ type: "registerSource", source: source(changes) });
  const place = (placement: Readonly<Record<string, unknown>>, configuration = {}) =>
    scheduler.tell({
      type: "setPolicy",
      sourceId: CAM_1,
      policy: { name: "fixed", parameters: { placement, configuration } },
    });
  const loaded = (name: string, ...stages: readonly (string | StageKey)[]) => {
    scheduler.tell({
      type: "stagesLoaded",
      node: parseNodeName(name),
      stages: stages.map((stage) => (typeof stage === "string" ? keyOf(stage) : stage)),
    });
    scheduler.advance(20);
  };
  const route = () => retained.table?.sources.get(CAM_1);
  const at = (stage = DETECT) => route()?.placement.get(stage)?.[0];
  const deployed = () =>
    Object.fromEntries(
      (retained.table?.deployments ?? []).map(({ stage, nodes: on }) => [stageKeyText(stage), on]),
    );
  return { scheduler, retained, join, register, place, loaded, route, at, deployed };
}

test("a source that registers has its stages deployed with the first table, and a replica on the cloud", () => {
  const { register, deployed, route, at } = cluster();
  register();
  assert.equal(deployed(), { "two@1/detect": [CLOUD, EDGE_1], "two@1/track": [CLOUD, EDGE_1] });
  assert.is(route()?.loading, true, "nobody has loaded anything");
  assert.is(at(), EDGE_1, "where no node is ready the plan decides");
});

test("a stage goes to another node once that has loaded it, and not before", () => {
  const { register, place, loaded, at, deployed } = cluster();
  register();
  loaded("edge-1", "detect", "track");
  place({ detect: "edge-2", track: "edge-1" });
  assert.is(at(), EDGE_1);
  assert.equal(deployed()["two@1/detect"], [CLOUD, EDGE_1, EDGE_2], "loaded there, and still where it runs");
  loaded("edge-2", "track");
  assert.is(at(), EDGE_1, "another stage is nothing to it");
  loaded("edge-2", "detect", "track");
  assert.is(at(), EDGE_2);
  assert.equal(deployed()["two@1/detect"], [CLOUD, EDGE_2], "and unloaded where nothing goes any more");
});

test("a stage leaves a node at once that cannot run it any more, or is gone, also where it was to leave anyway", () => {
  for (const change of ["runs something else", "is gone"]) {
    const { scheduler, join, register, place, loaded, at } = cluster();
    register();
    loaded("edge-1", "detect", "track");
    place({ detect: "edge-2", track: "edge-2" });
    loaded("edge-2", "detect", "track");
    place({ detect: "cloud", track: "cloud" });
    assert.is(at(), EDGE_2, "the cloud has not loaded it");
    if (change === "is gone") scheduler.tell({ type: "removeNode", node: EDGE_2 });
    else join({ ...node("edge-2"), services: [] });
    assert.is(at(), CLOUD, change);
  }
});

test("a source is no more loading once every stage has a node that has loaded it", () => {
  const { register, loaded, route } = cluster();
  register();
  loaded("edge-1", "detect");
  assert.is(route()?.loading, true);
  loaded("edge-1", "detect", "track");
  assert.is(route()?.loading, undefined);
});

test("a stage that its node has lost goes to one of its nodes that has it", () => {
  const { register, place, loaded, at } = cluster();
  register();
  place({ detect: ["edge-2", "cloud"], track: "edge-1" });
  loaded("edge-1", "detect", "track");
  loaded("cloud", "detect");
  loaded("edge-2", "detect");
  assert.is(at(), EDGE_2);
  loaded("edge-2");
  assert.is(at(), CLOUD);
  loaded("edge-2", "detect");
  assert.is(at(), EDGE_2);
});

test("a node that fails to load keeps nothing, and its stage stays where it is", () => {
  const { scheduler, register, place, loaded, at } = cluster();
  register();
  loaded("edge-1", "detect", "track");
  place({ detect: ["edge-2", "edge-1"], track: "edge-1" });
  const failure = { stage: keyOf("detect"), reason: "its model is broken", retryInMs: 10_000 };
  scheduler.tell({ type: "stageUnavailable", node: EDGE_2, failure });
  assert.is(at(), EDGE_1);
  assert.match(String(scheduler.state().sources.get(CAM_1)?.why.inputs["cannotRun"]), "detect on edge-2");
});

test("a stage that a node could not load stays elsewhere under a hub that starts again, for as long and for what the node offered", () => {
  const failures: FailureMemory = new Map();
  const start = (again = node("edge-2")) => {
    const started = cluster([node("cloud"), node("edge-1"), again], failures);
    started.register();
    started.loaded("edge-1", "detect", "track");
    started.loaded("edge-2", "detect");
    started.place({ detect: ["edge-2", "edge-1"], track: "edge-1" });
    return started;
  };
  const first = start();
  assert.is(first.at(), EDGE_2);
  const failure = { stage: keyOf("detect"), reason: "its model is broken", retryInMs: 10_000 };
  first.scheduler.tell({ type: "stageUnavailable", node: EDGE_2, failure });
  assert.is(first.at(), EDGE_1);

  const second = start();
  assert.is(second.at(), EDGE_1);
  second.scheduler.advance(11_000);
  assert.is(second.at(), EDGE_2, "it is over");

  const third = start();
  assert.is(third.at(), EDGE_1);
  third.scheduler.tell({ type: "removeNode", node: EDGE_2 });
  third.join(node("edge-2"));
  third.loaded("edge-2", "detect");
  assert.is(third.at(), EDGE_2, "it came back, and is tried at once");
  assert.is(failures.size, 0);

  third.scheduler.tell({ type: "stageUnavailable", node: EDGE_2, failure });
  assert.is(start(node("edge-2", ["detect", "track", "more"])).at(), EDGE_2, "it has something else now");
});

test("a node that says it is ready and then cannot run the stage is left, and comes back after a while only once it is ready again", () => {
  const { scheduler, register, place, loaded, at } = cluster();
  register();
  loaded("edge-1", "detect", "track");
  loaded("edge-2", "detect");
  place({ detect: ["edge-2", "edge-1"], track: "edge-1" });
  assert.is(at(), EDGE_2);
  const failure = { stage: keyOf("detect"), reason: "it crashed", retryInMs: 10_000 };
  loaded("edge-2");
  scheduler.tell({ type: "stageUnavailable", node: EDGE_2, failure });
  assert.is(at(), EDGE_1);
  scheduler.advance(11_000);
  assert.is(at(), EDGE_1, "it is to load it again, and has not yet");
  loaded("edge-2", "detect");
  assert.is(at(), EDGE_2);
});

test("a node that never answers is excluded after a time limit, and tried again later", () => {
  const { scheduler, register, place, loaded, at, deployed } = cluster();
  register();
  loaded("edge-1", "detect", "track");
  loaded("cloud", "detect", "track");
  place({ detect: ["edge-2", "edge-1"], track: "edge-1" });
  scheduler.advance(80_000);
  assert.ok(deployed()["two@1/detect"]?.includes(EDGE_2));
  assert.is(scheduler.state().exclusions.of(EDGE_2, scheduler.clock.monotonic()).length, 0);
  scheduler.advance(15_000);
  const [failure] = scheduler.state().exclusions.of(EDGE_2, scheduler.clock.monotonic());
  assert.match(failure?.reason ?? "", "has not said within 90 s");
  assert.is(at(), EDGE_1);
  assert.equal(deployed()["two@1/detect"], [CLOUD, EDGE_1]);
  scheduler.advance(65_000);
  assert.ok(deployed()["two@1/detect"]?.includes(EDGE_2), "tried again");
});

test("a restarted scheduler leaves every stage where it runs until its nodes say what they have", () => {
  const { scheduler, register, place, loaded, at, retained } = cluster();
  register();
  loaded("edge-1", "detect", "track");
  place({ detect: "edge-2", track: "edge-1" });
  scheduler.restart();
  scheduler.advance(5_000);
  assert.is(at(), EDGE_1);
  assert.equal(
    retained.plans.get(CAM_1)?.placement.get(DETECT),
    [EDGE_2],
    "what was decided is not forgotten",
  );
  loaded("edge-1", "detect", "track");
  assert.is(at(), EDGE_1);
  loaded("edge-2", "detect");
  assert.is(at(), EDGE_2);
});

test("a node that comes back as another process has to load first, and what ran there moves meanwhile", () => {
  const { join, register, place, loaded, at } = cluster();
  register();
  place({ detect: ["edge-2", "cloud"], track: "edge-1" });
  loaded("edge-1", "track");
  loaded("cloud", "detect", "track");
  loaded("edge-2", "detect");
  assert.is(at(), EDGE_2);
  join({ ...node("edge-2"), capacity: { provider: "cpu", workersPerStage: 2 } });
  loaded("edge-2");
  assert.is(at(), CLOUD);
  loaded("edge-2", "detect");
  assert.is(at(), EDGE_2);
});

test("a variant is loaded before tasks run in it, also on the node that has the other one", () => {
  const held = (name: string) => ({
    ...node(name, ["sized", "track"]),
    models: ["large.onnx", "small.onnx"].map((file) => ({ file, bytes: 1, sha256: "a".repeat(64) })),
  });
  const { register, place, loaded, route, deployed } = cluster([held("cloud"), held("edge-1")]);
  register({ pipeline: TWO_SIZES });
  const find = (variant: string): StageKey => ({
    pipelineId: TWO_SIZES.id,
    pipelineVersion: 1,
    stage: parseStageId("find"),
    variant,
  });
  const sort: StageKey = { pipelineId: TWO_SIZES.id, pipelineVersion: 1, stage: parseStageId("sort") };
  loaded("edge-1", find("large"), sort);
  assert.equal(route()?.configuration.variants, { find: "large" });
  place({ find: "edge-1", sort: "edge-1" }, { fps: 3, variants: { find: "small" } });
  assert.equal([route()?.configuration.variants, route()?.configuration.fps], [{ find: "large" }, 3]);
  assert.equal(deployed()["sizes@1/find:small"], [CLOUD, EDGE_1]);
  assert.equal(deployed()["sizes@1/find:large"], [EDGE_1]);
  loaded("edge-1", find("large"), find("small"), sort);
  assert.equal(route()?.configuration.variants, { find: "small" });
  assert.is("sizes@1/find:large" in deployed(), false);
});

test("outcomes count for a plan once all of it runs as planned, and its age begins then", () => {
  const { scheduler, register, place, loaded, retained } = cluster();
  register();
  loaded("edge-1", "detect", "track");
  place({ detect: "edge-2", track: "edge-1" });
  const recent = () => {
    const now = scheduler.clock.monotonic();
    return scheduler.state().sources.get(CAM_1)?.window.report(now, null);
  };
  const settle = (sequence: number, at: string) => {
    const epoch = retained.table?.epoch ?? 0;
    const hops = [hop("detect", at, { epoch }), hop("track", "edge-1", { epoch })];
    const id = { sourceId: CAM_1, incarnation: 1, sequence };
    scheduler.tell({ type: "taskSettled", outcome: outcome(sequence, { id, hops }) });
  };
  settle(0, "edge-1");
  scheduler.advance(4_000);
  assert.equal([recent()?.stored, recent()?.planAgeMs], [0, 0], "it runs where it was");
  loaded("edge-2", "detect");
  settle(1, "edge-2");
  scheduler.advance(2_000);
  assert.equal([recent()?.stored, recent()?.planAgeMs], [1, 2_000]);
});

test("a second node has stages loaded where the source asks for one that stands by", () => {
  const { register, place, deployed } = cluster();
  register({ standby: 1 });
  place({ detect: ["edge-1", "edge-2", "cloud"], track: "edge-1" });
  assert.equal(deployed()["two@1/detect"], [CLOUD, EDGE_1, EDGE_2]);
  assert.equal(deployed()["two@1/track"], [CLOUD, EDGE_1]);
});

test("a node is asked to load no more than it may, and the stages that find no room go elsewhere at once", () => {
  const small = { ...node("edge-1"), capacity: { provider: "cpu", workersPerStage: 1, stagesMax: 1 } };
  const { scheduler, register, deployed, route } = cluster([node("cloud"), small]);
  register();
  const on = (name: string) =>
    Object.values(deployed()).filter((nodes) => nodes.some((other) => other === name));
  assert.is(on("edge-1").length, 1);
  assert.is(on("cloud").length, 2);
  scheduler.advance(1_000);
  const places = [DETECT, TRACK].map((stage) => route()?.placement.get(stage)?.[0]);
  assert.equal(new Set(places), new Set([CLOUD, EDGE_1]));
  const [failure] = scheduler.state().exclusions.of(EDGE_1, scheduler.clock.monotonic());
  assert.match(failure?.reason ?? "", "no more than 1 stage loaded");
});

test("very many stages without room push out no failure of a node, and are not decided about again and again", () => {
  const small = { ...node("edge-1"), capacity: { provider: "cpu", workersPerStage: 1, stagesMax: 1 } };
  const { scheduler, register, retained } = cluster([node("cloud"), small]);
  register();
  const failure = { stage: keyOf("detect"), reason: "it has no model", retryInMs: 3_600_000 };
  scheduler.tell({ type: "stageUnavailable", node: EDGE_1, failure });
  for (let n = 0; n < 6; n += 1) {
    const [first] = PIPELINE.stages;
    if (first === undefined) throw new Error("It has no stage");
    const stages = Array.from({ length: 60 }, (_, at) => ({
      ...first,
      id: parseStageId(`s${at}`),
      successors: [],
    }));
    register({
      id: parseSourceId(`wide-${n}`),
      pipeline: { ...PIPELINE, id: parsePipelineId(`wide-${n}`), stages },
    });
  }
  for (let turn = 0; turn < 20; turn += 1) scheduler.advance(1_000);
  const failures = () => scheduler.state().exclusions.of(EDGE_1, scheduler.clock.monotonic());
  assert.ok(failures().some(({ reason }) => reason === "it has no model"));
  assert.ok(failures().length <= 129, `${failures().length} are kept`);
  const { epoch } = retained.table ?? { epoch: 0 };
  for (let turn = 0; turn < 20; turn += 1) scheduler.advance(1_000);
  assert.is(retained.table?.epoch, epoch, "nothing has changed");
});

test("a node that loads and unloads all the time makes a table a second at most, and what it says last counts all the same", () => {
  const { scheduler, register, place, loaded, at, retained } = cluster();
  register();
  loaded("edge-1", "detect", "track");
  place({ detect: ["edge-2", "edge-1"], track: "edge-1" });
  const before = retained.table?.epoch ?? 0;
  for (let n = 0; n < 1_000; n++) loaded("edge-2", ...(n % 2 === 0 ? ["detect"] : []));
  const tables = (retained.table?.epoch ?? 0) - before;
  assert.ok(tables <= 64 + 21, `${tables} tables in 20 s`);
  const reported = createProbe<NodesReported>("sluice://cloud/asker");
  scheduler.tell({ type: "reportNodes", replyTo: reported });
  const { nodes } = reported.only("nodesReported");
  const held = Object.fromEntries(
    nodes.map(({ description, heldReports }) => [description.name, heldReports]),
  );
  assert.ok((held["edge-2"] ?? 0) > 800, `${held["edge-2"]} were held`);
  assert.is(held["edge-1"], 0);
  loaded("edge-1", "detect");
  loaded("edge-2", "detect");
  scheduler.advance(1_000);
  assert.is(at(), EDGE_2, "what it says last");
});

test("a node that says too much takes nothing from others, whose stages go where they are loaded at once", () => {
  const { register, place, loaded, at } = cluster();
  register();
  loaded("edge-1", "detect", "track");
  place({ detect: ["cloud", "edge-1"], track: "edge-1" });
  for (let n = 0; n < 201; n++) loaded("edge-2", ...(n % 2 === 0 ? ["detect"] : []));
  loaded("cloud", "detect");
  assert.is(at(), CLOUD);
});

test("what a node says of a source that is not there, or a node that is not, changes nothing", () => {
  const { scheduler, loaded, retained } = cluster();
  loaded("edge-1", "detect");
  loaded("edge-9", "detect");
  assert.is(retained.table, null);
  assert.is(scheduler.state().ignored, 1);
});

test.run();
