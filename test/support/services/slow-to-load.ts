/** A service that takes its time to load, as one with a model does, and says when it had. */

import { setTimeout } from "node:timers/promises";
import type { Service } from "../../../src/services/service.js";

const LOAD_MS = 400;

export const service: Service = {
  async load() {
    await setTimeout(LOAD_MS);
    const label = String(Date.now());
    return {
      process: ({ frameCount }) => ({
        type: "boxes",
        frames: Array.from({ length: frameCount }, () => [
          { x: 0, y: 0, width: 1, height: 1, score: 1, label },
        ]),
      }),
      close: () => {},
    };
  },
};
