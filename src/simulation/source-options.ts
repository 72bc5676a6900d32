/** A simulated source as it is added to a node. */

import type { SourceOptions } from "../node/sources.js";
import { parseConfiguration } from "../task/configuration.js";
import { parseSourceId } from "../task/identity.js";
import type { PolicySpec } from "../task/requests.js";
import { cameraSource, createCameraCapture } from "./camera.js";
import type { ClusterShape } from "./shape.js";
import type { SimulatedProcess } from "./simulated-process.js";
import type { SimulatedSource } from "./simulated-source.js";

/** @param onGiven hears of each frame, before its camera gives it to `process` */
export function sourceOptions(
  { id, camera, pipeline }: SimulatedSource,
  { framesPerTask, windowTasks, windowBytes, loading }: ClusterShape,
  asked: {
    readonly process: SimulatedProcess;
    readonly policy: PolicySpec;
    readonly onGiven: () => void;
  },
): SourceOptions {
  return {
    id: parseSourceId(id),
    source: cameraSource(camera),
    capture: createCameraCapture(camera, asked.process, asked.onGiven),
    pipeline,
    configuration: parseConfiguration({ framesPerTask, encoding: "jpeg" }),
    policy: asked.policy,
    window: { tasks: windowTasks, bytes: windowBytes },
    standby: loading.standby,
  };
}
