/**
 * Tasks of the right form that no honest node would send: they walk a pipeline that is known or not, in ways that it has not, to a
 * node with tables, processors and tasks of its own. The guard lets them in, as it knows no pipeline.
 */

import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import * as fc from "fast-check";
import { createController } from "../../../src/actors/controller/controller.js";
import { createControllerRetained } from "../../../src/actors/controller/state.js";
import { guardFor } from "../../../src/actors/guard/guard.js";
import { createProcessor, createProcessorRetained } from "../../../src/actors/processor/processor.js";
import { DEFAULT_PROCESSOR_LIMITS } from "../../../src/actors/processor/processor-limits.js";
import type { DistributorMessage } from "../../../src/actors/protocol/distributor.js";
import type { ProcessorsMessage } from "../../../src/actors/protocol/processor.js";
import type { ActorRef } from "../../../src/runtime/actor-ref.js";
import { DEFAULT_CONFIGURATION } from "../../../src/task/configuration.js";
import { definePipeline } from "../../../src/task/define-pipeline.js";
import { parseNodeName, parseSourceId, pipelineKeyText } from "../../../src/task/identity.js";
import { TASK_LIMITS } from "../../../src/task/limits.js";
import { stageOf, type Pipeline } from "../../../src/task/pipeline.js";
import type { RoutingTable } from "../../../src/task/routing-table.js";
import type { ServiceDeclaration } from "../../../src/task/service.js";
import { Refusal, type Sender } from "../../../src/transport/cluster/guard.js";
import { fold } from "../../support/fold.js";
import { createProbe } from "../../support/probe.js";
import { NOW_MS } from "../../support/records.js";
import { VirtualClock } from "../../support/virtual-clock.js";
import { finishedTask } from "../../support/tasks.js";
import { scriptedWorkers } from "../processor/scripted-workers.js";

const NODE = parseNodeName("edge-1");
const CLOUD = parseNodeName("cloud");
const EDGE: Sender = { name: parseNodeName("edge-2"), roles: ["edge"], grants: [] };
const HUB: Sender = { name: CLOUD, roles: ["cloud"], grants: [] };
const guard = guardFor();

const reads: ServiceDeclaration = {
  name: "reads",
  summary: "Reads frames",
  inputs: ["frame"],
  output: "boxes",
  stateful: false,
  module: "file:///none.js",
};
const services = new Map(
  [reads, { ...reads, name: "keeps", stateful: true }].map((declaration) => [declaration.name, declaration]),
);

/** A fork, a stateful stage, a join, and several leaves. */
function walked(version: number, joinTimeoutMs: number): Pipeline {
  const stages = [
    { id: "a", service: "reads" },
    { id: "b", service: "keeps", after: ["a"] },
    { id: "c", service: "reads", after: ["a"], queue: { policy: "dropOldest" as const, capacity: 1 } },
    { id: "d", service: "keeps", after: ["b", "c"] },
    { id: "e", service: "reads", after: ["a"] },
  ];
  return definePipeline({ id: "walked", version, stages, joinTimeoutMs }, services);
}

function tableOf(epoch: number, pipeline: Pipeline): RoutingTable {
  return {
    term: 1,
    epoch,
    publishedAtMs: 1,
    pipelines: new Map([[pipelineKeyText(pipeline.id, pipeline.version), pipeline]]),
    sources: new Map([
      [
        parseSourceId("cam-1"),
        {
          pipelineId: pipeline.id,
          pipelineVersion: pipeline.version,
          configuration: DEFAULT_CONFIGURATION,
          placement: new Map(
            pipeline.stages.map(({ id }, at) => [id, at % 2 === 0 ? [NODE] : [CLOUD, NODE]]),
          ),
        },
      ],
    ]),
    deployments: [],
    fallback: CLOUD,
  };
}

/** A controller with real processors behind it, whose workers finish when they are told to. */
function nodeUnderTest() {
  const clock = new VirtualClock();
  const distributor = createProbe<DistributorMessage>("sluice://cloud/distributor");
  const workers = scriptedWorkers();
  const processors: ActorRef<ProcessorsMessage> = {
    address: "sluice://edge-1/processors",
    toJSON: () => "sluice://edge-1/processors",
    tell(message) {
      if (message.type !== "ensureProcessor") return;
      const { pipeline, stage: id, controller: answerTo } = message;
      const stage = stageOf(pipeline, id);
      const key = { pipelineId: pipeline.id, pipelineVersion: pipeline.version, stage: id };
      const service = services.get(stage.service) ?? null;
      fold(
        createProcessor(
          {
            node: NODE,
            key,
            stage,
            feedsState: false,
            service,
            modelDir: null,
            controller: answerTo,
            limits: DEFAULT_PROCESSOR_LIMITS,
            startWorker: workers.start,
            hasMemory: () => true,
          },
          createProcessorRetained(),
        ),
        { clock, address: `sluice://edge-1/processors/${id}` },
      );
    },
  };
  const controller = fold(
    createController(
      {
        node: NODE,
        cloud: CLOUD,
        offers: ({ service }) => services.has(service),
        scheduler: createProbe(),
        processors,
        distributor,
        listener: null,
        limits: { stageTasksMax: 20, joinTasksMax: 5, parkTasksMax: 5 },
      },
      createControllerRetained({ joinTasksMax: 5 }),
    ),
    { clock, address: "sluice://edge-1/controller" },
  );
  return {
    controller,
    distributor,
    clock,
    work: () => {
      for (const worker of workers.alive()) {
        if (worker.status === "loading") worker.say({ type: "loaded" });
        if (worker.status === "busy") worker.complete();
      }
    },
  };
}

