import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { DEFAULT_PROCESSOR_LIMITS } from "../../../src/actors/processor/processor-limits.js";
import { createProcessors, createProcessorsRetained } from "../../../src/actors/processor/processors.js";
import { spawnProcessors } from "../../../src/actors/processor/spawn.js";
import type { ProcessorAnswer, ProcessorMessage } from "../../../src/actors/protocol/processor.js";
import { type StageKey, parseStageId } from "../../../src/task/identity.js";
import { definePipeline } from "../../../src/task/define-pipeline.js";
import { type Pipeline } from "../../../src/task/pipeline.js";
import type { ServiceDeclaration } from "../../../src/task/service.js";
import type { ActorRef } from "../../../src/runtime/actor-ref.js";
import type { Behaviour } from "../../../src/runtime/behaviour.js";
import { silentLogger } from "../../../src/runtime/log.js";
import { createActorSystem, type ActorSystem } from "../../../src/runtime/system.js";
import { fold } from "../../support/fold.js";
import { createProbe } from "../../support/probe.js";
import { within } from "../../support/within.js";
import { newTask, NODE } from "../../task/pipelines.js";
import { scriptedWorkers } from "./scripted-workers.js";

const serviceOf = (name: string, stateful = false): ServiceDeclaration => ({
  name,
  summary: name,
  inputs: ["frame"],
  output: stateful ? "tracks" : "boxes",
  stateful,
  module: new URL(`../../support/services/${name}.js`, import.meta.url).href,
});

const services: ReadonlyMap<string, ServiceDeclaration> = new Map(
  [serviceOf("noop"), serviceOf("commands"), serviceOf("sequences", true)].map((service) => [
    service.name,
    service,
  ]),
);

const pipelineOf = (service: string, id = "test", version = 1): Pipeline =>
  definePipeline({ id, version, stages: [{ id: "a", service }] }, services);
const stage = parseStageId("a");
const keyOf = (pipeline: Pipeline): StageKey => ({
  pipelineId: pipeline.id,
  pipelineVersion: pipeline.version,
  stage,
});

function supervisor() {
  const actor = fold(
    createProcessors(
      {
        node: NODE,
        services,
        modelDir: null,
        limits: DEFAULT_PROCESSOR_LIMITS,
        startWorker: scriptedWorkers().start,
        hasMemory: () => true,
      },
      createProcessorsRetained(),
    ),
  );
  const controller = createProbe<ProcessorAnswer>();
  const ensure = (pipeline: Pipeline) => actor.tell({ type: "ensureProcessor", pipeline, stage, controller });
  const retire = (pipeline: Pipeline) => actor.tell({ type: "retireProcessor", stage: keyOf(pipeline) });
  const names = () => actor.spawned.map((child) => child.options.name);
  return { actor, ensure, retire, names };
}

test("processors starts one child for each stage of each version, under names that tell them apart", () => {
  const { ensure, names } = supervisor();
  ensure(pipelineOf("noop"));
  ensure(pipelineOf("noop", "test", 2));
  ensure(pipelineOf("noop", "other"));
  assert.equal(names(), ["test$1$a", "test$2$a", "other$1$a"]);
});

test("processors starts one child for each variant of a stage that is asked for, and loads its parameters", () => {
  const workers = scriptedWorkers();
  const limits = DEFAULT_PROCESSOR_LIMITS;
  const options = {
    node: NODE,
    services,
    modelDir: null,
    limits,
    startWorker: workers.start,
    hasMemory: () => true,
  };
  const actor = fold(createProcessors(options, createProcessorsRetained()));
  const variants = { large: { size: 416 }, small: { size: 320 } };
  const pipeline = definePipeline({ id: "test", stages: [{ id: "a", service: "noop", variants }] }, services);
  const controller = createProbe<ProcessorAnswer>();
  for (const variant of ["small", "large", "small"]) {
    actor.tell({ type: "ensureProcessor", pipeline, stage, variant, controller });
  }
  assert.equal(
    actor.spawned.map((child) => child.options.name),
    ["test$1$a$small", "test$1$a$large"],
  );
  for (const { behaviour } of actor.spawned) fold(behaviour);
  assert.equal(
    workers.all.map(({ spec }) => spec.parameters),
    [{ size: 320 }, { size: 416 }],
  );
  actor.tell({ type: "retireProcessor", stage: { ...keyOf(pipeline), variant: "small" } });
  assert.equal(actor.stopped, [actor.spawned[0]?.ref.address]);
});

test("processors keeps the names of its children within what an actor's name may be", () => {
  const { actor, names } = supervisor();
  const long = "x".repeat(64);
  const pipeline = definePipeline(
    {
      id: long,
      stages: [
        { id: `${long.slice(1)}1`, service: "noop" },
        { id: `${long.slice(1)}2`, service: "noop", after: [`${long.slice(1)}1`] },
      ],
    },
    new Map([["noop", { ...serviceOf("noop"), inputs: [] }]]),
  );
  for (const { id } of pipeline.stages) {
    actor.tell({ type: "ensureProcessor", pipeline, stage: id, controller: createProbe() });
  }
  assert.is(new Set(names()).size, 2);
  assert.ok(names().every((name) => name.length <= 128));
});

