/**
 * A service that reports the first two bytes of each frame, as shares of 255: proof of what a worker sees. Told to
 * `keep`, it reports the frames of its first task every time.
 */

import type { RgbFrame, Service } from "../../../src/services/service.js";

export const service: Service = {
  load({ parameters }) {
    let kept: readonly RgbFrame[] | null = null;
    return Promise.resolve({
      process({ frames }) {
        kept = parameters["keep"] === true ? (kept ?? frames) : frames;
        return { type: "boxes", frames: kept.map((frame) => [report(frame)]) };
      },
      close: () => {},
    });
  },
};

function report({ data, width, height }: RgbFrame) {
  return {
    x: (data[0] ?? 0) / 255,
    y: (data[1] ?? 0) / 255,
    width: width / 10_000,
    height: height / 10_000,
    score: 1,
    label: memoryOf(data),
  };
}

/** `shared`, a buffer of its `own`, or a `view` of a larger one. */
function memoryOf({ buffer, byteLength }: Uint8Array): string {
  if (buffer instanceof SharedArrayBuffer) return "shared";
  return buffer.byteLength === byteLength ? "own" : "view";
}
