import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { parseSourceId } from "../../src/task/identity.js";
import { definePipeline } from "../../src/task/define-pipeline.js";
import { type Pipeline } from "../../src/task/pipeline.js";
import type { SluiceNode } from "../../src/node/node.js";
import {
  checkEnd,
  localRun,
  progress,
  queuesOf,
  scripted,
  SERVICES,
  type LocalRun,
} from "../support/local-run.js";
import { DEEDS } from "../support/services/scripted.js";
import { slowness } from "../support/slowness.js";
import { SLOWER_MAX } from "../support/within.js";
import { inTemporaryFolder } from "../support/temporary-folder.js";
import { pause } from "../support/pause.js";

const detecting = (parameters: Readonly<Record<string, unknown>> = {}, id = "detecting"): Pipeline =>
  definePipeline(
    {
      id,
      stages: [
        { id: "detect", service: "detect", parameters: { ...scripted(0), ...parameters } },
        { id: "follow", service: "follow", after: ["detect"] },
      ],
    },
    SERVICES,
  );

const nodesOf = ({ cluster }: LocalRun): readonly SluiceNode[] => [cluster.cloud, ...cluster.edges];

test("a live source before a slow stage drops what its window does not hold, and control stays responsive", async () => {
  const window = 4;
  await localRun({ pipeline: detecting() }, async (run) => {
    const write = (_: number, bytes: Uint8Array) => bytes.set([DEEDS.indexOf("dawdle"), 255]);
    const source = await run.add({ liveEveryMs: 2, window, write });
    const waits: number[] = [];
    const slow = await slowness();
    while (source.given < 200) {
      const askedMs = performance.now();
      await run.cluster.setPolicy(parseSourceId("cam-1"), { name: "edge-only", parameters: {} });
      waits.push(performance.now() - askedMs);
      const queued = (await Promise.all(nodesOf(run).map(queuesOf))).flatMap((report) =>
        Object.values(report.queued),
      );
      const tasks = queued.reduce((sum, count) => sum + count, 0);
      assert.ok(tasks <= window, `${tasks} tasks are under way`);
      await run.checkLaw();
      await pause();
    }
    const median = waits.sort((a, b) => a - b)[Math.floor(waits.length / 2)] ?? Infinity;
    assert.ok(median < 100 * slow, `half of the commands waited for ${median} ms`);
    await run.cluster.drain();
    const ledger = await run.ended();
    await checkEnd(run, ledger);
    assert.equal(Object.keys(ledger.dropped), ["windowFull"]);
    assert.ok(ledger.stored > 0);
    for (const record of await run.records()) if (record.type === "gap") assert.is(record.stage, null);
  });
});

test("a stage whose worker cannot be started says stageFailed, and its tasks are gaps", async () => {
  const pipeline = definePipeline(
    {
      id: "broken",
      stages: [
        { id: "find", service: "find" },
        { id: "absent", service: "absent", after: ["find"] },
      ],
    },
    SERVICES,
  );
  await localRun({ pipeline }, async (run) => {
    await run.add({ count: 5 });
    const { stage, node, error } = await run.first((event) => (event.type === "stageFailed" ? event : null));
    assert.equal([stage.stage, node], ["absent", "edge-1"]);
    assert.match(error.message, /^Cannot load service "absent" in 3 attempts: /);
    const ledger = await run.ended();
    await checkEnd(run, ledger);
    assert.equal(ledger.dropped, { serviceFailed: 5 });
  });
});

test("a service that cannot be loaded at first runs once it can, and nothing is lost", async () => {
  await inTemporaryFolder(async (folder) => {
    const failLoads = join(folder, "loads");
    writeFileSync(failLoads, "..");
    await localRun({ pipeline: detecting({ failLoads }) }, async (run) => {
      await run.add({ count: 10 });
      const ledger = await run.ended();
      await checkEnd(run, ledger);
      assert.is(ledger.stored, 10);
      assert.not.ok(run.events.some(({ type }) => type === "stageFailed"));
    });
  });
});

