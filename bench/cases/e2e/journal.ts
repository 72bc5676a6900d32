/** What it costs that tasks and results are on disk: a source of two no-op stages on one node, as fast as it goes. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startNode } from "../../../src/node/node.js";
import { silentLogger } from "../../../src/runtime/log.js";
import { openStore } from "../../../src/storage/results/open-store.js";
import { parseConfiguration } from "../../../src/task/configuration.js";
import { parseSourceId } from "../../../src/task/identity.js";
import type { BenchCase, OpenSubject, Round, Subject } from "../../harness/case.js";
import { endlessCapture, NOOP_SERVICES, noopChain } from "../cluster/load.js";
import { OURS } from "../micro/systems.js";

const SIZE = { width: 182, height: 184 };
const TASKS = 800;

export const journal: BenchCase = {
  name: "e2e/journal",
  kind: "rate",
  operation: "tasks",
  measures: `Tasks of 100 kB through two no-op stages on one node, ${TASKS} a round, with the source's journal on disk.`,
  excludes: "other disks, several sources, links, capture",
  goals: [{ statistic: "value", against: "ratio", atLeast: 0.9 }],
  plan: { roundMs: 0 },
  subjects: [
    subject(`${OURS}, with a journal`, { journal: true, store: false }),
    subject("kept in memory", { journal: false, store: false }),
    subject("journal and results on disk", { journal: true, store: true }),
    subject("the same, a write of results each 10 ms", { journal: true, store: true, flushMs: 10 }),
  ],
};

interface OnDisk {
  readonly journal: boolean;
  readonly store: boolean;
  /** Between writes of results. Default: as soon as the one before is done. */
  readonly flushMs?: number;
}

function subject(name: string, onDisk: OnDisk): Subject {
  return {
    name,
    open(): Promise<OpenSubject> {
      const folder = mkdtempSync(join(tmpdir(), "sluice-bench-"));
      let runs = 0;
      return Promise.resolve({
        run: (round) => storeTasks(round, { ...onDisk, folder: join(folder, `${runs++}`) }),
        close: () => rmSync(folder, { recursive: true, force: true }),
      });
    },
  };
}

/** So many tasks of one source, as fast as they go, each of which is stored at the end. */
export async function storeTasks(
  round: Round,
  kept: OnDisk & { readonly folder: string },
  { tasks = TASKS, size = SIZE }: { readonly tasks?: number; readonly size?: typeof SIZE } = {},
): Promise<void> {
  const results = await openStore(kept.store ? `${kept.folder}-store` : "memory:");
  const node = await startNode({
    name: "alone",
    services: NOOP_SERVICES,
    log: silentLogger,
    store: results,
    ...(kept.flushMs !== undefined && { flush: { periodMs: kept.flushMs } }),
    ...(kept.journal && { journal: kept.folder }),
  });
  const id = parseSourceId("cam");
  const startedMs = performance.now();
  const bytes = size.width * size.height * 3;
  const { source, capture } = endlessCapture({ replayable: true, bytes, everyMs: 0 });
  await node.addSource({
    id,
    source,
    capture,
    pipeline: noopChain(2),
    configuration: parseConfiguration({ ...size, framesPerTask: 1 }),
    limit: tasks,
    window: { tasks: 32, bytes: 1 << 28 },
  });
  await node.sourceEnded(id);
  round.did(tasks, performance.now() - startedMs);
  await node.terminate();
  const { stored = 0 } = results.totals()[id] ?? {};
  await results.close();
  if (stored !== tasks) throw new Error(`Stored ${stored} of ${tasks}`);
}
