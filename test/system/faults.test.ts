import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { definePipeline } from "../../src/task/define-pipeline.js";
import { checkEnd, checkResult, localRun, progress, scripted, SERVICES } from "../support/local-run.js";
import { pause } from "../support/pause.js";

const pipeline = definePipeline(
  {
    id: "chain",
    stages: [
      { id: "detect", service: "detect", parameters: scripted(0) },
      { id: "left", service: "sift", after: ["detect"] },
      { id: "right", service: "sift", after: ["detect"] },
      { id: "meet", service: "sift", after: ["left", "right"] },
      { id: "follow", service: "follow", after: ["meet"] },
    ],
  },
  SERVICES,
);
const placement = { detect: "edge-1", left: "cloud", right: "edge-1", meet: "cloud", follow: "cloud" };
const policy = { name: "fixed", parameters: { placement } };

/** Has no type to look at: every component fails on it. What it only does not know it would drop. */
const NO_MESSAGE = null;
const COMPONENTS = [
  "sluice://edge-1/controller",
  "sluice://cloud/controller",
  "sluice://edge-1/processors",
  "sluice://cloud/processors",
  "sluice://edge-1/processors/chain$1$detect",
  "sluice://cloud/processors/chain$1$meet",
  "sluice://cloud/processors/chain$1$follow",
  "sluice://edge-1/source-cam-1",
  "sluice://edge-1/monitor",
  "sluice://cloud/distributor",
  "sluice://cloud/scheduler",
];

for (const address of COMPONENTS) {
  test(`${address} that fails on a message is restarted, and the run loses nothing`, async () => {
    // A store that gathers: the distributor has tasks in hand whenever it fails.
    await localRun({ pipeline, flush: { periodMs: 15 } }, async (run) => {
      const source = await run.add({ policy });
      await progress(source, 40);
      for (let time = 0; time < 3; time += 1) {
        run.cluster.edges[0]?.system.resolve<null>(address).tell(NO_MESSAGE);
        await run.lawful(progress(source, 20));
      }
      await run.cluster.drain();
      const ledger = await run.ended();
      await checkEnd(run, ledger);
      assert.is(ledger.stored, ledger.created);
      for (const record of await run.records()) if (record.type === "result") checkResult(pipeline, record);
    });
  });
}

test("a component that fails again and again ends its node, which says so and why", async () => {
  await localRun({ pipeline, failures: 1 }, async (run) => {
    const source = await run.add({ policy });
    await progress(source, 40);
    const [edge] = run.cluster.edges;
    const controller = edge?.system.resolve<null>("sluice://edge-1/controller");
    for (let time = 0; time < 6; time += 1) controller?.tell(NO_MESSAGE);
    const error = await run.failed;
    assert.match(
      error.message,
      /^Cannot restart "\/controller" again: 5 restarts within 10000 ms are spent$/,
    );
    // Nothing is placed on a node that has failed.
    for (let placed = ["edge-1"]; placed.includes("edge-1"); await pause()) {
      const { table } = await run.cluster.table();
      placed = [...(table?.sources.values() ?? [])].flatMap((route) => [...route.placement.values()].flat());
    }
  });
});

test("a listener of events that throws harms nobody", async () => {
  await localRun({ pipeline }, async (run) => {
    run.onEvent(() => {
      throw new Error("Not mine");
    });
    for (let time = 0; time < 8; time += 1) {
      await run.add({ id: `cam-${time}`, count: 3, policy });
      await checkEnd(run, await run.ended(`cam-${time}`));
    }
  });
});

test("a source whose pipeline has the name and version of another one is refused, and the other goes on", async () => {
  await localRun({ pipeline }, async (run) => {
    const source = await run.add({ policy });
    await progress(source, 20);
    const other = definePipeline({ id: "chain", stages: [{ id: "alone", service: "find" }] }, SERVICES);
    const error = await run.add({ id: "cam-2", pipeline: other }).then(
      () => null,
      (thrown: unknown) => thrown,
    );
    assert.match(String(error), 'is another one of node "edge-1": give yours another name or version');
    await progress(source, 20);
    await run.cluster.drain();
    const ledger = await run.ended();
    await checkEnd(run, ledger);
    assert.is(ledger.stored, ledger.created);
  });
});

test("sources with two versions of a pipeline run side by side, each with its own", async () => {
  const next = definePipeline(
    {
      id: "chain",
      version: 2,
      stages: [
        { id: "find", service: "find" },
        { id: "sift", service: "sift", after: ["find"] },
      ],
    },
    SERVICES,
  );
  await localRun({ pipeline }, async (run) => {
    const cloudOnly = { name: "cloud-only", parameters: {} };
    // A live source that leaves the cloud without a task of its pipeline for most of the time.
    const first = await run.add({ id: "cam-1", policy: cloudOnly, liveEveryMs: 20 });
    await progress(first, 10);
    const second = await run.add({ id: "cam-2", pipeline: next, policy: cloudOnly });
    await progress(second, 40);
    await progress(first, 30);
    await run.cluster.drain();
    for (const id of ["cam-1", "cam-2"]) {
      const ledger = await run.ended(id);
      await checkEnd(run, ledger);
      // A live source does not wait: what a slow machine has no room for is dropped, and nothing else is.
      const { windowFull = 0 } = ledger.dropped;
      assert.is(ledger.stored + windowFull, ledger.created, id);
    }
    for (const record of await run.records()) {
      if (record.type === "result") checkResult(record.id.sourceId === "cam-1" ? pipeline : next, record);
    }
  });
});

test.run();
