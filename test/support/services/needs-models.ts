/** A service that can be loaded only where there is a folder of models. */

import { SluiceError } from "../../../src/task/errors.js";
import type { Service } from "../../../src/services/service.js";

export const service: Service = {
  load({ modelDir }) {
    if (modelDir === null) {
      return Promise.reject(new SluiceError("Cannot load it without models", { code: "model-missing" }));
    }
    return Promise.resolve({
      process: ({ frameCount }) => ({ type: "boxes", frames: Array.from({ length: frameCount }, () => []) }),
      close: () => {},
    });
  },
};
