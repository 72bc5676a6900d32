import { test } from "../support/test.js";
import { createCameraCapture, cameraSource } from "../../src/simulation/camera.js";
import { DEFAULT_CONFIGURATION } from "../../src/task/configuration.js";
import { captureContract } from "../contract/capture.js";
import { withSimulatedProcesses } from "./simulated-process.js";

captureContract("simulated camera", (work) =>
  withSimulatedProcesses(async ({ time, start }) => {
    const options = { name: "cam-1", frames: 12, everyMs: 20, steps: true, frameBytes: 16 };
    await work({
      port: createCameraCapture(options, start(), () => {}),
      source: cameraSource(options),
      configuration: DEFAULT_CONFIGURATION,
      frameCount: options.frames,
      idle: () => time.sleep(1_000),
    });
  }),
);

test.run();
