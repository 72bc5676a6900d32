/** A controller with probes for its neighbours, and the tables and tasks that a test gives it. */

import { createController } from "../../../src/actors/controller/controller.js";
import {
  createControllerRetained,
  type ControllerLimits,
  type ControllerOptions,
} from "../../../src/actors/controller/state.js";
import {
  controllerAddress,
  type ControllerMessage,
  type TableInstalled,
} from "../../../src/actors/protocol/controller.js";
import type { DistributorMessage } from "../../../src/actors/protocol/distributor.js";
import type { GeneratorMessage, NodeEvent } from "../../../src/actors/protocol/generator.js";
import type { SchedulerMessage } from "../../../src/actors/protocol/scheduler.js";
import type { ProcessorsMessage } from "../../../src/actors/protocol/processor.js";
import {
  type StageKey,
  parseNodeName,
  parseSourceId,
  parseStageId,
  type NodeName,
} from "../../../src/task/identity.js";
import { DEFAULT_CONFIGURATION } from "../../../src/task/configuration.js";
import { definePipeline } from "../../../src/task/define-pipeline.js";
import { type Pipeline } from "../../../src/task/pipeline.js";
import type { RoutingTable } from "../../../src/task/routing-table.js";
import { END, type Hop, type Task } from "../../../src/task/task.js";
import { fold } from "../../support/fold.js";
import { createProbe, type Probe } from "../../support/probe.js";
import { newTask, SERVICES } from "../../task/pipelines.js";

/** The node of the controller under test, its cloud, and a source. */
export const EDGE = parseNodeName("edge-1");
export const CLOUD = parseNodeName("cloud");
export const SOURCE = parseSourceId("cam-1");

/** A controller of `node`, with a probe for each neighbour. */
export function routerOf(
  node: NodeName = EDGE,
  limits?: Partial<ControllerLimits>,
  vouched?: ControllerOptions["vouched"],
  offers: ControllerOptions["offers"] = ({ service }) => SERVICES.has(service),
) {
  const processors = createProbe<ProcessorsMessage>(`sluice://${node}/processors`);
  const distributor = createProbe<DistributorMessage>("sluice://cloud/distributor");
  const listener = createProbe<NodeEvent>("sluice://test/listener");
  const scheduler = createProbe<SchedulerMessage>("sluice://cloud/scheduler");
  const retained = createControllerRetained(limits, node);
  const behaviour = createController(
    {
      node,
      cloud: CLOUD,
      offers,
      scheduler,
      processors,
      distributor,
      listener,
      ...(limits && { limits }),
      ...(vouched && { vouched }),
    },
    retained,
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
    const answers = createProbe<TableInstalled>("sluice://cloud/scheduler");
    router.tell({ type: "installTable", table, replyTo: answers });
    return answers;
  };
  const queued = () => {
    const replyTo = createProbe<{
      readonly type: "queuesReported";
      readonly queued: Readonly<Record<string, number>>;
    }>();
    router.tell({ type: "reportQueues", replyTo });
    return Object.values(replyTo.only("queuesReported").queued).reduce((sum, count) => sum + count, 0);
  };
  /** Bytes of other nodes' tasks that wait, as it counts them. */
  const waitingBytes = () => retained.bytes.bytes;
  return {
    waitingBytes,
    router,
    processors,
    distributor,
    listener,
    scheduler,
    other,
    attach,
    install,
    queued,
  };
}

export function tableOf(pipeline: Pipeline, epoch: number, node: NodeName, term = 1): RoutingTable {
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
    deployments: [],
    fallback: CLOUD,
  };
}

export const keyOf = (pipeline: Pipeline, stage: string): StageKey => ({
  pipelineId: pipeline.id,
  pipelineVersion: pipeline.version,
  stage: parseStageId(stage),
});

export function hopOf(task: Task, node: NodeName, epoch: number): Hop {
  if (task.cursor === END) throw new Error("The task is at its end");
  return {
    stage: task.cursor,
    node,
    epoch,
    attempt: 1,
    delivery: 1,
    enqueuedAtMs: 1,
    startedAtMs: 2,
    endedAtMs: 3,
  };
}

/** A pipeline whose stateful stage `c` joins two others. */
export const FOLLOW = definePipeline(
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
export const FOLLOWED = parseStageId("c");

/** The branches of a task whose stateful stage is pinned to `node`. */
export const pinned = (node: NodeName, sequence = 0): readonly Task[] =>
  newTask(FOLLOW, sequence).map((branch) => ({
    ...branch,
    joinNodes: new Map([[FOLLOWED, node]]),
    pins: new Map([[FOLLOWED, { node, ordinal: sequence }]]),
  }));
