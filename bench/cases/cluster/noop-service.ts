/** The service of the overhead bench: finds nothing, without delay. */

import type { Service } from "../../../src/services/service.js";

export const service: Service = {
  load: () =>
    Promise.resolve({
      process: ({ frameCount }) => ({ type: "boxes", frames: Array.from({ length: frameCount }, () => []) }),
      close: () => {},
    }),
};
