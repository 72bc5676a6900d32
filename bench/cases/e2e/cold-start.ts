/**
 * The first tasks of a live source: whether they are late for the model of their stage, which is loaded once the source is
 * registered and before its first frame is taken.
 *
 * `SLUICE_TEST_DATA=... npm run bench -- --quick e2e/cold-start` on two cores that others share, at a load of 15: with nothing
 * loaded p50 126 ms, p95 206 ms, max 217 ms over 33 tasks; with the model loaded 90, 326 and 335 ms. So the first tasks wait for
 * no model; which of the two is faster, such a machine does not tell.
 */

import { startLocalCluster, type LocalCluster } from "../../../src/node/local-cluster.js";
import { silentLogger } from "../../../src/runtime/log.js";
import { SERVICES } from "../../../src/services/catalogue.js";
import { MemoryStore } from "../../../src/storage/results/memory-store.js";
import { parseConfiguration } from "../../../src/task/configuration.js";
import { definePipeline } from "../../../src/task/define-pipeline.js";
import { parseSourceId, type SourceId } from "../../../src/task/identity.js";
import { scriptedSource } from "../../../test/support/scripted-source.js";
import type { BenchCase, OpenSubject, Round } from "../../harness/case.js";
import { findModel, MODEL } from "../cluster/model.js";
import { OURS } from "../micro/systems.js";

const TASKS = 11;
const EVERY_MS = 100;

const pipeline = definePipeline(
  { id: "cold", stages: [{ id: "objects", service: "object-detection" }] },
  SERVICES,
);

export const coldStart: BenchCase = {
  name: "e2e/cold-start",
  kind: "latency",
  operation: "tasks",
  measures: `Each of the first ${TASKS} tasks of a live source at ${1_000 / EVERY_MS} fps, from its creation to its record, with ${MODEL}.`,
  excludes: "capture, links, disk, the time until the first frame is taken",
  subjects: [
    { name: `${OURS}, nothing loaded`, open: () => Promise.resolve(cold(findModel())) },
    { name: "the same node again, the model loaded", open: () => warm(findModel()) },
  ],
};

interface Scene {
  readonly cluster: LocalCluster;
  readonly store: MemoryStore;
}

async function start(folder: string): Promise<Scene> {
  const store = new MemoryStore();
  return {
    store,
    cluster: await startLocalCluster({ store, services: SERVICES, modelDir: folder, log: silentLogger }),
  };
}

/** A node of its own for each round. */
function cold(folder: string): OpenSubject {
  return {
    async run(round) {
      const scene = await start(folder);
      await firstTasks(scene, "camera", round);
      await scene.cluster.terminate();
    },
    close() {},
  };
}

/** A source on a node whose other one keeps the model loaded. */
async function warm(folder: string): Promise<OpenSubject> {
  const scene = await start(folder);
  await add(scene, "another", null);
  let sources = 0;
  return {
    async run(round) {
      sources += 1;
      await firstTasks(scene, `camera-${sources}`, round);
    },
    close: () => scene.cluster.terminate(),
  };
}

async function firstTasks(scene: Scene, name: string, round: Round): Promise<void> {
  const from = scene.store.nextPosition;
  const id = await add(scene, name, TASKS);
  await scene.cluster.edges[0]?.sourceEnded(id);
  const { records } = await scene.store.read({ fromPosition: from, limit: Infinity });
  const results = records.filter((record) => record.id.sourceId === id && record.type === "result");
  if (results.length !== TASKS) throw new Error(`${results.length} of ${TASKS} tasks were stored`);
  for (const record of results) {
    if (record.type === "result") round.took(record.storedAtMs - record.createdAtMs);
  }
}

/** @param limit null: it gives no frame, and keeps its stage loaded */
async function add({ cluster }: Scene, name: string, limit: number | null): Promise<SourceId> {
  const id = parseSourceId(name);
  const { source, capture } = scriptedSource({ liveEveryMs: limit === null ? 3_600_000 : EVERY_MS });
  const configuration = parseConfiguration({ width: 416, height: 416, framesPerTask: 1 });
  await cluster.addSource({ id, source, capture, pipeline, configuration, limit });
  return id;
}
