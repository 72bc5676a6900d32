import * as fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createController } from "../../../src/actors/controller/controller.js";
import {
  controllerAddress,
  createControllerRetained,
  type ControllerLimits,
} from "../../../src/actors/controller/state.js";
import type { ControllerMessage, TableInstalled } from "../../../src/actors/protocol/controller.js";
import type { DistributorMessage } from "../../../src/actors/protocol/distributor.js";
import type { GeneratorMessage, NodeEvent } from "../../../src/actors/protocol/generator.js";
import type { ProcessorMessage, ProcessorsMessage } from "../../../src/actors/protocol/processor.js";
import {
  type StageKey,
  parseNodeName,
  parseSourceId,
  parseStageId,
  stageKeyText,
  type NodeName,
} from "../../../src/task/identity.js";
import { DEFAULT_CONFIGURATION } from "../../../src/task/configuration.js";
import { definePipeline } from "../../../src/task/define-pipeline.js";
import { joinCursors, stageOf, type Pipeline } from "../../../src/task/pipeline.js";
import type { RoutingTable } from "../../../src/task/routing-table.js";
import { END, type Hop, type Task } from "../../../src/task/task.js";
import { fold, seeded } from "../../support/fold.js";
import { createProbe, type Probe } from "../../support/probe.js";
import { newTask, pipelineOf, randomPipeline, resultOf, SERVICES } from "../../task/pipelines.js";

const EDGE = parseNodeName("edge-1");
const CLOUD = parseNodeName("cloud");
const SOURCE = parseSourceId("cam-1");

/** A controller of `node`, with a probe for each neighbour. */
function routerOf(node: NodeName = EDGE, limits?: Partial<ControllerLimits>) {
  const processors = createProbe<ProcessorsMessage>(`sluice://${node}/processors`);
  const distributor = createProbe<DistributorMessage>("sluice://cloud/distributor");
  const listener = createProbe<NodeEvent>("sluice://test/listener");
  const behaviour = createController(
    {
      node,
      cloud: CLOUD,
      services: new Set(SERVICES.keys()),
      processors,
      distributor,
      listener,
      ...(limits && { limits }),
    },
    createControllerRetained(limits),
  );
  const router = fold(behaviour, { address: controllerAddress(node) });
  const other = (name: NodeName) =>
    router.resolved.get(controllerAddress(name)) as Probe<ControllerMessage> | undefined;
  const attach = (pipeline: Pipeline) => {
    const generator = createProbe<GeneratorMessage>(`sluice://${node}/generator`);
    router.tell({ type: "attachGenerator", sourceId: SOURCE, pipeline, generator });
    return generator;
  };
  const install = (table: RoutingTable) => {
    const scheduler = createProbe<TableInstalled>("sluice://cloud/scheduler");
    router.tell({ type: "installTable", table, replyTo: scheduler });
    return scheduler;
  };
  const queued = () => {
    const replyTo = createProbe<{
      readonly type: "queuesReported";
      readonly queued: Readonly<Record<string, number>>;
    }>();
    router.tell({ type: "reportQueues", replyTo });
    return Object.values(replyTo.only("queuesReported").queued).reduce((sum, count) => sum + count, 0);
  };
  return { router, processors, distributor, listener, other, attach, install, queued };
}

function tableOf(pipeline: Pipeline, epoch: number, node: NodeName, term = 1): RoutingTable {
  return {
    term,
    epoch,
    publishedAtMs: 0,
    pipelines: new Map([[`${pipeline.id}@${pipeline.version}`, pipeline]]),
    sources: new Map([
      [
        SOURCE,
        {
          pipelineId: pipeline.id,
          pipelineVersion: pipeline.version,
          configuration: { ...DEFAULT_CONFIGURATION, fps: epoch },
          placement: new Map(pipeline.stages.map((stage) => [stage.id, [node]])),
        },
      ],
    ]),
    fallback: CLOUD,
  };
}

const keyOf = (pipeline: Pipeline, stage: string): StageKey => ({
  pipelineId: pipeline.id,
  pipelineVersion: pipeline.version,
  stage: parseStageId(stage),
});

function hopOf(task: Task, node: NodeName, epoch: number): Hop {
  if (task.cursor === END) throw new Error("The task is at its end");
  return { stage: task.cursor, node, epoch, attempt: 1, enqueuedAtMs: 1, startedAtMs: 2, endedAtMs: 3 };
}

