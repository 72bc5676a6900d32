/** A stateful service that finds nothing, and says whether it has seen the task before. */

import type { Service } from "../../../src/index.js";

export const service: Service = {
  load: () =>
    Promise.resolve({
      process: ({ frameCount, continuity }) => ({
        type: "tracks",
        continuity,
        frames: Array.from({ length: frameCount }, () => []),
      }),
      close: () => {},
    }),
};
