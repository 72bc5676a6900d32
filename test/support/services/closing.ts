/**
 * A service that says in the memory of its frame what it does: byte 0 is 1 in a run and 2 after it, and `close` copies
 * it to byte 1.
 */

import type { Service } from "../../../src/services/service.js";

const RUN_MS = 15;

export const service: Service = {
  load() {
    let bytes: Uint8Array = new Uint8Array(2);
    return Promise.resolve({
      async process({ frames }) {
        bytes = frames[0]?.data ?? bytes;
        bytes[0] = 1;
        await new Promise((resolve) => setTimeout(resolve, RUN_MS));
        bytes[0] = 2;
        return { type: "boxes", frames: frames.map(() => []) };
      },
      close: () => void (bytes[1] = bytes[0] ?? 0),
    });
  },
};
