import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { findFfmpeg } from "../../src/actors/generator/ffmpeg-binary.js";
import type { StoredResult } from "../../src/task/record.js";
import { inPairs, runProgram, startProgram, type Ended, type ProgramOptions } from "../support/program.js";
import { summaryOf, type Summary } from "../support/run-summary.js";
import { startHere } from "../support/sluice-here.js";
import { storedRecords, storedResults } from "../support/stored.js";

const folder = mkdtempSync(join(tmpdir(), "sluice-run-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

/** Node and nothing else. */
const nodeOnly = mkdtempSync(join(folder, "bin-"));
symlinkSync(process.execPath, join(nodeOnly, "node"));

/** Leaves a trace and does as ffmpeg does. */
const traced = join(folder, "my-ffmpeg");
writeFileSync(traced, `#!/bin/sh\necho used >> "$0.trace"\nexec "${findFfmpeg()}" "$@"\n`);
chmodSync(traced, 0o755);

const storeOf = (name: string): string => join(folder, `store-${name.replaceAll(" ", "-")}`);
const TEST_SOURCE = "test:320x180@25,duration=2";
/** Without it each edge plays the demo. */
const ONE = ["--source", "apps/demo/demo.mp4"];
const ON_EDGE = ["--policy", "edge-only"];
/** Where it makes no difference in how many processes the nodes are. */
const ONE_PROCESS = ["--single", ...ONE, "--json"];

/** With options it is a program of its own, and where its nodes are; otherwise it runs in this process. */
const plans: Readonly<
  Record<string, readonly string[] | { args: readonly string[]; options: ProgramOptions }>
> = {
  // The slowest one first: the others run beside it.
  realtime: [...ONE_PROCESS, "--realtime", "--limit", "6"],
  json: { args: [...ONE, ...ON_EDGE, "--json"], options: {} },
  table: ["--single", ...ONE, ...ON_EDGE, "--limit", "4"],
  limit: [...ONE_PROCESS, "--limit", "3"],
  knobs: [
    ...ONE_PROCESS,
    "--fps",
    "5",
    "--resolution",
    "320x180",
    "--frames-per-task",
    "3",
    "--encoding",
    "jpeg",
  ],
  sources: ["--single", "--json", "--limit", "10", "--source", TEST_SOURCE, ...ONE, "--source", TEST_SOURCE],
  cloud: { args: [...ONE, "--json", "--limit", "4", "--policy", "cloud-only"], options: {} },
  // With the clip that is played where none is named.
  single: {
    args: ["--single", "--json", "--limit", "4", "--store", "memory:"],
    options: {},
  },
  bundled: {
    args: [...ONE_PROCESS, "--limit", "2"],
    options: { env: { PATH: nodeOnly, SLUICE_FFMPEG: undefined } },
  },
  override: {
    args: [...ONE_PROCESS, "--limit", "2"],
    options: { env: { PATH: nodeOnly, SLUICE_FFMPEG: traced } },
  },
  help: { args: ["--help"], options: {} },
};

const runs = inPairs(
  new Map(
    Object.entries(plans).map(([name, plan]): [string, () => Promise<Ended>] => {
      const store = ["--store", storeOf(name)];
      return "args" in plan
        ? [name, () => runProgram([...store, ...plan.args], plan.options)]
        : [name, () => startHere(...store, ...plan)];
    }),
  ),
);

async function ended(name: keyof typeof plans): Promise<Ended> {
  const end = await runs.get(name);
  if (end === undefined) throw new Error(`No run "${name}"`);
  assert.equal([end.exitCode, end.signal], [0, null], end.stdout + end.stderr);
  assert.equal(end.leftovers, []);
  assert.not.match(end.stderr, "error", end.stderr);
  return end;
}

async function summary(name: keyof typeof plans): Promise<Summary> {
  const { stdout } = await ended(name);
  assert.is(stdout.trimEnd().split("\n").length, 1, stdout);
  const given = summaryOf(stdout);
  assert.is(given.tasks.inFlight, 0);
  return given;
}

const STAGES = ["motion", "tracks", "colours"];

test("npm start -- --json plays the whole demo and prints every figure, progress on standard error", async () => {
  const { tasks, stages, epoch, results } = await summary("json");
  // 300 frames at 25 fps are 120 at 10 fps, in tasks of 4.
  assert.equal(tasks, { created: 30, stored: 30, dropped: {}, inFlight: 0 });
  assert.equal(Object.keys(stages).sort(), [...STAGES].sort());
  for (const { node, count } of Object.values(stages)) assert.equal([node, count], ["edge-1", 30]);
  assert.ok(epoch >= 1);
  assert.ok(results.objects > 200 && results.tracks >= 4 && results.frames === 120, JSON.stringify(results));
  assert.match((await ended("json")).stderr, "demo: apps/demo/demo.mp4 (h264, 640x360, 25 fps, 12.0 s)");
});

test("npm start leaves every result in the store, with boxes, tracks and colours", async () => {
  await ended("json");
  const records = await storedResults(storeOf("json"));
  assert.equal(
    records.map(({ id }) => id.sequence),
    Array.from({ length: 30 }, (_, sequence) => sequence),
  );
  for (const { results, hops, framePtsUs, frameCount } of records) {
    assert.equal(Object.keys(results).sort(), [...STAGES].sort());
    assert.equal(hops.map(({ stage }) => stage as string).sort(), [...STAGES].sort());
    assert.is(framePtsUs.length, frameCount);
  }
  const found = (stage: string) => records.flatMap(({ results }) => results[stage]?.frames.flat() ?? []);
  assert.ok(found("tracks").every(({ trackId }) => Number.isSafeInteger(trackId)));
  assert.equal(
    [...new Set(found("colours").map(({ label }) => label))].filter((label) => label !== "grey").sort(),
    ["blue", "green", "red", "yellow"],
  );
});

test("npm start without --json prints its tables on standard output, none wider than 80 columns", async () => {
  const { stdout, stderr } = await ended("table");
  assert.is(stderr, "");
  for (const line of stdout.split("\n")) assert.ok(line.length < 80, line);
  for (const stage of STAGES) assert.match(stdout, new RegExp(`│ ${stage} +│ edge-1 +│ +4 │`));
  assert.match(stdout, /tasks created +│ +4 │/);
  assert.match(stdout, /stored +│ +4 │/);
  assert.match(stdout, /latency p50 \/ p95 \/ p99 │ +[\d.]+ \/ [\d.]+ \/ [\d.]+ ms/);
  assert.match(stdout, /│ motion red +│ +1 track │ demo +│ 0:00\.\d - 0:01\.\d │/);
  const path = storeOf("table");
  assert.match(stdout, `Results are in ${path}\nSee them with: npx sluice results --store ${path}`);
});

test("--limit ends a source after so many tasks", async () => {
  assert.is((await summary("limit")).tasks.created, 3);
  assert.is((await storedRecords(storeOf("limit"))).length, 3);
});

test("--fps, --resolution, --frames-per-task and --encoding say how a source is captured", async () => {
  const { tasks, results } = await summary("knobs");
  // 12 s at 5 fps are 60 frames.
  assert.equal([tasks.stored, results.frames], [20, 60]);
  const records = await storedResults(storeOf("knobs"));
  for (const { configuration } of records) {
    const { width, height, fps, framesPerTask, encoding } = configuration;
    assert.equal([width, height, fps, framesPerTask, encoding], [320, 180, 5, 3, "jpeg"]);
  }
  const timesUs = records.flatMap(({ framePtsUs }) => framePtsUs);
  // 5 fps of 25: each fifth frame.
  assert.equal(
    timesUs,
    Array.from({ length: 60 }, (_, index) => index * 200_000),
  );
  assert.ok(results.objects > 50, "the vehicles are found in smaller JPEGs too");
});

test("--realtime plays a file at its own speed", async () => {
  const { durationMs, tasks, latencyMs } = await summary("realtime");
  // The last frame of 6 tasks of 4 at 10 fps is 2.3 s behind the first.
  assert.is(tasks.stored, 6);
  assert.ok(durationMs >= 2_300, `${durationMs} ms`);
  // From a task's first frame, so the 0.3 s to its last are part of it.
  assert.ok((latencyMs.p50 ?? 0) >= 300 - 50, `p50 ${latencyMs.p50} ms`);
});

test("several --source play side by side, under names of their own", async () => {
  const { tasks } = await summary("sources");
  const counts = new Map<string, number>();
  for (const { id } of await storedRecords(storeOf("sources"))) {
    counts.set(id.sourceId, (counts.get(id.sourceId) ?? 0) + 1);
  }
  // 2 s at 10 fps are 5 tasks of 4.
  const name = "test-320x180-25-duration-2";
  assert.equal(Object.fromEntries(counts), { [name]: 5, demo: 10, [`${name}-2`]: 5 });
  assert.is(tasks.stored, 20);
});

test("--policy cloud-only runs every stage on the cloud", async () => {
  const { stages } = await summary("cloud");
  for (const stage of STAGES) assert.is(stages[stage]?.node, "cloud");
  const nodes = (await storedResults(storeOf("cloud"))).flatMap(({ hops }) => hops.map(({ node }) => node));
  assert.equal([...new Set<string>(nodes)], ["cloud"]);
});

test("--store memory: stores nothing on disk", async () => {
  assert.is((await summary("single")).tasks.stored, 4);
  assert.is(await storedRecords("memory:").catch((error: { code?: unknown }) => error.code), "store-missing");
});

test("--single keeps the run in one process, with one edge", async () => {
  const { nodes, stages } = await summary("single");
  assert.equal(
    nodes.map(({ name, role }) => [name, role]),
    [
      ["cloud", "cloud"],
      ["edge-1", "edge"],
    ],
  );
  assert.is(new Set(nodes.map(({ pid }) => pid)).size, 1);
  for (const stage of STAGES) assert.equal(stages[stage]?.nodes, { "edge-1": 4 });
});

test("npm start finds the ffmpeg of its installation where PATH has none", async () => {
  assert.is((await summary("bundled")).tasks.stored, 2);
});

test("SLUICE_FFMPEG wins over every other ffmpeg", async () => {
  assert.is((await summary("override")).tasks.stored, 2);
  assert.match(readFileSync(`${traced}.trace`, "utf8"), "used");
});

test("a second run into the same store keeps the records of both", async () => {
  await ended("limit");
  const again = await startHere("--store", storeOf("limit"), ...ONE_PROCESS, "--limit", "2");
  assert.is(summaryOf(again.stdout).tasks.stored, 2);
  const records = await storedResults(storeOf("limit"));
  assert.equal(
    records.map(({ id }) => id.sequence),
    [0, 1, 2, 0, 1],
  );
  assert.is(new Set(records.map(({ id }) => id.incarnation)).size, 2);
});

test("a run whose reader has gone stores all the same", async () => {
  const program = startProgram(["--store", storeOf("unread"), "--single", ...ONE, "--limit", "3"]);
  program.closeOutput();
  const { exitCode, stderr } = await program.ended;
  assert.equal([exitCode, stderr], [0, ""]);
  assert.is((await storedRecords(storeOf("unread"))).length, 3);
});

test("--help names every flag, with examples and exit codes, within 80 columns", async () => {
  const { stdout, stderr } = await ended("help");
  assert.is(stderr, "");
  for (const line of stdout.split("\n")) assert.ok(line.length <= 80, line);
  const flags =
    "source pipeline model-dir store json fps resolution frames-per-task limit realtime encoding quality policy single swap log-level help";
  for (const flag of flags.split(" ")) assert.match(stdout, `--${flag}`);
  for (const wanted of ["Examples:", "exit code", "SLUICE_FFMPEG", "Ctrl-C"]) assert.match(stdout, wanted);
});

test("every run of the demo finds the same boxes under the same ids, wherever its stages run", async () => {
  await Promise.all([ended("json"), ended("cloud")]);
  const found = ({ framePtsUs, results }: StoredResult) => ({ framePtsUs, results });
  const edge = (await storedResults(storeOf("json"))).slice(0, 4).map(found);
  assert.equal((await storedResults(storeOf("cloud"))).map(found), edge);
});

test.run();
