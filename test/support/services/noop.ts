/** A service that finds nothing: what is left is the cost of the system around it. */

import type { Service } from "../../../src/services/service.js";

export const service: Service = {
  load: () =>
    Promise.resolve({
      process: ({ frameCount }) => ({ type: "boxes", frames: Array.from({ length: frameCount }, () => []) }),
      close: () => {},
    }),
};
