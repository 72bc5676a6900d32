/**
 * What it costs that tasks outlive their node: tasks a second with a journal on disk, beside tasks kept in memory.
 *
 * Measured: one node with two no-op stages, tasks of one frame of 100 kB, results stored in memory; a source that can be
 * read again, whose journal holds positions. And the journal alone with the pixels of live sources: entries of 100 kB, 16
 * in flight, each on disk before the next takes its place.
 * Not measured: other disks, several sources, links.
 *
 * Usage: `node dist/bench/e2e/durability.js`
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MemoryStore } from "../../src/storage/results/memory-store.js";
import type { JournalEntry } from "../../src/storage/journal/journal.js";
import { openLevelJournals } from "../../src/storage/journal/level-journals.js";
import { startNode } from "../../src/node/node.js";
import { levelFolder } from "../../src/storage/level-database.js";
import { DEFAULT_CONFIGURATION, parseConfiguration } from "../../src/task/configuration.js";
import { parseSourceId } from "../../src/task/identity.js";
import { createTask } from "../../src/task/walk.js";
import { systemClock } from "../../src/runtime/clock.js";
import { silentLogger } from "../../src/runtime/log.js";
import { median, report, rounded, type Row } from "../report.js";
import { endlessCapture, NOOP_SERVICES, noopChain } from "../cases/cluster/load.js";

const SIZE = { width: 182, height: 184 };
const BYTES = SIZE.width * SIZE.height * 3;
const TASKS = 4_000;
const ROUNDS = 5;

/** @param journal folder; null for memory @returns tasks a second */
async function rate(journal: string | null): Promise<number> {
  const store = new MemoryStore();
  const node = await startNode({
    name: "alone",
    services: NOOP_SERVICES,
    log: silentLogger,
    store,
    ...(journal !== null && { journal }),
  });
  const { source, capture } = endlessCapture({ replayable: true, bytes: BYTES, everyMs: 0 });
  const id = parseSourceId("cam");
  const startedMs = performance.now();
  await node.addSource({
    id,
    source,
    capture,
    pipeline: noopChain(2),
    configuration: parseConfiguration({ ...SIZE, framesPerTask: 1 }),
    limit: TASKS,
    window: { tasks: 32, bytes: 1 << 28 },
  });
  await node.sourceEnded(id);
  const perSecond = TASKS / ((performance.now() - startedMs) / 1_000);
  await node.terminate();
  const { stored = 0 } = store.totals()[id] ?? {};
  if (stored !== TASKS) throw new Error(`Stored ${stored} of ${TASKS}`);
  return perSecond;
}

/** @returns entries a second, and bytes on disk at the end */
async function journalRate(folder: string): Promise<{ readonly perSecond: number; readonly bytes: number }> {
  const journals = await openLevelJournals(folder, { clock: systemClock, log: silentLogger });
  const { journal } = await journals.open("cam", { source: "live", nowMs: 1, request: null });
  const data = new Uint8Array(new SharedArrayBuffer(BYTES)).map((_, index) => (index * 7_919) % 251);
  const entry = (sequence: number): JournalEntry => {
    const [task] = createTask({
      id: { sourceId: parseSourceId("cam"), incarnation: 1, sequence },
      pipeline: noopChain(1),
      configuration: DEFAULT_CONFIGURATION,
      payload: { encoding: "rgb", ...SIZE, frames: [{ ptsUs: 0, data }] },
      sourceAtMs: 0,
      createdAtMs: 0,
      origin: "sluice://alone/source-cam",
      traceparent: `00-${"1".repeat(32)}-${"2".repeat(16)}-01`,
      joinNodes: new Map(),
    });
    if (task === undefined) throw new Error("No task");
    return { task, drop: null, span: null };
  };
  let next = 0;
  const startedMs = performance.now();
  const lane = async (): Promise<void> => {
    while (next < TASKS) {
      const made = entry(next++);
      await journal.put([made]);
      journal.settle(made.task.id);
    }
  };
  await Promise.all(Array.from({ length: 16 }, lane));
  const perSecond = TASKS / ((performance.now() - startedMs) / 1_000);
  const bytes = await levelFolder(folder).sizeBytes();
  await journals.close();
  return { perSecond, bytes };
}

const folder = mkdtempSync(join(tmpdir(), "sluice-bench-"));
try {
  const [memory, disk]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    memory.push(await rate(null));
    disk.push(await rate(join(folder, `journal-${round}`)));
  }
  const rows: Record<string, Row> = {
    "memory (baseline)": { "tasks / s": rounded(median(memory)), "of memory": 1 },
    "journal on disk": {
      "tasks / s": rounded(median(disk)),
      "of memory": rounded(median(disk) / median(memory)),
    },
  };
  report("Tasks of 100 kB, a source that can be read again (goal: 0.8 of memory)", rows);
  const { perSecond, bytes } = await journalRate(join(folder, "live"));
  report("The journal of live sources, entries of 100 kB", {
    "16 under way": {
      "entries / s": rounded(perSecond),
      "MB / s": rounded((perSecond * BYTES) / 1e6),
      "MB on disk after 400 MB": rounded(bytes / 1e6),
    },
  });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