test("controller runs every stage here before the first table, and starts the processor at need", () => {
  const { router, processors, distributor, attach } = routerOf();
  const pipeline = pipelineOf({ a: [] });
  attach(pipeline);
  for (const sequence of [0, 1])
    for (const task of newTask(pipeline, sequence)) router.tell({ type: "submit", task });
  assert.is(processors.only("ensureProcessor").stage, "a");

  const processor = createProbe<ProcessorMessage>();
  router.tell({ type: "processorStarted", stage: keyOf(pipeline, "a"), processor, life: 1 });
  const [execute] = processor.all("execute");
  assert.ok(execute);
  const { task, epoch, attempt } = execute;
  assert.equal([task.cursor, epoch, attempt], ["a", 0, 1]);

  router.tell({ type: "stageCompleted", task, result: resultOf("a"), hop: hopOf(task, EDGE, 0) });
  const stored = distributor.only("store").task;
  assert.is(stored.cursor, END);
  assert.equal([...stored.results.keys()], ["a"]);
});

test("controller sends a stage to the node that the table places it on", () => {
  const { router, other, attach, install, processors } = routerOf();
  const pipeline = pipelineOf({ a: [] });
  attach(pipeline);
  install(tableOf(pipeline, 1, CLOUD));
  for (const task of newTask(pipeline)) router.tell({ type: "submit", task });
  const sent = other(CLOUD)?.only("submit");
  assert.is(sent?.task.cursor, "a");
  assert.is(sent?.forwarded, 1);
  assert.is(processors.received.length, 0);
});

test("controller keeps its table against an older one, an older term and the same again", () => {
  const { attach, install } = routerOf();
  const pipeline = pipelineOf({ a: [] });
  const generator = attach(pipeline);
  assert.is(install(tableOf(pipeline, 5, EDGE, 2)).only("tableInstalled").epoch, 5);
  assert.is(install(tableOf(pipeline, 4, CLOUD, 2)).only("tableRefused").heldEpoch, 5);
  assert.is(install(tableOf(pipeline, 9, CLOUD, 1)).only("tableRefused").heldEpoch, 5);
  assert.is(install(tableOf(pipeline, 5, EDGE, 2)).only("tableInstalled").epoch, 5);
  assert.equal(
    generator.all("configure").map((message) => message.epoch),
    [5],
  );
  assert.is(install(tableOf(pipeline, 1, EDGE, 3)).only("tableRefused").heldTerm, 2);
  assert.is(install(tableOf(pipeline, 6, EDGE, 3)).only("tableInstalled").epoch, 6);
});

test("controller hands a source its configuration and its join nodes with each table", () => {
  const { attach, install } = routerOf();
  const pipeline = pipelineOf({ a: [], b: ["a"], c: ["a"], d: ["b", "c"] });
  const generator = attach(pipeline);
  assert.is(generator.received.length, 0);
  install(tableOf(pipeline, 3, EDGE));
  const { configuration, joinNodes } = generator.only("configure");
  assert.is(configuration.fps, 3);
  assert.equal([...joinNodes], [["d", EDGE]]);
});

test("controller swaps tables between two messages: what no processor has follows the new one", () => {
  const { router, other, attach, install } = routerOf();
  const pipeline = pipelineOf({ a: [] });
  attach(pipeline);
  install(tableOf(pipeline, 1, EDGE));
  const processor = createProbe<ProcessorMessage>();
  const capacity = stageOf(pipeline, parseStageId("a")).queue.capacity;
  for (let sequence = 0; sequence < capacity + 3; sequence += 1) {
    for (const task of newTask(pipeline, sequence)) router.tell({ type: "submit", task });
  }
  router.tell({ type: "processorStarted", stage: keyOf(pipeline, "a"), processor, life: 1 });
  install(tableOf(pipeline, 2, CLOUD));

  const here = processor.all("execute").map((message) => message.task.id.sequence);
  const there = other(CLOUD)
    ?.all("submit")
    .map((message) => message.task.id.sequence);
  assert.is(here.length, capacity);
  assert.equal(
    [...here, ...(there ?? [])],
    Array.from({ length: capacity + 3 }, (_, sequence) => sequence),
  );
});

