/**
 * The default pipeline on real pixels: ffmpeg, motion detection, tracking and colours, stored on disk, by an edge and a
 * cloud node in one process.
 *
 * Measured, each run in a process of its own: the demo clip (640x360) as fast as possible and in real time, and a drawn
 * scene of some minutes as fast as possible, for the memory over time. Frames and tasks a second, latency from the source
 * timestamp to stored, processor time of the process and of ffmpeg, peak resident size of the process. Start and end of
 * the cluster are in no figure but the peak and the processor time. Not measured: ffmpeg's memory, models that a user
 * brings, links between machines. Baseline: ffmpeg alone, its frames taken and thrown away. As fast as possible, latency is
 * the window of outstanding tasks that wait for each other; in real time it is what a camera's user sees.
 *
 * Every task must be stored.
 *
 * Usage: `node dist/bench/e2e/demo.js [minutes of the drawn scene, default 5]`
 */

import { strict as assert } from "node:assert";
import { fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openStore } from "../../src/storage/results/open-store.js";
import { createFfmpegCapture } from "../../src/actors/generator/ffmpeg-capture.js";
import { parseSource } from "../../src/actors/generator/source-spec.js";
import { startLocalCluster } from "../../src/node/local-cluster.js";
import type { RunSummary } from "../../src/operator/run-statistics.js";
import { SERVICES } from "../../src/services/catalogue.js";
import type { LedgerReported } from "../../src/task/reports.js";
import { DEFAULT_CONFIGURATION } from "../../src/task/configuration.js";
import { parseSourceId } from "../../src/task/identity.js";
import { parsePipelineFile } from "../../src/task/pipeline-file.js";
import { silentLogger } from "../../src/runtime/log.js";
import { median, report, rounded, type Row } from "../report.js";

interface Program {
  readonly source: string;
  readonly paced: boolean;
  readonly pipeline: boolean;
}

interface Figures {
  readonly frames: number;
  readonly seconds: number;
  readonly run: RunSummary | null;
  readonly ownCpuMs: number;
  readonly ffmpegCpuMs: number;
  readonly peakBytes: number;
  /** Resident size at tenths of the run. */
  readonly residentBytes: readonly number[];
}

const DEMO = fileURLToPath(new URL("../../../apps/demo/demo.mp4", import.meta.url));
const PIPELINE = fileURLToPath(new URL("../../../apps/pipelines/default.yaml", import.meta.url));
const SAMPLE_MS = 100;
const CLOCK_TICKS_PER_SECOND = 100;
const ROUNDS = 5;
const PROGRAM = process.env["SLUICE_BENCH_PROGRAM"];

if (PROGRAM === undefined) await main(Number(process.argv[2] ?? 5));
else await runProgram(JSON.parse(PROGRAM) as Program);

async function main(minutes: number): Promise<void> {
  const scene = `test:640x360@25,duration=${minutes * 60}`;
  const alone = await several({ source: DEMO, paced: false, pipeline: false }, ROUNDS);
  const fast = await several({ source: DEMO, paced: false, pipeline: true }, ROUNDS);
  const realTime = await several({ source: DEMO, paced: true, pipeline: true }, 1);
  const long = await several({ source: scene, paced: false, pipeline: true }, 1);
  report(`The default pipeline at 10 fps, demo clip: medians of ${ROUNDS} runs, in real time 1`, {
    "ffmpeg alone (baseline)": columns(alone),
    "demo clip, as fast as possible": columns(fast),
    "demo clip, in real time": columns(realTime),
    [`drawn scene of ${minutes} min, as fast as possible`]: columns(long),
  });
  const [whole] = long;
  assert.ok(whole);
  report(`Resident size while the drawn scene of ${minutes} min plays`, {
    "RSS MB": Object.fromEntries(
      whole.residentBytes.map((bytes, index) => [`${(index + 1) * 10} %`, Math.round(bytes / 1e6)]),
    ),
  });
}

async function several(program: Program, rounds: number): Promise<readonly Figures[]> {
  const runs: Figures[] = [];
  for (let round = 0; round < rounds; round += 1) runs.push(await runApart(program));
  return runs;
}

