import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { createControl } from "../../src/operator/control.js";
import { MemoryStore } from "../../src/storage/results/memory-store.js";
import { startNode, type SluiceNode } from "../../src/node/node.js";
import { parseConfiguration } from "../../src/task/configuration.js";
import { parseSourceId, type SourceId } from "../../src/task/identity.js";
import { silentLogger } from "../../src/runtime/log.js";
import type { ClusterEvent } from "../../src/transport/cluster/cluster.js";
import { PAIR, QUICK, SERVICES } from "../support/local-run.js";
import { scriptedSource } from "../support/scripted-source.js";
import { within } from "../support/within.js";
import { pause } from "../support/pause.js";

const configuration = parseConfiguration({ width: 16, height: 16, framesPerTask: 1 });
const common = { services: SERVICES, limits: QUICK, log: silentLogger } as const;

/** Outlives every hub. */
const store = new MemoryStore();

function hubAt(listen: string): Promise<SluiceNode> {
  return startNode({ ...common, name: "cloud", listen, store });
}

function add(edge: SluiceNode, id: SourceId, count: number): Promise<void> {
  const { source, capture } = scriptedSource({ count });
  const policy = { name: "cloud-only", parameters: {} };
  return edge.addSource({ id, source, capture, pipeline: PAIR, configuration, policy });
}

test("a hub that starts anew gets its nodes, their sources and a table of a later term, and work goes on", async () => {
  let hub = await hubAt("ws://127.0.0.1:0");
  const url = hub.cluster?.url ?? "";
  const events: ClusterEvent[] = [];
  let look: () => void = () => {};
  const edge = await startNode({
    ...common,
    name: "edge-1",
    join: url,
    onCluster(event) {
      events.push(event);
      look();
    },
  });
  const happened = (type: ClusterEvent["type"], from: number): Promise<void> =>
    within(
      20_000,
      new Promise((resolve) => {
        look = () => {
          if (events.slice(from).some((event) => event.type === type)) resolve();
        };
        look();
      }),
      type,
    );
  const kept = parseSourceId("kept");
  try {
    await add(edge, kept, Infinity);
    const first = createControl(hub.system, hub.cloud, () => 0);
    let before = await first.table();
    while (before.table?.sources.has(kept) !== true) {
      await new Promise((resolve) => void setImmediate(resolve));
      before = await first.table();
    }
    const { term } = before.table;
    const heardSoFar = events.length;
    await hub.terminate();
    await happened("cutOff", heardSoFar);
    hub = await hubAt(url);
    await happened("joined", heardSoFar);

    const control = createControl(hub.system, hub.cloud, () => 0);
    let after = await control.table();
    while (after.table?.sources.has(kept) !== true || after.acknowledged["edge-1"] !== after.table.epoch) {
      await pause();
      after = await control.table();
    }
    assert.ok(after.table.term > term, `term ${after.table.term} after ${term}`);
    assert.equal([...(after.table.sources.get(kept)?.placement.values() ?? [])], [["cloud"], ["cloud"]]);

    const fresh = parseSourceId("fresh");
    await add(edge, fresh, 5);
    await within(10_000, edge.sourceEnded(fresh), "the end of a source under the new hub");
  } finally {
    await edge.terminate();
    await hub.terminate();
  }
});

test.run();
