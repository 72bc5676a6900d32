/** How a frame reaches a worker thread, and what memory of either kind costs whoever turns it into a tensor. */

import { Worker } from "node:worker_threads";
import type { BenchCase, OpenSubject, Round, Subject } from "../../harness/case.js";
import { ownBuffer, sumOf, type FrameReply, type FrameRequest } from "./frames.js";
import { OURS } from "./systems.js";

type Way = "shared" | "transferred" | "copied";

const SIZES = [
  { name: "640x360", width: 640, height: 360 },
  { name: "1280x720", width: 1_280, height: 720 },
] as const;
const TENSORS = 10;

export const workerCases: readonly BenchCase[] = SIZES.flatMap(({ name, width, height }) => {
  const bytes = width * height * 3;
  return [
    {
      name: `micro/worker-${name}`,
      kind: "latency",
      operation: "frames",
      measures: `A frame of ${name} to a worker thread, which reads a byte of each page, and its answer; the frame stays the sender's.`,
      excludes: "capture, inference, several workers",
      subjects: [
        echo(`${OURS} (by reference)`, "shared", bytes),
        echo("the same with one byte", "copied", 1),
        // The next stage reads the frame too, so that a transfer has to bring it back.
        echo("transferred there and back", "transferred", bytes),
        echo("copied", "copied", bytes),
      ],
    },
    {
      name: `micro/tensor-${name}`,
      kind: "rate",
      operation: "frames",
      measures: `A frame of ${name} in shared memory made into planes of floats, as most models want them.`,
      excludes: "threads, inference",
      subjects: [
        { name: `${OURS} (shared memory)`, open: () => Promise.resolve(tensors("shared", width * height)) },
        { name: "memory of its own", open: () => Promise.resolve(tensors("copied", width * height)) },
      ],
    },
  ] satisfies readonly BenchCase[];
});

function frameOf(way: Way, bytes: number): Uint8Array {
  const frame = new Uint8Array(way === "shared" ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes));
  for (let at = 0; at < bytes; at += 1) frame[at] = at % 251;
  return frame;
}

function echo(name: string, way: Way, bytes: number): Subject {
  return {
    name,
    open() {
      const worker = new Worker(new URL("./frame-echo.js", import.meta.url));
      const giveBack = way === "transferred";
      let frame = frameOf(way, bytes);
      const expected = sumOf(frame);
      return Promise.resolve({
        async run(round: Round) {
          while (!round.over) {
            const startedMs = performance.now();
            const replied = new Promise<FrameReply>((resolve) => worker.once("message", resolve));
            const request: FrameRequest = { data: frame, giveBack };
            worker.postMessage(request, giveBack ? [ownBuffer(frame)] : []);
            const { sum, data } = await replied;
            round.took(performance.now() - startedMs);
            if (sum !== expected) throw new Error(`The worker read ${sum} where ${expected} was written`);
            if (giveBack && data === null) throw new Error("The frame was not given back");
            frame = data ?? frame;
          }
        },
        close: async () => void (await worker.terminate()),
      });
    },
  };
}

function tensors(way: Way, pixels: number): OpenSubject {
  const frame = frameOf(way, pixels * 3).fill(7);
  const tensor = new Float32Array(pixels * 3);
  return {
    run(round) {
      const startedMs = performance.now();
      let done = 0;
      for (; !round.over; done += TENSORS) for (let n = 0; n < TENSORS; n += 1) toPlanes(frame, tensor);
      round.did(done, performance.now() - startedMs);
      if (tensor[3 * pixels - 1] !== 7) throw new Error("The tensor does not hold the frame");
      return Promise.resolve();
    },
    close() {},
  };
}

/** Interleaved bytes to planes of floats. */
function toPlanes(frame: Uint8Array, tensor: Float32Array): void {
  const pixels = tensor.length / 3;
  for (let pixel = 0, byte = 0; pixel < pixels; pixel += 1, byte += 3) {
    tensor[pixel] = frame[byte] ?? 0;
    tensor[pixels + pixel] = frame[byte + 1] ?? 0;
    tensor[2 * pixels + pixel] = frame[byte + 2] ?? 0;
  }
}
