/** What the honest work runs through, in the words of the package that a user installs. */

import { definePipeline, type DataType, type ServiceDeclaration } from "sluice";

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
