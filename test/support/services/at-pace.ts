/** A service that takes so long for each frame, in ms, as the environment of its process says, and no processor time. */

import { setTimeout as sleep } from "node:timers/promises";
import type { Service } from "../../../src/services/service.js";
import { FRAME_MS } from "../paced.js";

export const service: Service = {
  load: () =>
    Promise.resolve({
      async process({ frameCount }) {
        await sleep(frameCount * Number(process.env[FRAME_MS] ?? 0));
        return { type: "boxes", frames: Array.from({ length: frameCount }, () => []) };
      },
      close: () => {},
    }),
};