test("controller meets branches at the node fixed for the task, whatever table it holds", () => {
  const { router, other, attach, install } = routerOf();
  const pipeline = pipelineOf({ a: [], b: [], c: ["a", "b"] });
  attach(pipeline);
  install(tableOf(pipeline, 1, EDGE));
  const [task] = newTask(pipeline).map((branch) => ({
    ...branch,
    joinNodes: new Map([[parseStageId("c"), CLOUD]]),
  }));
  assert.ok(task);
  router.tell({ type: "submit", task });
  router.tell({ type: "processorStarted", stage: keyOf(pipeline, "a"), processor: createProbe(), life: 1 });
  router.tell({ type: "stageCompleted", task, result: resultOf("a"), hop: hopOf(task, EDGE, 1) });
  assert.is(other(CLOUD)?.only("submit").task.cursor, "c");
});

test("controller takes the first answer for a task and ignores the second", () => {
  const { router, distributor, attach } = routerOf();
  const pipeline = pipelineOf({ a: [] });
  attach(pipeline);
  const processor = createProbe<ProcessorMessage>();
  for (const task of newTask(pipeline)) router.tell({ type: "submit", task });
  router.tell({ type: "processorStarted", stage: keyOf(pipeline, "a"), processor, life: 1 });
  const { task } = processor.only("execute");
  const answer = { type: "stageCompleted", task, result: resultOf("a"), hop: hopOf(task, EDGE, 0) } as const;
  router.tell(answer);
  router.tell(answer);
  router.tell({ type: "stageDropped", task, reason: "serviceFailed", detail: "late" });
  assert.is(distributor.received.length, 1);
});

test("controller records every drop, and tells each node that may wait for the task", () => {
  const { router, distributor, other, attach, install } = routerOf();
  const pipeline = pipelineOf({ a: [], b: ["a"] });
  attach(pipeline);
  install(tableOf(pipeline, 1, EDGE));
  const [task] = newTask(pipeline).map((branch) => ({
    ...branch,
    joinNodes: new Map([[END, CLOUD]] as const),
  }));
  assert.ok(task);
  router.tell({ type: "submit", task });
  router.tell({ type: "processorStarted", stage: keyOf(pipeline, "a"), processor: createProbe(), life: 1 });
  router.tell({ type: "stageDropped", task, reason: "poison", detail: "crashed 3 times" });
  const { drop } = distributor.only("recordDrop");
  assert.equal([drop.reason, drop.stage, drop.node, drop.detail], ["poison", "a", EDGE, "crashed 3 times"]);
  assert.equal(other(CLOUD)?.only("abandon").id, task.id);
});

const FOLLOW = definePipeline(
  {
    id: "follow",
    stages: [
      { id: "a", service: "detect" },
      { id: "b", service: "detect" },
      { id: "c", service: "track", after: ["a", "b"] },
    ],
  },
  new Map(
    [...SERVICES].map(([name, service]) => [
      name,
      name === "track" ? Object.assign({}, service, { stateful: true }) : service,
    ]),
  ),
);
const FOLLOWED = parseStageId("c");

/** The branches of a task whose stateful stage is pinned to `node`. */
const pinned = (node: NodeName, sequence = 0): readonly Task[] =>
  newTask(FOLLOW, sequence).map((branch) => ({
    ...branch,
    joinNodes: new Map([[FOLLOWED, node]]),
    pins: new Map([[FOLLOWED, { node, ordinal: sequence }]]),
  }));

test("controller hands a source the nodes of its stateful stages with each table", () => {
  const { attach, install } = routerOf();
  const generator = attach(FOLLOW);
  install(tableOf(FOLLOW, 1, CLOUD));
  assert.equal([...generator.only("configure").statefulNodes], [[FOLLOWED, CLOUD]]);
});

test("controller of the pinned node keeps the skip of a task that was dropped before its processor was there", () => {
  const { router, processors, attach } = routerOf();
  attach(FOLLOW);
  const [task] = pinned(EDGE, 3);
  assert.ok(task);
  const { id, delivery, pipelineId, pipelineVersion, pins } = task;
  router.tell({ type: "abandon", id, delivery, pipelineId, pipelineVersion, pins });
  assert.is(processors.only("ensureProcessor").stage, "c");
  const processor = createProbe<ProcessorMessage>();
  router.tell({ type: "processorStarted", stage: keyOf(FOLLOW, "c"), processor, life: 1 });
  assert.equal(processor.received, [{ type: "skip", id, ordinal: 3 }]);
});

