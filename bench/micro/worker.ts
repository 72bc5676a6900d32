/**
 * How a frame reaches a worker thread: by reference in shared memory, transferred there and back, or copied.
 *
 * Measured: the round trip of one frame through a worker that reads a byte of each of its pages and answers with their
 * sum; the floor is the same with a frame of one byte. Then, on one thread, what a whole frame costs to be turned into
 * the tensor of a model from memory of either kind.
 * Not measured: capture, inference, several workers at once.
 *
 * Usage: `node dist/bench/micro/worker.js`
 */

import { isMainThread, parentPort, Worker, type TransferListItem } from "node:worker_threads";
import { percentile, report, type Row } from "../report.js";

const SIZES = [
  { name: "640x360", width: 640, height: 360 },
  { name: "1280x720", width: 1280, height: 720 },
] as const;
const ROUNDS = 2_000;
const WARM_UP = 300;
const PAGE_BYTES = 4_096;

type Case = "floor" | "copy" | "transfer" | "shared";
const CASES: readonly Case[] = ["floor", "copy", "transfer", "shared"];

interface Request {
  readonly data: Uint8Array;
  readonly giveBack: boolean;
}

interface Reply {
  readonly sum: number;
  readonly data: Uint8Array | null;
}

if (isMainThread) await main();
else serve();

function serve(): void {
  parentPort?.on("message", ({ data, giveBack }: Request) => {
    const reply: Reply = { sum: sumOf(data), data: giveBack ? data : null };
    parentPort?.postMessage(reply, giveBack ? [ownBuffer(data)] : []);
  });
}

async function main(): Promise<void> {
  const worker = new Worker(new URL(import.meta.url));
  const rows: Record<string, Row> = {};
  for (const { name, width, height } of SIZES) {
    const bytes = width * height * 3;
    for (const each of CASES) rows[`${name}, ${each}`] = await roundTrips(worker, each, bytes);
    for (const kind of ["own", "shared"] as const) {
      rows[`${name}, to tensor from ${kind} memory`] = preprocess(kind, width, height);
    }
  }
  await worker.terminate();
  report("A frame to a worker thread and back", rows);
}

/** The frame is one that the node keeps, as the next stage reads it too: a transfer has to bring it back. */
async function roundTrips(worker: Worker, which: Case, frameBytes: number) {
  const bytes = which === "floor" ? 1 : frameBytes;
  let frame = new Uint8Array(which === "shared" ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes));
  for (let at = 0; at < bytes; at += 1) frame[at] = at % 251;
  const expected = sumOf(frame);
  const samples: number[] = [];
  for (let round = 0; round < WARM_UP + ROUNDS; round += 1) {
    const startedAtMs = performance.now();
    const giveBack = which === "transfer";
    const replied = new Promise<Reply>((resolve) => worker.once("message", resolve));
    worker.postMessage({ data: frame, giveBack } satisfies Request, giveBack ? [ownBuffer(frame)] : []);
    const { sum, data } = await replied;
    const tookUs = (performance.now() - startedAtMs) * 1_000;
    if (sum !== expected) throw new Error(`The worker read ${sum} where ${expected} was written`);
    if (giveBack && data === null) throw new Error("The frame was not given back");
    frame = data ?? frame;
    if (round >= WARM_UP) samples.push(tookUs);
  }
  return summary(samples);
}

/** Interleaved bytes to planes of floats, as most models want them. */
function preprocess(kind: "own" | "shared", width: number, height: number) {
  const pixels = width * height;
  const frame = new Uint8Array(
    kind === "shared" ? new SharedArrayBuffer(pixels * 3) : new ArrayBuffer(pixels * 3),
  );
  frame.fill(7);
  const tensor = new Float32Array(pixels * 3);
  const samples: number[] = [];
  for (let round = 0; round < 130; round += 1) {
    const startedAtMs = performance.now();
    for (let pixel = 0, byte = 0; pixel < pixels; pixel += 1, byte += 3) {
      tensor[pixel] = frame[byte] ?? 0;
      tensor[pixels + pixel] = frame[byte + 1] ?? 0;
      tensor[2 * pixels + pixel] = frame[byte + 2] ?? 0;
    }
    if (round >= 30) samples.push((performance.now() - startedAtMs) * 1_000);
  }
  if (tensor[3 * pixels - 1] !== 7) throw new Error("The tensor does not hold the frame");
  return summary(samples);
}

function sumOf(data: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < data.length; at += PAGE_BYTES) sum += data[at] ?? 0;
  return sum;
}

function ownBuffer({ buffer }: Uint8Array): TransferListItem {
  if (buffer instanceof ArrayBuffer) return buffer;
  throw new TypeError("Only a buffer of one's own can be transferred");
}

function summary(samples: readonly number[]): Row {
  const at = (share: number) => Math.round(percentile(samples, share) * 10) / 10;
  return { samples: samples.length, "p50 us": at(0.5), "p95 us": at(0.95), "p99 us": at(0.99) };
}
