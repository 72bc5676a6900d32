/** The audit of what a cluster really stored: it finds nothing, and then each fault that is put into a copy. */

import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import type { AuditLedger } from "../../src/audit/account.js";
import { auditRun, type AuditInput } from "../../src/audit/audit.js";
import { taskText } from "../../src/audit/findings.js";
import type { AuditRuleCode } from "../../src/audit/rules.js";
import type { PolicySpec } from "../../src/task/requests.js";
import type { StoredRecord, StoredResult } from "../../src/task/record.js";
import { parseSourceId, type SourceId } from "../../src/task/identity.js";
import { definePipeline } from "../../src/task/define-pipeline.js";
import { type Pipeline } from "../../src/task/pipeline.js";
import { withHop } from "../support/audited-run.js";
import { localRun, progress, SERVICES } from "../support/local-run.js";

const WINDOW = 8;
const SWAPS = 12;
const EDGES = ["edge-1", "edge-2"];

const forked = definePipeline(
  {
    id: "forked",
    stages: [
      { id: "find", service: "find" },
      { id: "left", service: "sift", after: ["find"] },
      { id: "right", service: "sift", after: ["find"] },
      { id: "meet", service: "sift", after: ["left", "right"] },
      { id: "follow", service: "follow", after: ["meet"] },
    ],
  },
  SERVICES,
);

const placed = (find: string, left: string, right: string): PolicySpec => ({
  name: "fixed",
  parameters: { placement: { find, left, right, meet: "cloud", follow: "cloud" } },
});

interface Stored extends Required<Pick<AuditInput, "pipelines" | "windows" | "ledgers">> {
  readonly records: readonly StoredRecord[];
}

/** Two sources under tables that change all the time; read once, for all tests. */
const stored: Promise<Stored> = storeRun();

async function storeRun(): Promise<Stored> {
  const left = {
    records: [] as readonly StoredRecord[],
    pipelines: new Map<string, Pipeline>() as ReadonlyMap<string, Pipeline>,
    ledgers: [] as AuditLedger[],
  };
  await localRun({ pipeline: forked, edges: EDGES }, async (run) => {
    const policy = placed("edge-1", "edge-1", "cloud");
    const sources = [
      await run.add({ id: "cam-1", edge: 0, window: WINDOW, policy }),
      await run.add({ id: "cam-2", edge: 1, window: WINDOW, policy }),
    ];
    for (let swap = 0; swap < SWAPS; swap += 1) {
      for (const source of sources) await progress(source, 10);
      const [here = "", there = ""] = swap % 4 < 2 ? EDGES.toReversed() : EDGES;
      await run.cluster.setPolicy(parseSourceId(`cam-${1 + (swap % 2)}`), placed(here, there, here));
    }
    left.pipelines = (await run.cluster.table()).table?.pipelines ?? new Map();
    await run.cluster.drain();
    left.records = await run.allRecords();
    for (const id of ["cam-1", "cam-2"]) {
      const { created } = await run.ended(id);
      const incarnation = left.records.find(({ id: task }) => task.sourceId === id)?.id.incarnation ?? 0;
      left.ledgers.push({ sourceId: parseSourceId(id), incarnation, created, outstanding: [] });
    }
  });
  const windows = new Map<SourceId, number>(left.ledgers.map(({ sourceId }) => [sourceId, WINDOW]));
  return { ...left, windows };
}

test("an audit of what a cluster stored over 12 swaps of the table finds nothing", async () => {
  const run = await stored;
  assert.equal([...run.pipelines.keys()], ["forked@1"]);
  const epochs = new Set(
    run.records.flatMap((record) => (record.type === "result" ? record.hops.map(({ epoch }) => epoch) : [])),
  );
  assert.ok(epochs.size > SWAPS / 2, `${epochs.size} epochs`);
  // All nodes have one clock.
  const report = await auditRun({ ...run, clockToleranceMs: 0 });
  assert.equal(report.findings, []);
  assert.equal(
    report.incarnations.map(({ created, results }) => [created, results]),
    run.ledgers.map(({ created }) => [created, created]),
  );
  assert.ok(report.records > 2 * 10 * SWAPS, `${report.records} records`);
  assert.equal((await auditRun({ records: run.records })).findings, [], "with nothing known but the records");
});

/** A fault in a copy of the records: what it changes, and the one finding that it must lead to. */
interface Fault {
  readonly rule: AuditRuleCode;
  readonly detail: RegExp;
  /** Where it is put. Default: the middle. */
  readonly at?: (records: readonly StoredResult[]) => number;
  readonly inject: (records: readonly StoredResult[], at: number) => readonly StoredResult[];
}

