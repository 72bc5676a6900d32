import * as fc from "fast-check";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { openLevelStore } from "../../src/storage/results/level-store.js";
import type { FlowCounts, LedgerReported } from "../../src/task/reports.js";
import { definePipeline, type PipelineDefinition } from "../../src/task/define-pipeline.js";
import { type Pipeline } from "../../src/task/pipeline.js";
import {
  checkEnd,
  checkResult,
  localRun,
  queuesOf,
  QUICK,
  scripted,
  SERVICES,
  type LocalRun,
  type SourceScript,
} from "../support/local-run.js";
import { DEEDS, type Deed } from "../support/services/scripted.js";
import { inTemporaryFolder } from "../support/temporary-folder.js";

/** What a stage does to a task, and how often before it answers. */
interface Fault {
  readonly deed: Deed;
  readonly times: number;
}
/** Of each task, by sequence: what `detect` and `refine` do to it. */
type Faults = Readonly<Record<number, readonly (Fault | null)[]>>;

const write = (faults: Faults) => (index: number, bytes: Uint8Array) => {
  for (const [slot, fault] of (faults[index] ?? []).entries()) {
    if (fault !== null) bytes.set([DEEDS.indexOf(fault.deed), fault.times], 2 * slot);
  }
};

type Queue = PipelineDefinition["stages"][number]["queue"];

function chain({ queue, deadlineMs }: { readonly queue?: Queue; readonly deadlineMs?: number | null } = {}) {
  return definePipeline(
    {
      id: "chain",
      deadlineMs,
      stages: [
        { id: "detect", service: "detect", parameters: scripted(0) },
        { id: "refine", service: "refine", after: ["detect"], parameters: scripted(1), queue },
        { id: "follow", service: "follow", after: ["refine"] },
      ],
    },
    SERVICES,
  );
}

const SPREAD = {
  name: "fixed",
  parameters: { placement: { detect: "edge-1", refine: "cloud", follow: "edge-1" } },
};

/** Plays a source to its end, checks the law all the while, and the end. */
async function play(run: LocalRun, script: SourceScript): Promise<LedgerReported> {
  await run.add({ policy: SPREAD, ...script });
  const ledger = await run.lawful(run.ended());
  await checkEnd(run, ledger);
  return ledger;
}

/** Attempts of `detect`, by sequence, of the tasks that are stored. */
async function attempts(run: LocalRun, pipeline: Pipeline): Promise<Map<number, number>> {
  const found = new Map<number, number>();
  for (const record of await run.records()) {
    if (record.type !== "result") continue;
    checkResult(pipeline, record);
    found.set(record.id.sequence, record.hops.find(({ stage }) => stage === "detect")?.attempt ?? 0);
  }
  return found;
}

test("a run without faults stores every task, on the nodes that the table says", async () => {
  const pipeline = chain();
  await localRun({ pipeline }, async (run) => {
    const ledger = await play(run, { count: 50 });
    assert.is(ledger.stored, 50);
    for (const record of await run.records()) {
      if (record.type !== "result") throw new Error("a gap");
      checkResult(pipeline, record);
      assert.equal(
        record.hops.map((hop) => hop.node),
        ["edge-1", "cloud", "edge-1"],
      );
      assert.is(record.results["follow"]?.continuity, record.id.sequence === 0 ? "restarted" : "continued");
    }
  });
});

test("a task that crashes its worker is tried again, and one that does it each time is dropped as poison", async () => {
  const pipeline = chain();
  const once = (deed: Deed) => [{ deed, times: 1 }];
  const always = (deed: Deed) => [{ deed, times: 255 }];
  const faults = {
    2: once("crash"),
    4: always("crash"),
    6: once("exit"),
    8: once("hang"),
    10: always("hang"),
  };
  await localRun({ pipeline }, async (run) => {
    const ledger = await play(run, { count: 14, write: write(faults) });
    assert.equal(ledger.dropped, { poison: 2 });
    const tries = [...(await attempts(run, pipeline))].filter(([, attempt]) => attempt > 1);
    assert.equal(
      new Map(tries),
      new Map([
        [2, 2],
        [6, 2],
        [8, 2],
      ]),
    );
  });
});

test("a task that a service throws at, or answers with nonsense, is dropped as serviceFailed and no other", async () => {
  const fail = (deed: Deed) => [null, { deed, times: 255 }];
  const faults = { 0: fail("throw"), 3: fail("nonsense"), 9: fail("throw") };
  await localRun({ pipeline: chain() }, async (run) => {
    const ledger = await play(run, { count: 10, write: write(faults) });
    assert.equal(ledger.dropped, { serviceFailed: 3 });
    assert.equal(
      (await run.records())
        .filter(({ type }) => type === "gap")
        .map(({ id }) => id.sequence)
        .toSorted((a, b) => a - b),
      [0, 3, 9],
    );
  });
});

