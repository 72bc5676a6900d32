/** Nodes that die in the middle of a stream, as processes of their own: no task is lost, and none takes effect twice. */

import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { openStore } from "../../src/storage/results/open-store.js";
import type { Store } from "../../src/storage/results/store.js";
import { startNode, type SluiceNode } from "../../src/node/node.js";
import { auditRun } from "../../src/audit/audit.js";
import type { StoredRecord, StoredResult } from "../../src/task/record.js";
import { parseConfiguration } from "../../src/task/configuration.js";
import { parseSourceId } from "../../src/task/identity.js";
import type { NodesReported, SchedulerMessage } from "../../src/actors/protocol/scheduler.js";
import { silentLogger } from "../../src/runtime/log.js";
import { PAIR, QUICK, SERVICES } from "../support/local-run.js";
import { startNodeProcess, type NodeProcess, type NodeProcessOptions } from "../support/node-process.js";
import { scriptedSource } from "../support/scripted-source.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { within } from "../support/within.js";
import { pause } from "../support/pause.js";

const common = { services: SERVICES, limits: QUICK, log: silentLogger } as const;

interface Scene {
  readonly hub: () => SluiceNode;
  readonly url: string;
  readonly store: () => Store;
  readonly start: (options: Omit<NodeProcessOptions, "join">) => NodeProcess;
  /** Ends the hub as a crash would, but for what its process holds open, and starts another over the same store. */
  readonly restartHub: () => Promise<void>;
  readonly stored: (count: number) => Promise<void>;
  /** Resolves once the scheduler knows the node: it may be a member before. */
  readonly registered: (node: string) => Promise<void>;
  readonly records: () => Promise<readonly StoredRecord[]>;
}

async function scene(work: (scene: Scene) => Promise<void>): Promise<void> {
  const folder = temporaryFolder();
  let store = await openStore(folder);
  let hub = await startNode({ ...common, name: "cloud", listen: "ws://127.0.0.1:0", store });
  const url = hub.cluster?.url ?? "";
  const started: NodeProcess[] = [];
  try {
    await work({
      hub: () => hub,
      url,
      store: () => store,
      start(options) {
        const node = startNodeProcess({ ...options, join: url });
        started.push(node);
        return node;
      },
      async restartHub() {
        await hub.terminate();
        await store.close();
        store = await openStore(folder);
        hub = await startNode({ ...common, name: "cloud", listen: url, store });
      },
      stored: (count) =>
        within(
          20_000,
          (async () => {
            while (store.recordCount < count) await pause();
          })(),
          `${count} records`,
        ),
      registered: (node) =>
        within(
          20_000,
          (async () => {
            const scheduler = hub.system.resolve<SchedulerMessage>("sluice://cloud/scheduler");
            const nodes = () =>
              hub.system.ask<SchedulerMessage, NodesReported>(scheduler, (replyTo) => ({
                type: "reportNodes",
                replyTo,
              }));
            while (!(await nodes()).nodes.some(({ description }) => description.name === node)) await pause();
          })(),
          `${node} to be registered`,
        ),
      async records() {
        const found: StoredRecord[] = [];
        for (let fromPosition = 0; ;) {
          const { records, nextPosition } = await store.read({ fromPosition, limit: 500 });
          if (records.length === 0) return found;
          found.push(...records);
          fromPosition = nextPosition;
        }
      },
    });
  } finally {
    for (const node of started) await node.kill();
    await hub.terminate();
    await store.close();
  }
}

/** Every frame from 0 on is in one result, and every sequence of every incarnation is there. */
function checkWhole(records: readonly StoredRecord[], frames: number): void {
  const results = records.filter((record): record is StoredResult => record.type === "result");
  assert.equal(
    records.filter(({ type }) => type === "gap"),
    [],
  );
  const times = results.flatMap((record) => record.framePtsUs).sort((a, b) => a - b);
  assert.equal(
    times,
    Array.from({ length: frames }, (_, index) => index * 1_000),
  );
  const sequences = new Map<number, number[]>();
  for (const { id } of results) {
    sequences.set(id.incarnation, [...(sequences.get(id.incarnation) ?? []), id.sequence]);
  }
  for (const found of sequences.values()) {
    assert.equal(
      found.sort((a, b) => a - b),
      Array.from(found, (_, index) => index),
    );
  }
}

test("a node with a source that is killed again and again goes on where it was: each frame is stored once", async () => {
  await scene(async ({ start, stored, records, store }) => {
    const journal = temporaryFolder();
    const source = { id: "cam-1", count: 1_500, policy: { name: "cloud-only", parameters: {} } };
    const incarnations = 4;
    for (let incarnation = 1; incarnation < incarnations; incarnation++) {
      const edge = start({ name: "edge-1", journal, source });
      await stored(incarnation * 300);
      await edge.kill();
    }
    const last = start({ name: "edge-1", journal, source });
    await last.heard("sourceEnded");
    checkWhole(await records(), source.count);
    // Whoever was killed is closed by the next one, and the frames join up.
    assert.is(store().recordCount, source.count + incarnations);
    const closings = (await records()).filter((record) => record.type === "closed");
    assert.is(closings.filter(({ end }) => end === "recovered").length, incarnations - 1);
    assert.equal((await auditRun({ records: await records() })).findings, []);
    const lives = new Set((await records()).map(({ id }) => id.incarnation));
    assert.is(lives.size, incarnations);
    await last.leave();
  });
});

test("a node that runs stages is killed, and what it had runs elsewhere: each task is stored once", async () => {
  await scene(async ({ hub, url, start, stored, registered, records }) => {
    const source = await startNode({ ...common, name: "edge-1", join: url });
    const id = parseSourceId("cam-1");
    try {
      let worker = start({ name: "edge-2" });
      await worker.heard("member");
      await registered("edge-2");
      const script = scriptedSource({ count: 4_000 });
      await source.addSource({
        id,
        source: script.source,
        capture: script.capture,
        pipeline: PAIR,
        configuration: parseConfiguration({ width: 16, height: 16, framesPerTask: 1 }),
        policy: {
          name: "fixed",
          parameters: { placement: { find: ["edge-2", "edge-1"], sift: ["edge-2", "cloud"] } },
        },
      });
      for (let kill = 1; kill <= 3; kill++) {
        await stored(kill * 500);
        await worker.kill();
        await stored(kill * 500 + 250);
        worker = start({ name: "edge-2" });
        await worker.heard("member");
      }
      await within(30_000, source.sourceEnded(id), "the end of the source");
      const found = await records();
      checkWhole(found, 4_000);
      const nodes = new Set(
        found.flatMap((record) => (record.type === "result" ? record.hops.map(({ node }) => node) : [])),
      );
      assert.ok(nodes.has("edge-2" as never) && nodes.size > 1, [...nodes].join());
      assert.is(hub().system.deadLetters.countByReason.unencodable, 0);
      await worker.leave();
    } finally {
      await source.terminate();
    }
  });
});

test("the hub starts anew over its store in the middle of a stream: each frame is stored once", async () => {
  await scene(async ({ start, stored, records, restartHub }) => {
    const source = { id: "cam-1", count: 2_000, policy: { name: "edge-only", parameters: {} } };
    const edge = start({ name: "edge-1", source });
    for (const count of [300, 900]) {
      await stored(count);
      await restartHub();
    }
    await edge.heard("sourceEnded");
    checkWhole(await records(), source.count);
    await edge.leave();
  });
});

test.run();