// ── Odd, and of the right form ──────────────────────────────────────────────────────────────────────────────────────

const { countMax, deliveriesMax } = TASK_LIMITS;
const stage = fc.constantFrom("a", "b", "c", "d", "e", "ghost");
const cursor = fc.oneof({ arbitrary: stage, weight: 4 }, fc.constant("$end"));
const place = fc.constantFrom("edge-1", "edge-2", "cloud", "nowhere");
const number = fc.constantFrom(0, 1, 2, 3, 7, countMax - 1, countMax);
const id = fc.record({
  sourceId: fc.constantFrom("cam-1", "cam-2"),
  incarnation: fc.constantFrom(0, 1, countMax),
  sequence: number,
});
const result = { type: "boxes", frames: [[], []] };
const pins = fc
  .array(fc.tuple(stage, fc.record({ node: place, ordinal: number })), { maxLength: 4 })
  .map((entries) => new Map(entries));
const delivery = fc.constantFrom(1, 2, deliveriesMax);
const pipelineId = fc.constantFrom("walked", "walked", "walked", "unknown");
const pipelineVersion = fc.constantFrom(1, 1, 2, 0, Number.MAX_SAFE_INTEGER);
const [hop] = finishedTask({ sequence: 0 }).hops;

const task = fc
  .record({
    id,
    delivery,
    pipelineId,
    pipelineVersion,
    cursor,
    cameFrom: fc.oneof(fc.constant(null), stage),
    results: fc.array(stage, { maxLength: 5 }).map((names) => new Map(names.map((name) => [name, result]))),
    hops: fc.array(stage, { maxLength: 5 }).map((names) => names.map((name) => ({ ...hop, stage: name }))),
    joinNodes: fc
      .array(fc.tuple(cursor, place), { maxLength: 4 })
      .map((entries) => new Map<string, string>(entries)),
    pins,
    payload: fc.constantFrom(null, finishedTask({ sequence: 0 }).payload),
    deadlineAtMs: fc.constantFrom(null, 0, 8.64e15, -8.64e15),
    payloadBytes: number,
  })
  .map((odd) => ({
    ...finishedTask({ sequence: 0, source: odd.id.sourceId }),
    createdAtMs: NOW_MS,
    ...odd,
  }));

const message = fc.oneof(
  { arbitrary: fc.record({ type: fc.constant("submit"), task }), weight: 6 },
  fc.record({
    type: fc.constant("submit"),
    task,
    forwarded: fc.constantFrom(0, 1, 2, 3, Number.MAX_SAFE_INTEGER),
  }),
  fc.record({ type: fc.constant("abandon"), id, delivery, pipelineId, pipelineVersion, pins }),
);
const step = fc.oneof(
  { arbitrary: message, weight: 10 },
  fc.constantFrom("work", "tick", "newer table", "other definition"),
);

test("no odd task that passes the guard makes a controller or a processor fail", () => {
  const passed = { count: 0 };
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), (steps) => {
      const { controller, clock, work } = nodeUnderTest();
      let epoch = 1;
      const install = (pipeline: Pipeline): void =>
        controller.tell({
          type: "installTable",
          table: tableOf(epoch++, pipeline),
          replyTo: createProbe("sluice://cloud/scheduler"),
        });
      install(walked(1, 1_000));
      for (const next of steps) {
        if (typeof next === "string") {
          if (next === "work") work();
          else if (next === "tick") clock.advance(6_000);
          else install(next === "newer table" ? walked((epoch % 2) + 1, 1_000) : walked(1, epoch + 1_000));
          continue;
        }
        const verdict = guard(next.type === "abandon" ? HUB : EDGE, "/controller", next);
        if (verdict instanceof Refusal) throw new Error(verdict.detail);
        passed.count += 1;
        // An exception out of a component fails the property.
        controller.tell(verdict as never);
      }
      work();
      clock.advance(60_000);
      assert.equal(controller.unhandled, []);
    }),
    { numRuns: 500 },
  );
  assert.ok(passed.count > 2_000, `only ${passed.count} passed`);
});

test.run();
