/** A processor with scripted workers, and what a test does to it. */

import * as assert from "uvu/assert";
import {
  createProcessor,
  createProcessorRetained,
  type ProcessorPrivate,
} from "../../../src/actors/processor/processor.js";
import {
  DEFAULT_PROCESSOR_LIMITS,
  type ProcessorLimits,
} from "../../../src/actors/processor/processor-limits.js";
import type { ProcessorAnswer, ProcessorMessage } from "../../../src/actors/protocol/processor.js";
import { parseSourceId, parseStageId } from "../../../src/task/identity.js";
import { definePipeline } from "../../../src/task/define-pipeline.js";
import { stageOf, type QueuePolicy } from "../../../src/task/pipeline.js";
import type { ServiceDeclaration } from "../../../src/task/service.js";
import type { Task } from "../../../src/task/task.js";
import { fold, type Fold } from "../../support/fold.js";
import { VirtualClock } from "../../support/virtual-clock.js";
import { createProbe, type Probe } from "../../support/probe.js";
import { newTask, NODE } from "../../task/pipelines.js";
import { scriptedWorkers } from "./scripted-workers.js";

const stateless: ServiceDeclaration = {
  name: "detect",
  summary: "Finds things",
  inputs: ["frame"],
  output: "boxes",
  stateful: false,
  module: "file:///detect.js",
};
export const stateful: ServiceDeclaration = {
  ...stateless,
  name: "follow",
  output: "tracks",
  stateful: true,
};
const services = new Map([stateless, stateful].map((declaration) => [declaration.name, declaration]));

export interface Setup {
  readonly service?: ServiceDeclaration;
  readonly policy?: QueuePolicy;
  readonly capacity?: number;
  readonly limits?: Partial<ProcessorLimits>;
  readonly known?: boolean;
  readonly feedsState?: boolean;
  readonly hasMemory?: () => boolean;
  readonly clock?: VirtualClock;
}

/** A processor with scripted workers, and a probe for its controller. */
export function setUp({
  service = stateless,
  policy = "block",
  capacity = 8,
  limits,
  known = true,
  feedsState = false,
  hasMemory = () => true,
  clock = new VirtualClock(),
}: Setup = {}) {
  const pipeline = definePipeline(
    { id: "test", stages: [{ id: "a", service: service.name, queue: { policy, capacity } }] },
    new Map([...services, [service.name, service]]),
  );
  const stage = stageOf(pipeline, parseStageId("a"));
  const key = { pipelineId: pipeline.id, pipelineVersion: pipeline.version, stage: stage.id };
  const workers = scriptedWorkers();
  const controller = createProbe<ProcessorAnswer>("sluice://edge-1/controller");
  const behaviour = createProcessor(
    {
      node: NODE,
      key,
      stage,
      feedsState,
      service: known ? service : null,
      modelDir: "/models",
      controller,
      limits: { ...DEFAULT_PROCESSOR_LIMITS, replicas: 1, ...limits },
      startWorker: workers.start,
      hasMemory,
    },
    createProcessorRetained(),
  );
  const actor: Fold<unknown, ProcessorMessage | ProcessorPrivate> = fold(behaviour, {
    random: () => 0,
    clock,
  });
  const task = (
    sequence: number,
    overrides: Partial<Task> & { source?: string; incarnation?: number } = {},
  ) => {
    const { source = "cam-1", incarnation = 0, ...rest } = overrides;
    const [made] = newTask(pipeline, sequence);
    if (made === undefined) throw new Error("No task");
    return { ...made, id: { sourceId: parseSourceId(source), incarnation, sequence }, ...rest };
  };
  const execute = (...tasks: readonly Task[]) => {
    for (const each of tasks) {
      const enqueuedAtMs = actor.clock.monotonic();
      actor.tell({
        type: "execute",
        task: each,
        epoch: 7,
        attempt: 1,
        enqueuedAtMs,
        incarnation: incarnation(),
      });
    }
  };
  const incarnation = () => controller.all("processorStarted").length;
  const skip = (each: Task) =>
    actor.tell({ type: "skip", id: each.id, ordinal: each.pins.get(stage.id)?.ordinal ?? each.id.sequence });
  /** The worker that runs, loaded if it was not. */
  const load = () => workers.last().say({ type: "loaded" });
  const given = () => workers.all.flatMap((worker) => worker.jobs.map((job) => job.sequence));
  const dropped = () =>
    controller.all("stageDropped").map(({ task: { id }, reason }) => `${id.sequence} ${reason}`);
  const completed = () => controller.all("stageCompleted").map(({ task: { id } }) => id.sequence);
  return { actor, workers, controller, task, execute, skip, load, given, dropped, completed, key };
}

/** Each task was answered once, and those that were done in their order. @param arrived how many there were, by source: from 0 on */
export function assertEachAnswered(
  controller: Probe<ProcessorAnswer>,
  arrived: ReadonlyMap<string, number>,
): void {
  for (const [source, count] of arrived) {
    const of = (type: "stageCompleted" | "stageDropped") =>
      controller.all(type).flatMap(({ task: { id } }) => (id.sourceId === source ? [id.sequence] : []));
    const completed = of("stageCompleted");
    assert.equal(
      completed,
      completed.toSorted((a, b) => a - b),
    );
    assert.equal(
      [...completed, ...of("stageDropped")].sort((a, b) => a - b),
      Array.from({ length: count }, (_, sequence) => sequence),
    );
  }
}
