/** A service that takes 100 ms, and holds its thread for as long, as inference does. */

import type { Service } from "../../src/services/service.js";

const still = new Int32Array(new SharedArrayBuffer(4));

export const service: Service = {
  load: () =>
    Promise.resolve({
      process({ frameCount }) {
        Atomics.wait(still, 0, 0, 100);
        return { type: "boxes", frames: Array.from({ length: frameCount }, () => []) };
      },
      close: () => {},
    }),
};
