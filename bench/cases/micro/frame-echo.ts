/** The thread of `worker.ts`: reads a byte of each page of a frame, answers with their sum, and gives the frame back where asked. */

import { parentPort } from "node:worker_threads";
import { ownBuffer, sumOf, type FrameReply, type FrameRequest } from "./frames.js";

parentPort?.on("message", ({ data, giveBack }: FrameRequest) => {
  const reply: FrameReply = { sum: sumOf(data), data: giveBack ? data : null };
  parentPort?.postMessage(reply, giveBack ? [ownBuffer(data)] : []);
});
