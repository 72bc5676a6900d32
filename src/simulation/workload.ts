/** The pipelines of simulated sources and their services: a line, branches that join, and a stateful stage. */

import { definePipeline, type PipelineDefinition } from "../task/define-pipeline.js";
import { type Pipeline } from "../task/pipeline.js";
import type { ServiceDeclaration } from "../task/service.js";
import { HUB } from "./host-names.js";
import type { Prng } from "./prng.js";
import type { ClusterShape } from "./shape.js";

const declare = (
  name: string,
  inputs: readonly string[],
  output: string,
  stateful = false,
): readonly [string, ServiceDeclaration] => [
  name,
  { name, summary: name, inputs, output, stateful, module: "simulated:" },
];

/** What the service with a state gives. */
export const STATEFUL = "tracks";

export const SERVICES = new Map([
  declare("find", ["frame"], "boxes"),
  declare("refine", ["frame", "boxes"], "boxes"),
  declare("name", ["boxes"], "labels"),
  declare("follow", ["boxes"], STATEFUL, true),
]);

/** The hub has every service, and an edge its share. */
export function servicesOf(name: string, prng: Prng, { serviceShare }: ClusterShape): typeof SERVICES {
  if (name === HUB || serviceShare === 1) return SERVICES;
  return new Map([...SERVICES].filter(() => prng.happens(serviceShare)));
}

type Bounds = Pick<ClusterShape, "queue" | "deadlineMs" | "joinTimeoutMs">;

/** The pipelines of a cluster of this shape. */
export function createPipelines({ queue, deadlineMs, joinTimeoutMs }: Bounds): readonly Pipeline[] {
  return DEFINITIONS.map(({ id, stages }) =>
    definePipeline(
      { id, deadlineMs, joinTimeoutMs, stages: stages.map((stage) => ({ ...stage, queue })) },
      SERVICES,
    ),
  );
}

const DEFINITIONS: readonly Pick<PipelineDefinition, "id" | "stages">[] = [
  {
    id: "line",
    stages: [
      { id: "find", service: "find" },
      { id: "refine", service: "refine", after: ["find"] },
      { id: "name", service: "name", after: ["refine"] },
    ],
  },
  {
    id: "diamond",
    stages: [
      { id: "find", service: "find" },
      { id: "left", service: "name", after: ["find"] },
      { id: "right", service: "refine", after: ["find"] },
      { id: "last", service: "refine", after: ["right", "left"] },
    ],
  },
  {
    id: "tracked",
    stages: [
      { id: "find", service: "find" },
      { id: "follow", service: "follow", after: ["find"] },
      { id: "name", service: "name", after: ["find"] },
    ],
  },
];
