/** Services that take as long as their node is told: what is slow is known, on any machine. */

import type { DataType, ServiceDeclaration } from "../../src/task/service.js";

/** The environment's name for what a frame takes on this node, in ms. */
export const FRAME_MS = "SLUICE_TEST_FRAME_MS";

const declare = (name: string, module: string, input: DataType): ServiceDeclaration => ({
  name,
  summary: name,
  inputs: [input],
  output: "boxes",
  stateful: false,
  module: new URL(`./services/${module}.js`, import.meta.url).href,
});

export const PACED: ReadonlyMap<string, ServiceDeclaration> = new Map(
  [declare("watch", "at-pace", "frame"), declare("sift", "noop", "boxes")].map((service) => [
    service.name,
    service,
  ]),
);

/**
 * A stage that reads pixels and one behind it. As asked, 160x90 pixels at 9 fps are 3.1 Mbit/s; the smallest size and the lowest
 * rate are 0.1.
 */
export const pacedPipeline = (id: string): string => `
pipeline: ${id}
version: 1
stages:
  watch: { service: watch }
  sift: { service: sift, after: watch }
configuration: { resolution: 160x90, fps: 9, framesPerTask: 1, encoding: rgb }
space:
  resolution: [40x22, 80x46, 160x90]
  fps: [3, 9]
slo: { latencyMs: 2000 }
`;