test("a service that can never be loaded says stageFailed once on each node that tries, and the others go on", async () => {
  await inTemporaryFolder(async (folder) => {
    const failLoads = join(folder, "loads");
    writeFileSync(failLoads, ".".repeat(100));
    await localRun({ pipeline: detecting() }, async (run) => {
      const well = await run.add({ id: "cam-1" });
      await run.add({ id: "cam-2", count: 30, pipeline: detecting({ failLoads }, "failing") });
      const ledger = await run.lawful(run.ended("cam-2"));
      assert.equal(ledger.dropped, { serviceFailed: 30 });
      await progress(well, 20);
      await run.cluster.drain();
      for (const id of ["cam-1", "cam-2"]) await checkEnd(run, await run.ended(id));
      const failed = run.events.flatMap((event) => (event.type === "stageFailed" ? [event.node] : []));
      assert.equal(failed.sort(), ["cloud", "edge-1"]);
    });
  });
});

/** What a cluster holds that grows with its sources, in numbers. */
async function holdings(run: LocalRun) {
  const { table, explanations } = await run.cluster.table();
  const queues = await Promise.all(nodesOf(run).map(queuesOf));
  const resources = process.getActiveResourcesInfo();
  return {
    ledgers: (await run.cluster.ledgers()).length,
    sources: table?.sources.size ?? 0,
    pipelines: table?.pipelines.size ?? 0,
    explanations: Object.keys(explanations).length,
    stages: queues.reduce((sum, { queued }) => sum + Object.keys(queued).length, 0),
    joining: queues.reduce((sum, { joining }) => sum + joining, 0),
    threads: resources.filter((resource) => resource === "MessagePort").length,
  };
}
/** Waits for the last tables and ends of threads. @returns the timers that are left */
async function emptied(run: LocalRun): Promise<number> {
  const lateMs = performance.now() + 5_000 * SLOWER_MAX;
  while (performance.now() < lateMs && JSON.stringify(await holdings(run)) !== JSON.stringify(NOTHING))
    await pause();
  assert.equal(await holdings(run), NOTHING);
  return process.getActiveResourcesInfo().filter((resource) => resource === "Timeout").length;
}

const NOTHING = { ledgers: 0, sources: 0, pipelines: 0, explanations: 0, stages: 0, joining: 0, threads: 0 };

test("200 sources that come and go leave nothing behind: no route, stage inbox, processor, thread or timer", async () => {
  await localRun({ pipeline: detecting() }, async (run) => {
    await run.add({ count: 20 });
    await run.ended();
    const timers = await emptied(run);

    const lasting = await run.add({ id: "lasting", policy: { name: "cloud-only", parameters: {} } });
    await progress(lasting, 20);
    for (let cycle = 0; cycle < 200; cycle += 1) {
      // Ten names, each used again and again; every twentieth source brings a pipeline of its own.
      const id = `cam-${cycle % 10}`;
      const own = cycle % 20 === 19 ? { pipeline: detecting({}, `own-${cycle}`) } : {};
      const source = await run.add({ id, ...own });
      if (cycle % 2 === 0) await progress(source, 5);
      await run.cluster.edges[0]?.drainSource(parseSourceId(id));
      assert.is(source.open, 0);
    }
    await run.cluster.drain();
    assert.is((await run.ended("lasting")).inFlight, 0);
    const timersLeft = await emptied(run);
    // A few come and go with samples and with workers that close.
    assert.ok(timersLeft <= timers + 5, `${timersLeft} timers after ${timers}`);
    const ends = run.events.flatMap((event) => (event.type === "sourceEnded" ? [event.ledger] : []));
    assert.is(ends.length, 202);
    assert.ok(ends.every(({ inFlight }) => inFlight === 0));
    assert.is(
      (await run.records()).length,
      ends.reduce((sum, { created }) => sum + created, 0),
    );
  });
});

test.run();