test("controller lets no branch of a task go on that was dropped on another branch, and tells of one drop", () => {
  const { router, distributor, attach, queued } = routerOf();
  attach(FOLLOW);
  const [left, right] = pinned(EDGE);
  assert.ok(left && right);
  for (const [stage, branch] of [["a", left] as const, ["b", right] as const]) {
    router.tell({ type: "submit", task: branch });
    router.tell({ type: "processorStarted", stage: keyOf(FOLLOW, stage), processor: createProbe(), life: 1 });
  }
  router.tell({ type: "stageDropped", task: left, reason: "poison", detail: "" });
  router.tell({ type: "stageDropped", task: right, reason: "serviceFailed", detail: "" });
  router.tell({ type: "submit", task: left });
  router.tell({ type: "submit", task: { ...left, cursor: FOLLOWED, cameFrom: null } });
  assert.is(distributor.only("recordDrop").drop.reason, "poison");
  assert.is(queued(), 0);
});

test("controller gives up the stages of a pipeline that another one of its name and version takes the place of", () => {
  const { router, processors, distributor, attach } = routerOf();
  const pipeline = pipelineOf({ a: [] });
  attach(pipeline);
  for (const task of newTask(pipeline)) router.tell({ type: "submit", task });
  attach(structuredClone(pipeline));
  assert.is(processors.all("retireProcessor").length, 0, "it is the same");
  attach(pipelineOf({ a: [], b: ["a"] }));
  assert.is(processors.only("retireProcessor").stage.stage, "a");
  assert.is(distributor.only("recordDrop").drop.reason, "noRoute");
});

test("controller retires what nobody uses although tasks of another pipeline wait at joins", () => {
  const { router, processors, attach } = routerOf();
  const other = pipelineOf({ a: [] });
  router.tell({
    type: "attachGenerator",
    sourceId: parseSourceId("cam-2"),
    pipeline: other,
    generator: createProbe(),
  });
  for (const task of newTask(other)) router.tell({ type: "submit", task });
  const processor = createProbe<ProcessorMessage>();
  router.tell({ type: "processorStarted", stage: keyOf(other, "a"), processor, life: 1 });
  const { task } = processor.only("execute");
  router.tell({ type: "stageCompleted", task, result: resultOf("a"), hop: hopOf(task, EDGE, 0) });

  attach(FOLLOW);
  const [branch] = pinned(EDGE);
  assert.ok(branch);
  router.tell({ type: "submit", task: { ...branch, cursor: FOLLOWED, cameFrom: parseStageId("a") } });
  router.tell({ type: "detachGenerator", sourceId: parseSourceId("cam-2") });
  assert.is(stageKeyText(processors.only("retireProcessor").stage), stageKeyText(keyOf(other, "a")));
  router.tell({ type: "detachGenerator", sourceId: SOURCE });
  router.advance(1_000);
  assert.ok(router.state().retained.pipelines.has("follow@1"), "a task that waits still walks it");
});

test("controller records what a live source could not send", () => {
  const { router, distributor, attach } = routerOf();
  const pipeline = pipelineOf({ a: [] });
  attach(pipeline);
  for (const task of newTask(pipeline))
    router.tell({ type: "stageDropped", task, reason: "windowFull", detail: "" });
  const { drop } = distributor.only("recordDrop");
  assert.equal([drop.reason, drop.stage], ["windowFull", null]);
});

test("controller drops a task whose branch does not come within the join timeout", () => {
  const { router, distributor, attach } = routerOf();
  const pipeline = pipelineOf({ a: [], b: [], c: ["a", "b"] });
  attach(pipeline);
  const processor = createProbe<ProcessorMessage>();
  const branch = newTask(pipeline).find((task) => task.cursor === "a");
  assert.ok(branch);
  router.tell({ type: "submit", task: branch });
  router.tell({ type: "processorStarted", stage: keyOf(pipeline, "a"), processor, life: 1 });
  router.tell({ type: "stageCompleted", task: branch, result: resultOf("a"), hop: hopOf(branch, EDGE, 0) });
  router.advance(pipeline.joinTimeoutMs - 1_000);
  assert.is(distributor.received.length, 0);
  router.advance(2_000);
  const { drop } = distributor.only("recordDrop");
  assert.is(drop.reason, "joinTimeout");
  assert.match(drop.detail, '"b"');
});

