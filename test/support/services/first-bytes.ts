/** A service that reports the first byte of each frame, as shares of 255: proof of what a worker sees. */

import type { Service } from "../../../src/actors/processor/service.js";

export const service: Service = {
  load: () =>
    Promise.resolve({
      process: ({ frames }) => ({
        type: "boxes",
        frames: frames.map(({ data, width, height }) => [
          {
            x: (data[0] ?? 0) / 255,
            y: (data[1] ?? 0) / 255,
            width: width / 10_000,
            height: height / 10_000,
            score: 1,
            label: memoryOf(data),
          },
        ]),
      }),
      close: () => {},
    }),
};

/** `shared`, a buffer of its `own`, or a `view` of a larger one. */
function memoryOf({ buffer, byteLength }: Uint8Array): string {
  if (buffer instanceof SharedArrayBuffer) return "shared";
  return buffer.byteLength === byteLength ? "own" : "view";
}