function columns(runs: readonly Figures[]): Row {
  const of = (pick: (figures: Figures) => number): number => rounded(median(runs.map(pick)));
  const ofRun = (pick: (run: RunSummary, seconds: number) => number | undefined): number | string =>
    runs.some(({ run }) => run === null)
      ? ""
      : of(({ run, seconds }) => (run && pick(run, seconds)) ?? Number.NaN);
  return {
    fps: of(({ frames, seconds }) => frames / seconds),
    "tasks/s": ofRun(({ stored }, seconds) => stored / seconds),
    "p50 ms": ofRun(({ latencyMs }) => latencyMs?.p50),
    "p95 ms": ofRun(({ latencyMs }) => latencyMs?.p95),
    "p99 ms": ofRun(({ latencyMs }) => latencyMs?.p99),
    "own CPU ms a frame": of(({ ownCpuMs, frames }) => ownCpuMs / frames),
    "ffmpeg CPU ms a frame": of(({ ffmpegCpuMs, frames }) => ffmpegCpuMs / frames),
    "peak RSS MB": of(({ peakBytes }) => peakBytes / 1e6),
  };
}

function runApart(program: Program): Promise<Figures> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), {
      env: { ...process.env, SLUICE_BENCH_PROGRAM: JSON.stringify(program) },
    });
    child.once("message", (figures) => resolve(figures as Figures));
    child.once("exit", (code) => reject(new Error(`The run of "${program.source}" ended with ${code}`)));
  });
}

async function runProgram({ source, paced, pipeline }: Program): Promise<void> {
  const samples: number[] = [];
  const sampler = setInterval(() => samples.push(process.memoryUsage.rss()), SAMPLE_MS);
  const { frames, seconds, run } = await (pipeline ? playThrough(source, paced) : captureAlone(source));
  clearInterval(sampler);
  const { user, system } = process.cpuUsage();
  const tenths = Array.from({ length: 10 }, (_, index) =>
    median(samples.slice(Math.floor((index * samples.length) / 10), ((index + 1) * samples.length) / 10 + 1)),
  );
  process.send?.({
    frames,
    seconds,
    run,
    ownCpuMs: (user + system) / 1_000,
    ffmpegCpuMs: childrenCpuMs(),
    peakBytes: process.resourceUsage().maxRSS * 1_024,
    residentBytes: tenths,
  } satisfies Figures);
  process.disconnect();
}

async function playThrough(source: string, paced: boolean) {
  const folder = await mkdtemp(join(tmpdir(), "sluice-bench-"));
  const store = await openStore(join(folder, "store"));
  const file = parsePipelineFile(readFileSync(PIPELINE, "utf8"), PIPELINE, SERVICES);
  let ended = (_ledger: LedgerReported): void => {};
  let startedAtMs = 0;
  const cluster = await startLocalCluster({
    store,
    services: SERVICES,
    log: silentLogger,
    onEvent(event) {
      if (event.type === "sourceStarted") startedAtMs = performance.now();
      else if (event.type === "sourceEnded" && event.error === null) ended(event.ledger);
      else throw new Error(`The run is disturbed: ${event.type}`);
    },
  });
  const observed = cluster.observe([file.pipeline]);
  const end = new Promise<LedgerReported>((resolve) => (ended = resolve));
  await cluster.addSource({
    id: parseSourceId("demo"),
    source: parseSource(source),
    pipeline: file.pipeline,
    configuration: file.configuration,
    policy: file.policy ?? { name: "edge-only", parameters: {} },
    paced,
    limit: null,
  });
  const { created, stored } = await end;
  const seconds = (performance.now() - startedAtMs) / 1_000;
  const run = await observed.report();
  assert.deepEqual([stored, run.stored], [created, created]);
  await cluster.terminate();
  await store.close();
  await rm(folder, { recursive: true, force: true });
  return { frames: run.frames, seconds, run };
}

async function captureAlone(source: string) {
  let frames = 0;
  let startedAtMs = 0;
  await new Promise<void>((resolve, reject) => {
    const capture = createFfmpegCapture().open(
      {
        source: parseSource(source),
        configuration: { ...DEFAULT_CONFIGURATION, width: 640, height: 360, fps: 10, encoding: "rgb" },
        after: null,
      },
      {
        onInfo: () => (startedAtMs = performance.now()),
        onFrame() {
          frames += 1;
          capture.request(1);
        },
        onEnd: (error) => (error === null ? resolve() : reject(error)),
      },
    );
    capture.request(8);
  });
  return { frames, seconds: (performance.now() - startedAtMs) / 1_000, run: null };
}

/** Processor time of the children that have ended: proc(5), /proc/pid/stat, fields 16 and 17. Nought without /proc. */
function childrenCpuMs(): number {
  if (process.platform !== "linux") return 0;
  const fields = readFileSync("/proc/self/stat", "utf8").split(") ").at(-1)?.split(" ") ?? [];
  return ((Number(fields[13]) + Number(fields[14])) / CLOCK_TICKS_PER_SECOND) * 1_000;
}