test("controller starts the processors of the stages that a new table places here, before their first task", () => {
  const pipeline = pipelineOf({ a: [], b: ["a"] });
  const here = routerOf(CLOUD);
  here.install(tableOf(pipeline, 1, CLOUD));
  assert.equal(
    here.processors.all("ensureProcessor").map(({ stage }) => stage as string),
    ["a", "b"],
  );
  here.install(tableOf(pipeline, 2, CLOUD));
  here.router.advance(1_000);
  assert.is(here.processors.received.length, 2, "they are there already, and of use");

  const elsewhere = routerOf(EDGE);
  elsewhere.install(tableOf(pipeline, 1, CLOUD));
  assert.equal(elsewhere.processors.received, []);
});

test("controller parks a task whose pipeline no table has named yet, and drops it in the end", () => {
  const { router, distributor, processors, install } = routerOf(CLOUD);
  const pipeline = pipelineOf({ a: [] });
  const [early, late] = [newTask(pipeline, 0)[0], newTask(pipeline, 1)[0]];
  assert.ok(early && late);
  router.tell({ type: "submit", task: early });
  router.advance(4_000);
  install(tableOf(pipeline, 1, CLOUD));
  assert.is(processors.only("ensureProcessor").stage, "a");

  const unknown = routerOf(CLOUD);
  unknown.router.tell({ type: "submit", task: late });
  unknown.router.advance(6_000);
  assert.is(unknown.distributor.only("recordDrop").drop.reason, "noRoute");
  assert.is(distributor.received.length, 0);
});

test("controller drops beyond the bound of a stage, and says so", () => {
  const { router, distributor, attach, queued } = routerOf(EDGE, { stageTasksMax: 2 });
  const pipeline = pipelineOf({ a: [] });
  attach(pipeline);
  for (let sequence = 0; sequence < 3; sequence += 1) {
    for (const task of newTask(pipeline, sequence)) router.tell({ type: "submit", task });
  }
  assert.is(distributor.only("recordDrop").drop.reason, "overflow");
  assert.is(queued(), 2);
});

test("controller forgets a pipeline and its processors once nobody uses it", () => {
  const { router, processors, attach } = routerOf();
  const pipeline = pipelineOf({ a: [] });
  attach(pipeline);
  const processor = createProbe<ProcessorMessage>();
  for (const task of newTask(pipeline)) router.tell({ type: "submit", task });
  router.tell({ type: "processorStarted", stage: keyOf(pipeline, "a"), processor, life: 1 });
  router.tell({ type: "detachGenerator", sourceId: SOURCE });
  assert.is(processors.all("retireProcessor").length, 0);
  const { task } = processor.only("execute");
  router.tell({ type: "stageCompleted", task, result: resultOf("a"), hop: hopOf(task, EDGE, 0) });
  router.advance(1_000);
  assert.is(stageKeyText(processors.only("retireProcessor").stage), stageKeyText(keyOf(pipeline, "a")));
});

test("controller keeps tables, sources and tasks through a restart of itself", () => {
  const { router, distributor, attach, install } = routerOf();
  const pipeline = pipelineOf({ a: [] });
  attach(pipeline);
  install(tableOf(pipeline, 4, EDGE));
  const processor = createProbe<ProcessorMessage>();
  for (const task of newTask(pipeline)) router.tell({ type: "submit", task });
  router.tell({ type: "processorStarted", stage: keyOf(pipeline, "a"), processor, life: 1 });
  router.restart();
  assert.is(install(tableOf(pipeline, 3, EDGE)).only("tableRefused").heldEpoch, 4);
  const { task } = processor.only("execute");
  router.tell({ type: "stageCompleted", task, result: resultOf("a"), hop: hopOf(task, EDGE, 4) });
  assert.is(distributor.only("store").task.hops.length, 1);
});

test("controller refuses a table that does not place every stage, and keeps its own", () => {
  const { attach, install } = routerOf();
  const pipeline = pipelineOf({ a: [] });
  const generator = attach(pipeline);
  install(tableOf(pipeline, 1, EDGE));
  const table = tableOf(pipeline, 2, EDGE);
  const sources = new Map([...table.sources].map(([id, route]) => [id, { ...route, placement: new Map() }]));
  assert.is(install({ ...table, sources }).only("tableRefused").heldEpoch, 1);
  assert.is(generator.all("configure").length, 1);
});

