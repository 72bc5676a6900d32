/** The honest work that goes on while a cluster is attacked: two live sources, a fork, a stateful stage and a join. */

import { definePipeline, type DataType, type ServiceDeclaration } from "../../../src/index.js";

const declare = (name: string, module: string, input: DataType, output: DataType): ServiceDeclaration => ({
  name,
  summary: name,
  inputs: [input],
  output,
  stateful: name === "follow",
  module: new URL(module, import.meta.url).href,
});

const NOOP = "../../support/services/noop.js";

export const SERVICES: ReadonlyMap<string, ServiceDeclaration> = new Map(
  [
    declare("find", NOOP, "frame", "boxes"),
    declare("sift", NOOP, "boxes", "boxes"),
    declare("follow", "../services/following.js", "boxes", "tracks"),
  ].map((declaration) => [declaration.name, declaration]),
);

export const PIPELINE = definePipeline(
  {
    id: "honest",
    stages: [
      { id: "find", service: "find" },
      { id: "sift", service: "sift", after: ["find"] },
      { id: "follow", service: "follow", after: ["find"] },
    ],
  },
  SERVICES,
);

export const STAGES: readonly string[] = ["find", "follow", "sift"];

/** Between the tasks of a source, in ms. */
export const FRAME_MS = 50;

/** One works where it is, the other one's tasks cross to the hub. */
export const SOURCES = [
  { node: "edge-1", id: "cam-1", policy: "edge-only" },
  { node: "edge-2", id: "cam-2", policy: "cloud-only" },
] as const;
