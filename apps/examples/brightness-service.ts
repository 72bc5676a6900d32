/** The module of service `brightness`: its export `service` is all that a worker thread looks for. */

// In a project of your own: from "sluice".
import type { RgbFrame, Service } from "../../src/index.js";

export const service: Service = {
  async load({ parameters }) {
    const threshold = Number(parameters["threshold"] ?? 0.5);
    if (!(threshold >= 0 && threshold <= 1)) throw new RangeError("Parameter threshold must be 0 to 1");
    return {
      process: ({ frames }) => ({
        type: "labels",
        frames: frames.map((frame) => {
          const score = brightnessOf(frame);
          return [{ x: 0, y: 0, width: 1, height: 1, score, label: score < threshold ? "dark" : "bright" }];
        }),
      }),
      close: () => {},
    };
  },
};

/** Mean of all samples, 0 to 1. */
function brightnessOf({ data }: RgbFrame): number {
  let sum = 0;
  for (const sample of data) sum += sample;
  return sum / (255 * data.length);
}