test("controller tells whoever runs the node of a stage that cannot run", () => {
  const { router, listener } = routerOf();
  const error = new Error("no model");
  router.tell({ type: "processorFailed", stage: keyOf(pipelineOf({ a: [] }), "a"), error });
  assert.is(listener.only("stageFailed").error, error);
});

/** Two controllers and processors that answer in any order, over a random DAG, with the table swapped in between. */
test("controllers bring every task to its end once, with all results, under random orders and swaps", () => {
  fc.assert(
    fc.property(randomPipeline, fc.nat(), fc.integer({ min: 1, max: 4 }), (pipeline, seed, tasks) => {
      const random = seeded(seed);
      const routers = new Map([
        [EDGE, routerOf(EDGE)],
        [CLOUD, routerOf(CLOUD)],
      ]);
      const mail: { readonly to: NodeName; readonly message: ControllerMessage }[] = [];
      const seen = new Map<unknown, number>();
      const answered = new Set<string>();
      const fresh = <M>(probe: Probe<M> | undefined): readonly M[] => {
        const from = seen.get(probe) ?? 0;
        seen.set(probe, probe?.received.length ?? 0);
        return probe?.received.slice(from) ?? [];
      };
      const works = new Map(
        [...routers.keys()].map((node) => [node, new Map<string, Probe<ProcessorMessage>>()]),
      );
      const collect = (): void => {
        for (const [node, { processors, other }] of routers) {
          for (const message of fresh(processors)) {
            if (message.type !== "ensureProcessor") continue;
            const text = stageKeyText(keyOf(message.pipeline, message.stage));
            if (works.get(node)?.has(text)) continue;
            const processor = createProbe<ProcessorMessage>();
            works.get(node)?.set(text, processor);
            mail.push({
              to: node,
              message: {
                type: "processorStarted",
                stage: keyOf(message.pipeline, message.stage),
                processor,
                life: 1,
              },
            });
          }
          for (const processor of works.get(node)?.values() ?? []) {
            for (const message of fresh(processor)) {
              if (message.type !== "execute") continue;
              const { task, epoch } = message;
              answered.add(`${task.id.sequence}/${task.cursor}`);
              mail.push({
                to: node,
                message: {
                  type: "stageCompleted",
                  task,
                  result: resultOf(task.cursor),
                  hop: hopOf(task, node, epoch),
                },
              });
            }
          }
          for (const name of routers.keys())
            for (const message of fresh(other(name))) mail.push({ to: name, message });
        }
      };

      routers.get(EDGE)?.attach(pipeline);
      for (const { install } of routers.values()) install(tableOf(pipeline, 1, EDGE));
      for (let sequence = 0; sequence < tasks; sequence += 1) {
        const joinNodes = new Map(
          joinCursors(pipeline).map((cursor) => [cursor, random() < 0.5 ? EDGE : CLOUD]),
        );
        for (const task of newTask(pipeline, sequence)) {
          mail.push({ to: EDGE, message: { type: "submit", task: { ...task, joinNodes } } });
        }
      }
      let epoch = 1;
      for (let turn = 0; mail.length > 0; turn += 1) {
        if (random() < 0.2) {
          epoch += 1;
          const node = random() < 0.5 ? EDGE : CLOUD;
          // The two nodes learn of a table at different times.
          for (const { install } of routers.values())
            if (random() < 0.7) install(tableOf(pipeline, epoch, node));
        }
        const [picked] = mail.splice(Math.floor(random() * mail.length), 1);
        if (picked !== undefined) routers.get(picked.to)?.router.tell(picked.message);
        collect();
        assert.ok(turn < 10_000, "the tasks go round in circles");
      }

      const ends = [...routers.values()].flatMap(({ distributor }) => distributor.received);
      assert.equal(
        ends.map((end) => end.type),
        Array.from({ length: tasks }, () => "store"),
      );
      for (const end of ends) {
        if (end.type !== "store") continue;
        assert.equal([...end.task.results.keys()].sort(), pipeline.stages.map((stage) => stage.id).sort());
        assert.is(end.task.hops.length, pipeline.stages.length);
      }
      assert.is(answered.size, tasks * pipeline.stages.length);
      for (const { queued } of routers.values()) assert.is(queued(), 0);
    }),
    { numRuns: 150 },
  );
});

test.run();