const replaced =
  (change: (record: StoredResult) => StoredResult): Fault["inject"] =>
  (records, at) =>
    records.map((record, index) => (index === at ? change(record) : record));

const middle: NonNullable<Fault["at"]> = (records) => Math.floor(records.length / 2);

const FAULTS: Readonly<Record<string, Fault>> = {
  "a record that is taken out": {
    rule: "lost",
    detail: /no record/,
    inject: (records, at) => records.toSpliced(at, 1),
  },
  "a task that is stored twice": {
    rule: "doubled",
    detail: /second record/,
    inject: (records, at) =>
      records.flatMap((record, index) =>
        index === records.length - 1 ? [record, again(records[at] ?? record, record.position + 1)] : [record],
      ),
  },
  "a position that is given twice": {
    rule: "position",
    detail: /given twice/,
    inject: replaced((record) => ({ ...record, position: record.position - 1 })),
  },
  "a hop that is taken out": {
    rule: "hops",
    detail: /"left" has a result and no hop/,
    inject: replaced((record) => withHop(record, "left", () => undefined)),
  },
  "times of a hop that are the wrong way round": {
    rule: "hops",
    detail: /"find" ended .* before it started/,
    inject: replaced((record) =>
      withHop(record, "find", (hop) => ({
        ...hop,
        startedAtMs: hop.endedAtMs,
        endedAtMs: hop.startedAtMs,
      })),
    ),
  },
  "an epoch that is lowered on one node": {
    rule: "epoch",
    detail: /under epoch 1, .* after/,
    inject: replaced((record) => withHop(record, "follow", (hop) => ({ ...hop, epoch: 1 }))),
  },
  "a stage that comes before its predecessor": {
    rule: "hops",
    detail: /"meet" was enqueued .* before "(?:left|right)" ended/,
    inject: replaced((record) => {
      const ends = record.hops.filter(({ stage }) => stage === "left" || stage === "right");
      const endMs = Math.max(...ends.map(({ endedAtMs }) => endedAtMs));
      return withHop(record, "meet", (hop) => ({ ...hop, enqueuedAtMs: endMs - 0.01 }));
    }),
  },
  "a task that was made while the window was full": {
    rule: "bounds",
    detail: /tasks were under way at once: the window allows 8/,
    // The last of the run, so that none but it and the eight that are stored before it can be under way.
    at: (records) => records.length - 1,
    inject: (records, at) => {
      const own = records.filter(({ id }) => id.sourceId === records[at]?.id.sourceId);
      const crowd = new Set(own.slice(-WINDOW - 1));
      const firstMs = Math.min(...[...crowd].map(({ storedAtMs }) => storedAtMs));
      const lastAtMs = Math.min(records[at]?.createdAtMs ?? 0, firstMs - 0.001);
      return records.map((record, index) => {
        if (!crowd.has(record)) return record;
        const createdAtMs = index === at ? lastAtMs : Math.min(record.createdAtMs, lastAtMs - 0.001);
        return { ...record, createdAtMs, sourceAtMs: Math.min(record.sourceAtMs, createdAtMs) };
      });
    },
  },
  "an attempt of 0": {
    rule: "attempt",
    detail: /attempt 0/,
    inject: replaced((record) => withHop(record, "right", (hop) => ({ ...hop, attempt: 0 }))),
  },
};

function again(record: StoredResult, position: number): StoredResult {
  return { ...record, position };
}

for (const [name, { rule, detail, at: place = middle, inject }] of Object.entries(FAULTS)) {
  test(`an audit of what a cluster stored finds ${name}, and names the task`, async () => {
    const run = await stored;
    // Without its chain, by which any change would be found.
    const results = run.records
      .filter((record) => record.type === "result")
      .map(({ chain, ...record }): StoredResult => {
        assert.type(chain, "string");
        return record;
      });
    assert.is(results.length, run.records.length - 2, "all but the closings of two sources");
    const at = place(results);
    const { findings } = await auditRun({
      ...run,
      records: inject(results, at),
      clockToleranceMs: 0,
    });
    const task = results[at]?.id;
    assert.equal(
      findings.map((finding) => [finding.rule, finding.task === null ? null : taskText(finding.task)]),
      [[rule, task === undefined ? "" : taskText(task)]],
    );
    assert.match(findings[0]?.detail ?? "", detail);
  });
}

test.run();