test("processors asked for a stage that it has starts no other child", () => {
  const { actor, ensure } = supervisor();
  ensure(pipelineOf("noop"));
  ensure(pipelineOf("noop"));
  assert.is(actor.spawned.length, 1);
  assert.is(actor.spawned[0]?.ref.received.length, 0);
});

test("processors stops the child of a stage that is retired, and starts another when it is asked for again", () => {
  const { actor, ensure, retire } = supervisor();
  const pipeline = pipelineOf("noop");
  retire(pipeline);
  ensure(pipeline);
  const address = actor.spawned[0]?.ref.address ?? "";
  retire(pipeline);
  retire(pipeline);
  assert.equal(actor.stopped, [address]);
  assert.is(actor.spawned.length, 1);
  ensure(pipeline);
  assert.is(actor.spawned.length, 2);
});

test("processors starts again what is wanted: a child that is gone, and all children after a restart of its own", () => {
  const { actor, ensure, retire, names } = supervisor();
  ensure(pipelineOf("noop"));
  actor.terminate(actor.spawned[0]?.ref.address ?? "", "failed");
  ensure(pipelineOf("noop", "other"));
  ensure(pipelineOf("noop", "retired"));
  retire(pipelineOf("noop", "retired"));
  actor.restart();
  assert.equal(names(), ["test$1$a", "test$1$a", "other$1$a", "retired$1$a", "test$1$a", "other$1$a"]);
});

// ── In a real system, with real threads ─────────────────────────────────────────────────────────────────────────────

type Answer = Extract<ProcessorAnswer, { readonly type: "stageCompleted" | "stageDropped" }>;

/** A controller that hands over tasks when the processor announces itself, and collects the answers. */
function collector(pipeline: Pipeline, count: number, source: (sequence: number) => number) {
  const answers: Answer[] = [];
  let done = (): void => {};
  const all = new Promise<void>((resolve) => (done = resolve));
  let processor: ActorRef<ProcessorMessage> | null = null;
  const behaviour: Behaviour<null, ProcessorAnswer> = {
    start: () => null,
    receive(state, message) {
      if (message.type === "processorStarted" && processor === null) {
        processor = message.processor;
        for (let index = 0; index < count; index += 1) {
          const [task] = newTask(pipeline, source(index));
          if (task === undefined) continue;
          const { incarnation } = message;
          processor.tell({ type: "execute", task, epoch: 1, attempt: 1, enqueuedAtMs: 0, incarnation });
        }
      } else if (message.type === "stageCompleted" || message.type === "stageDropped") {
        answers.push(message);
        if (answers.length === count) done();
      }
      return state;
    },
  };
  return { behaviour, answers, all };
}

function startSystem(): ActorSystem {
  return createActorSystem({ name: NODE, log: silentLogger });
}

async function runTasks(service: string, count: number, sequenceAt: (index: number) => number) {
  const system = startSystem();
  const pipeline = pipelineOf(service);
  const { behaviour, answers, all } = collector(pipeline, count, sequenceAt);
  const controller = system.spawn(behaviour, { name: "controller" });
  const supervisorRef = spawnProcessors(system, {
    node: NODE,
    clock: system.clock,
    services,
    modelDir: null,
  });
  supervisorRef.tell({ type: "ensureProcessor", pipeline, stage, controller });
  await within(20_000, all, "every answer");
  return { system, answers, supervisorRef, pipeline };
}

const workersAlive = () =>
  process.getActiveResourcesInfo().filter((resource) => resource === "MessagePort").length;

test("spawnProcessors runs tasks through a real worker, in order, and ends it when the stage is retired", async () => {
  const count = 16;
  const { system, answers, supervisorRef, pipeline } = await runTasks("sequences", count, (index) =>
    // Each pair arrives the wrong way round.
    index % 2 === 0 ? index + 1 : index - 1,
  );
  assert.equal(
    answers.map((answer) => answer.task.id.sequence),
    Array.from({ length: count }, (_, index) => index),
  );
  const last = answers.at(-1);
  const label = last?.type === "stageCompleted" ? last.result.frames[0]?.[0]?.label : "";
  assert.is(label, Array.from({ length: count }, (_, index) => index).join(","));
  for (const answer of answers) {
    if (answer.type !== "stageCompleted") continue;
    const { enqueuedAtMs, startedAtMs, endedAtMs } = answer.hop;
    assert.ok(enqueuedAtMs <= startedAtMs && startedAtMs <= endedAtMs);
  }
  assert.is(workersAlive(), 1);
  supervisorRef.tell({ type: "retireProcessor", stage: keyOf(pipeline) });
  await gone();
  await within(5_000, system.terminate());
});

test("a system that terminates leaves no worker behind", async () => {
  const { system, answers } = await runTasks("noop", 3, (index) => index);
  assert.is(answers.length, 3);
  await within(5_000, system.terminate());
  await gone();
});

/** Turns of the event loop until the last worker has ended. */
async function gone(): Promise<void> {
  const turns = async () => {
    while (workersAlive() > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  await within(10_000, turns(), "the worker to end");
}

test.run();
