/**
 * Whether adding and removing sources leaves memory flat, on one node that runs all the while.
 *
 * A cycle: a source is added (scheduler, routing table, generator, capture), three tasks go through two stages in worker
 * threads to level on disk, then the source ends by itself or is drained in the middle, and its processors and worker
 * threads are gone. Measured: heap, memory outside it and resident size after a collection, and threads, with a
 * scripted capture at 100, 250, 500 and 1,000 cycles, and with ffmpeg on the demo clip for 50. Names of sources repeat
 * after ten, so that what is kept for each name is in the baseline. Not measured: the speed of a cycle beyond its mean.
 * Baseline: the same node after its first 20 cycles. Cycles of single actors are in `bench/cases/micro/actors.ts`.
 *
 * Usage: `node dist/bench/e2e/cycles.js [cycles, default 1000]`
 */

import { strict as assert } from "node:assert";
import { readdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { getHeapCodeStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { openStore } from "../../src/storage/results/open-store.js";
import type { CapturePort } from "../../src/actors/generator/capture.js";
import { parseSource, type SourceSpec } from "../../src/actors/generator/source-spec.js";
import { startLocalCluster } from "../../src/node/local-cluster.js";
import type { LedgerReported } from "../../src/task/reports.js";
import { DEFAULT_CONFIGURATION } from "../../src/task/configuration.js";
import { parseSourceId } from "../../src/task/identity.js";
import { silentLogger } from "../../src/runtime/log.js";
import { scriptedSource } from "../../test/support/scripted-source.js";
import { report, rounded, type Row } from "../report.js";
import { NOOP_SERVICES, noopChain } from "../cases/cluster/load.js";

const CYCLES = Number(process.argv[2] ?? 1_000);
const WARM_UP = 20;
const CHECKPOINTS = [100, 250, 500, 1_000].filter((count) => count <= CYCLES);
const FFMPEG_CYCLES = 50;
const FFMPEG_CHECKPOINTS = [10, 25, 50];
const TASKS = 3;
const NAMES = 10;
const DEMO = fileURLToPath(new URL("../../../apps/demo/demo.mp4", import.meta.url));

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
const pipeline = noopChain(2);

const scripted = scriptedSource();
await cycle("scripted capture", scripted, CYCLES, CHECKPOINTS);
assert.equal(scripted.open, 0);
await cycle("ffmpeg", { source: parseSource(DEMO) }, FFMPEG_CYCLES, FFMPEG_CHECKPOINTS);

async function cycle(
  name: string,
  source: { readonly source: SourceSpec; readonly capture?: CapturePort },
  cycles: number,
  checkpoints: readonly number[],
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "sluice-bench-"));
  const store = await openStore(join(folder, "store"));
  const ended = new Map<string, (ledger: LedgerReported) => void>();
  const cluster = await startLocalCluster({
    store,
    services: NOOP_SERVICES,
    edges: [],
    log: silentLogger,
    onEvent(event) {
      assert.equal(event.type === "stageFailed", false);
      if (event.type === "sourceEnded") ended.get(event.sourceId)?.(event.ledger);
    },
  });

  async function addAndRemove(number: number): Promise<void> {
    const id = parseSourceId(`cam-${number % NAMES}`);
    const end = new Promise<LedgerReported>((resolve) => ended.set(id, resolve));
    const drains = number % 2 === 1;
    await cluster.addSource({
      id,
      source: source.source,
      ...(source.capture !== undefined && { capture: source.capture }),
      pipeline,
      configuration: { ...DEFAULT_CONFIGURATION, width: 64, height: 36, framesPerTask: 1 },
      policy: { name: "edge-only", parameters: {} },
      limit: drains ? null : TASKS,
    });
    // An endless source is drained while its tasks are in flight.
    if (drains) await cluster.drain();
    const { created, stored, inFlight } = await end;
    assert.deepEqual({ stored, inFlight }, { stored: created, inFlight: 0 });
    if (!drains) assert.equal(created, TASKS);
  }

  const rows: Record<string, Row> = {};
  for (let number = 0; number < WARM_UP; number += 1) await addAndRemove(number);
  const before = await memory();
  rows[`after ${WARM_UP} (baseline)`] = columns(before);
  let startedAtMs = performance.now();
  let tookMs = 0;
  for (let number = 1; number <= cycles; number += 1) {
    await addAndRemove(number);
    if (!checkpoints.includes(number)) continue;
    tookMs += performance.now() - startedAtMs;
    const now = await memory();
    rows[`${number} cycles`] = {
      ...columns(now),
      "heap grown a cycle B": Math.round((now.heapUsed - before.heapUsed) / number),
      "ms a cycle": rounded(tookMs / number),
    };
    startedAtMs = performance.now();
  }
  report(`Sources added and removed, ${name}`, rows);
  await cluster.terminate();
  await store.close();
  await rm(folder, { recursive: true, force: true });
}

/** After collections, with the worker threads that were to end gone. */
async function memory() {
  for (let round = 0; round < 10; round += 1) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const threads = process.platform === "linux" ? readdirSync("/proc/self/task").length : Number.NaN;
  const code = getHeapCodeStatistics();
  const codeBytes = code.code_and_metadata_size + code.bytecode_and_metadata_size;
  return { ...process.memoryUsage(), codeBytes, threads };
}

function columns({ heapUsed, codeBytes, external, rss, threads }: Awaited<ReturnType<typeof memory>>): Row {
  const megabytes = (bytes: number): number => Math.round(bytes / 1e4) / 100;
  return {
    "heap MB": megabytes(heapUsed),
    "of it code MB": megabytes(codeBytes),
    "external MB": megabytes(external),
    "RSS MB": megabytes(rss),
    threads,
  };
}
