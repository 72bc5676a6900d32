/** The service of the overhead bench: it finds nothing, at once. */

import type { Service } from "../../src/services/service.js";

export const service: Service = {
  load: () =>
    Promise.resolve({
      process: ({ frameCount }) => ({ type: "boxes", frames: Array.from({ length: frameCount }, () => []) }),
      close: () => {},
    }),
};
