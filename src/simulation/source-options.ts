/** A simulated source as it is added to a node. */

import type { SourceOptions } from "../node/sources.js";
import { parseConfiguration } from "../task/configuration.js";
import { parseSourceId } from "../task/identity.js";
import type { PolicySpec } from "../task/requests.js";
import { cameraSource, createCameraCapture, DRAWN_GATE } from "./camera.js";
import type { ClusterShape } from "./shape.js";
import type { SimulatedProcess } from "./simulated-process.js";
import type { SimulatedSource } from "./simulated-source.js";

interface Capturing {
  readonly process: SimulatedProcess;
  /** Hears of each frame, before its camera gives it to `process`. */
  readonly onGiven: () => void;
}

/** As a program adds it. */
export function sourceOptions(
  source: SimulatedSource,
  shape: ClusterShape,
  { policy, ...capturing }: Capturing & { readonly policy: PolicySpec },
): SourceOptions {
  return { id: parseSourceId(source.id), policy, ...stagedOptions(source, shape, capturing) };
}

/** What stands in for it where an operator has ordered it. */
export function stagedOptions(
  { camera, pipeline }: SimulatedSource,
  { framesPerTask, gated, windowTasks, windowBytes, loading }: ClusterShape,
  { process, onGiven }: Capturing,
): Omit<SourceOptions, "id" | "policy"> {
  return {
    source: cameraSource(camera),
    capture: createCameraCapture(camera, process, onGiven),
    pipeline,
    configuration: parseConfiguration({
      framesPerTask,
      encoding: "jpeg",
      ...(gated && { motionGate: DRAWN_GATE }),
    }),
    window: { tasks: windowTasks, bytes: windowBytes },
    standby: loading.standby,
  };
}
