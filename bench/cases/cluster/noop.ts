/** The service of the overhead benches, also as a module that a hub of its own can be given: so it imports nothing. */

import type { ServiceDeclaration } from "../../../src/task/service.js";

/** Finds nothing, without delay. */
export const NOOP: ServiceDeclaration = {
  name: "noop",
  summary: "Finds nothing",
  inputs: ["frame"],
  output: "boxes",
  stateful: false,
  module: new URL("./noop-service.js", import.meta.url).href,
};

export const services: readonly ServiceDeclaration[] = [NOOP];
