/**
 * What a frame costs from the source to a service's hands, as raw RGB and as JPEG.
 *
 * Measured: processor time of ffmpeg (decode, scale, encode) and of this process (pipe and copy into shared memory) per
 * frame, the rate of a capture alone, bytes per frame, and what each service pays to decode a JPEG. Not measured: links
 * between nodes, where bytes decide; models.
 *
 * Usage: node dist/bench/micro/capture.js [VIDEO, default apps/demo/demo.mp4]
 */

import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { createFfmpegCapture } from "../../src/actors/generator/ffmpeg-capture.js";
import { parseSource } from "../../src/actors/generator/source-spec.js";
import { decodeJpeg } from "../../src/services/jpeg.js";
import { DEFAULT_CONFIGURATION, type Configuration } from "../../src/task/configuration.js";
import { median, report, rounded, type Row } from "../report.js";

const video = process.argv[2] ?? "apps/demo/demo.mp4";
const RUNS = 5;
const TICKS_PER_SECOND = 100;

/** Processor time of the children that were reaped, in ms: proc(5), /proc/pid/stat, fields 16 and 17. */
function childrenMs(): number {
  const fields = readFileSync("/proc/self/stat", "utf8").split(") ").at(-1)?.split(" ") ?? [];
  return ((Number(fields[13]) + Number(fields[14])) / TICKS_PER_SECOND) * 1_000;
}

function ownMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

interface Run {
  readonly frames: readonly Uint8Array[];
  readonly count: number;
  readonly bytes: number;
  readonly wallMs: number;
  readonly firstMs: number;
  readonly ffmpegMs: number;
  readonly nodeMs: number;
}

async function capture(configuration: Configuration): Promise<Run> {
  const [children, own, startedMs] = [childrenMs(), ownMs(), performance.now()];
  const frames: Uint8Array[] = [];
  let [count, bytes, firstMs] = [0, 0, 0];
  await new Promise<void>((resolve, reject) => {
    const open = createFfmpegCapture().open(
      { source: parseSource(video), configuration, after: null },
      {
        onInfo: () => {},
        onFrame: ({ data }) => {
          if (count === 0) firstMs = performance.now() - startedMs;
          count += 1;
          bytes += data.length;
          if (frames.length < 30) frames.push(data);
          open.request(1);
        },
        onEnd: (error) => (error === null ? resolve() : reject(error)),
      },
    );
    open.request(8);
  });
  const wallMs = performance.now() - startedMs;
  return { frames, count, bytes, wallMs, firstMs, ffmpegMs: childrenMs() - children, nodeMs: ownMs() - own };
}

async function decodeCost(frames: readonly Uint8Array[], size: { width: number; height: number }) {
  const wallMs: number[] = [];
  const own = ownMs();
  for (const frame of frames) {
    const startedMs = performance.now();
    const { length } = await decodeJpeg(frame, size);
    wallMs.push(performance.now() - startedMs);
    if (length !== size.width * size.height * 3) throw new Error(`${length} bytes of pixels`);
  }
  return { cpuMs: (ownMs() - own) / frames.length, wallMs: median(wallMs) };
}

const rows: Record<string, Row> = {};
for (const [width, height] of [
  [640, 360],
  [1280, 720],
] as const) {
  for (const { encoding, quality } of [
    { encoding: "rgb", quality: 80 },
    { encoding: "jpeg", quality: 80 },
    { encoding: "jpeg", quality: 95 },
  ] as const) {
    const configuration = { ...DEFAULT_CONFIGURATION, width, height, fps: 30, encoding, quality };
    const runs: Run[] = [];
    for (let run = 0; run < RUNS; run++) runs.push(await capture(configuration));
    const of = (pick: (run: Run) => number) => rounded(median(runs.map(pick)));
    const [first] = runs;
    if (first === undefined || runs.some((run) => run.count !== first.count)) throw new Error("Runs differ");
    const decode = encoding === "jpeg" ? await decodeCost(first.frames, { width, height }) : null;
    rows[`${width}x${height} ${encoding === "jpeg" ? `jpeg ${quality}` : "rgb"}`] = {
      "kB a frame": of((run) => run.bytes / run.count / 1_000),
      "ffmpeg cpu ms a frame": of((run) => run.ffmpegMs / run.count),
      "node cpu ms a frame": of((run) => run.nodeMs / run.count),
      "decode cpu ms": decode === null ? "" : rounded(decode.cpuMs),
      "decode wall ms": decode === null ? "" : rounded(decode.wallMs),
      "alone fps": of((run) => run.count / (run.wallMs / 1_000)),
      "first frame ms": of((run) => run.firstMs),
    };
  }
}
report(`Capture of ${basename(video)}, medians of ${RUNS} runs`, rows);