const slow: SourceScript = {
  count: 30,
  write: (_, bytes) => bytes.set([DEEDS.indexOf("dawdle"), 255], 2),
};

for (const [policy, reason] of [
  ["dropOldest", "queueDropOldest"],
  ["dropNewest", "queueDropNewest"],
  ["latestOnly", "queueLatestOnly"],
] as const) {
  test(`a slow stage with ${policy} drops what its queue does not hold, each as a gap with its reason`, async () => {
    await localRun({ pipeline: chain({ queue: { policy, capacity: 2 } }) }, async (run) => {
      const { stored, dropped } = await play(run, slow);
      assert.equal(Object.keys(dropped), [reason]);
      assert.ok(stored >= 1);
    });
  });
}

test("a slow stage with block drops nothing, and one with a deadline drops what is late", async () => {
  await localRun({ pipeline: chain({ queue: { policy: "block", capacity: 2 } }) }, async (run) => {
    assert.equal((await play(run, slow)).dropped, {});
  });
  await localRun({ pipeline: chain({ deadlineMs: 100 }) }, async (run) => {
    const { dropped } = await play(run, slow);
    assert.equal(Object.keys(dropped), ["deadline"]);
  });
});

test("a run on level is there when its folder is opened again", async () => {
  await inTemporaryFolder(async (folder) => {
    const store = await openLevelStore(folder);
    const faults = { 1: [{ deed: "throw" as const, times: 1 }] };
    const left = { records: 0 };
    await localRun({ pipeline: chain(), store }, async (run) => {
      await play(run, { count: 20, write: write(faults) });
      left.records = (await run.records()).length;
    });
    await store.close();
    const again = await openLevelStore(folder);
    assert.is(again.recordCount, 21, "and the closing of the source");
    assert.is(left.records, 20);
    assert.equal(again.totals(), { "cam-1": { stored: 19, dropped: { serviceFailed: 1 } } });
    await again.close();
  });
});

const fault = fc.option(
  fc.record({
    deed: fc.constantFrom<Deed>("throw", "crash", "exit", "nonsense", "dawdle", "dawdle", "hang"),
    times: fc.constantFrom(1, 1, 2),
  }),
  { freq: 3 },
);
const history = fc.record({
  faults: fc.dictionary(fc.nat(19).map(String), fc.tuple(fault, fault), { maxKeys: 6 }),
  queue: fc.record({
    policy: fc.constantFrom(
      "block" as const,
      "dropOldest" as const,
      "dropNewest" as const,
      "latestOnly" as const,
    ),
    capacity: fc.integer({ min: 1, max: 4 }),
  }),
  deadlineMs: fc.constantFrom(null, null, 80),
  window: fc.integer({ min: 1, max: 16 }),
});

test("created = stored + dropped + in flight at every moment of any history of faults, and every task ends once", async () => {
  const limits = { processor: { ...QUICK.processor, executeTimeoutMs: 120 } };
  await fc.assert(
    fc.asyncProperty(history, async ({ faults, window, ...shape }) => {
      await localRun({ pipeline: chain(shape), limits }, async (run) => {
        await play(run, { count: 20, window, write: write(faults) });
      });
    }),
    { numRuns: 8 },
  );
});

test("nodes count what they admitted, passed on, did, finished and dropped, and it adds up over the cluster", async () => {
  const faults: Faults = { 3: [{ deed: "throw", times: 1 }], 7: [null, { deed: "throw", times: 1 }] };
  await localRun({ pipeline: chain() }, async (run) => {
    const ledger = await play(run, { count: 40, write: write(faults) });
    const { cloud, edges } = run.cluster;
    const counts = await Promise.all([cloud, ...edges].map(async (node) => (await queuesOf(node)).counts));
    const sum = (of: (count: FlowCounts) => number): number =>
      counts.reduce((all, count) => all + of(count), 0);
    const dropped = sum((count) => Object.values(count.dropped).reduce((all, drops) => all + drops, 0));
    assert.is(
      sum(({ admitted }) => admitted),
      ledger.created,
    );
    assert.is(
      sum(({ forwarded }) => forwarded),
      sum(({ received }) => received),
    );
    assert.is(
      sum(({ finished }) => finished),
      ledger.stored,
    );
    assert.equal([dropped, ledger.dropped], [2, { serviceFailed: 2 }]);
    // Three stages of each task that is stored, and one of the task that failed at the second.
    assert.is(
      sum(({ processed }) => processed),
      3 * ledger.stored + 1,
    );
  });
});

test.run();
