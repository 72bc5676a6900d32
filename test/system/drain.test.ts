import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { MemoryStore } from "../../src/storage/results/memory-store.js";
import { startNode, type SluiceNode } from "../../src/node/node.js";
import type { LedgerReported } from "../../src/task/reports.js";
import type { StoredRecord } from "../../src/task/record.js";
import { parseConfiguration } from "../../src/task/configuration.js";
import { parseSourceId } from "../../src/task/identity.js";
import { silentLogger } from "../../src/runtime/log.js";
import { PAIR, QUICK, SERVICES } from "../support/local-run.js";
import { scriptedSource } from "../support/scripted-source.js";
import { within } from "../support/within.js";
import { pause } from "../support/pause.js";

const common = { services: SERVICES, limits: QUICK, log: silentLogger } as const;

test("a node that is drained in the middle of a stream leaves no task behind, and none is delivered again", async () => {
  const store = new MemoryStore();
  const ended: LedgerReported[] = [];
  const hub = await startNode({ ...common, name: "cloud", listen: "ws://127.0.0.1:0", store });
  const join = (name: string): Promise<SluiceNode> =>
    startNode({
      ...common,
      name,
      join: hub.cluster?.url ?? "",
      onEvent: (event) => {
        if (event.type === "sourceEnded") ended.push(event.ledger);
      },
    });
  const [beside, worker] = [await join("edge-1"), await join("edge-2")];
  const stored = (count: number): Promise<void> =>
    within(
      20_000,
      (async () => {
        while (store.recordCount < count) await pause();
      })(),
      `${count} records`,
    );
  const add = async (node: SluiceNode, id: string, count: number): Promise<void> => {
    const { source, capture } = scriptedSource({ count });
    await node.addSource({
      id: parseSourceId(id),
      source,
      capture,
      pipeline: PAIR,
      configuration: parseConfiguration({ width: 16, height: 16, framesPerTask: 1 }),
      policy: {
        name: "fixed",
        parameters: { placement: { find: ["edge-2", "cloud"], sift: ["edge-2", "cloud"] } },
      },
    });
  };
  try {
    await add(beside, "other", 3_000);
    await add(worker, "own", Infinity);
    await stored(600);
    assert.is(await within(20_000, worker.drain({ timeoutMs: 10_000 }), "the drain"), 0);
    await worker.terminate();
    await within(20_000, beside.sourceEnded(parseSourceId("other")), "the end of the source");
    const all: readonly StoredRecord[] = (await store.read({ fromPosition: 0, limit: Infinity })).records;
    const records = all.filter(({ type }) => type !== "closed");
    assert.is(all.length - records.length, 2, "both sources have a closing");
    assert.equal(
      records.filter(({ type }) => type === "gap"),
      [],
    );
    assert.is(records.filter(({ id }) => id.sourceId === "other").length, 3_000);
    const accounts = new Map(
      ended.map(({ sourceId, created, stored: kept, redelivered }) => [
        sourceId,
        [created - kept, redelivered],
      ]),
    );
    assert.equal(
      [accounts.get(parseSourceId("other")), accounts.get(parseSourceId("own"))],
      [
        [0, 0],
        [0, 0],
      ],
    );
    const last = records.at(-1);
    assert.ok(last?.type === "result" && last.hops.every(({ node }) => node === "cloud"));
  } finally {
    await beside.terminate();
    await hub.terminate();
  }
});

test.run();
