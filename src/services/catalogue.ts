/** The services that come with Sluice: declarations only, so that a node plans with them and loads none. */

import type { ServiceDeclaration } from "../task/service.js";

const DECLARATIONS: readonly ServiceDeclaration[] = [
  {
    name: "classification",
    summary: "Names what each box shows with an ONNX classifier of yours",
    inputs: ["frame", "boxes"],
    output: "labels",
    stateful: false,
    model: { parameter: "model" },
    module: new URL("./classification.js", import.meta.url).href,
  },
  {
    name: "colour-classification",
    summary: "Names the dominant colour of each box",
    inputs: ["frame", "boxes"],
    output: "labels",
    stateful: false,
    module: new URL("./colour-classification.js", import.meta.url).href,
  },
  {
    name: "detection",
    summary: "Finds objects with an ONNX detector of yours",
    inputs: ["frame"],
    output: "boxes",
    stateful: false,
    model: { parameter: "model" },
    module: new URL("./detection.js", import.meta.url).href,
  },
  {
    name: "face-detection",
    summary: "Finds faces with an UltraFace model",
    inputs: ["frame"],
    output: "boxes",
    stateful: false,
    model: { parameter: "model", file: "ultraface-rfb-320.onnx" },
    module: new URL("./face-detection.js", import.meta.url).href,
  },
  {
    name: "motion-detection",
    summary: "Finds what moves between the frames of a task",
    inputs: ["frame"],
    output: "boxes",
    stateful: false,
    framesMin: 2,
    module: new URL("./motion-detection.js", import.meta.url).href,
  },
  {
    name: "object-detection",
    summary: "Finds the 80 kinds of objects of COCO with a YOLOX model",
    inputs: ["frame"],
    output: "boxes",
    stateful: false,
    model: { parameter: "model", file: "yolox-nano-416.onnx" },
    module: new URL("./object-detection.js", import.meta.url).href,
  },
  {
    name: "tracking",
    summary: "Follows boxes from frame to frame under stable ids",
    inputs: ["boxes"],
    output: "tracks",
    stateful: true,
    module: new URL("./tracking.js", import.meta.url).href,
  },
];

/** By service name. */
export const SERVICES: ReadonlyMap<string, ServiceDeclaration> = new Map(
  DECLARATIONS.map((declaration) => [declaration.name, declaration]),
);
