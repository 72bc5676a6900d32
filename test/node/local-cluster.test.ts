import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { silentLogger } from "../../src/runtime/log.js";
import type { TableReported } from "../../src/actors/protocol/scheduler.js";
import { startLocalCluster, type LocalCluster } from "../../src/node/local-cluster.js";
import type { HostingReport } from "../../src/task/hosting.js";
import { parseNodeName, parseSourceId } from "../../src/task/identity.js";
import type { SourceRequest } from "../../src/task/requests.js";
import { MemoryStore } from "../../src/storage/results/memory-store.js";
import { SERVICES } from "../support/local-run.js";
import { within } from "../support/within.js";
import { pause } from "../support/pause.js";

const common = { services: SERVICES, log: silentLogger };
const CAM = parseSourceId("cam");
const REQUEST: SourceRequest = {
  id: CAM,
  source: "test:64x48@2,duration=600",
  pipeline:
    "pipeline: least\nstages: { find: { service: find } }\nconfiguration: { resolution: 64x48, fps: 1, framesPerTask: 1 }\n",
  pipelineName: "least.yaml",
  configuration: {},
  policy: null,
  paced: true,
  limit: null,
};

/** The table once `wanted` nodes are in it. */
async function tableOf(cluster: LocalCluster, wanted: readonly string[]): Promise<TableReported> {
  for (;;) {
    const report = await cluster.table();
    if (Object.keys(report.acknowledged).sort().join() === [...wanted].sort().join()) return report;
    await pause();
  }
}

/** The source that either edge may capture, once it is so. */
async function captured(cluster: LocalCluster, by: string): Promise<HostingReport> {
  for (;;) {
    const report = (await cluster.hosted())[CAM];
    if (report?.host === by && report.status === "captured") return report;
    await pause();
  }
}

test("startLocalCluster registers every node with the scheduler, and a node that is terminated leaves: another one captures its source", async () => {
  const cluster = await startLocalCluster({ ...common, store: new MemoryStore(), edges: ["left", "right"] });
  try {
    await within(5_000, tableOf(cluster, ["cloud", "left", "right"]), "the nodes");
    const candidates = ["right", "left"].map(parseNodeName);
    assert.is(await cluster.hostSource(REQUEST, { candidates, choice: "fixed" }), "right");
    await within(20_000, captured(cluster, "right"), "the first host");
    await cluster.edges[1]?.terminate();
    await within(5_000, tableOf(cluster, ["cloud", "left"]), "the node to leave");
    const { history } = await within(20_000, captured(cluster, "left"), "the next host");
    assert.equal(
      history.map(({ why }) => why),
      ["the first of right, left", "node right is gone; the first of left"],
    );
  } finally {
    await cluster.terminate();
  }
});

test("startLocalCluster begins a term of its store, as every scheduler over it does", async () => {
  const store = new MemoryStore();
  for (const term of [1, 3]) {
    const cluster = await startLocalCluster({ ...common, store });
    await cluster.terminate();
    assert.is(await store.beginTerm(), term + 1);
  }
});

test("startLocalCluster refuses two nodes of one name, and leaves none running", async () => {
  const store = new MemoryStore();
  const failed = await startLocalCluster({ ...common, store, edges: ["twin", "twin"] }).catch(
    (error: unknown) => error,
  );
  assert.instance(failed, TypeError);
});

test.run();
