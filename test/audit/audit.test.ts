import * as fc from "fast-check";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { auditRun, type AuditInput, type AuditReport } from "../../src/audit/audit.js";
import type { Stated } from "../../src/audit/origin.js";
import type { AuditLedger } from "../../src/audit/account.js";
import { FINDINGS_MAX, taskText } from "../../src/audit/findings.js";
import type { StoredRecord } from "../../src/task/record.js";
import { parseSourceId } from "../../src/task/identity.js";
import type { Pipeline } from "../../src/task/pipeline.js";
import { DROP_REASONS } from "../../src/task/task.js";
import { storedRun } from "../support/exported-run.js";
import { auditedRun, changed, withHop, withoutResult } from "../support/audited-run.js";
import { pipelineOf } from "../task/pipelines.js";

const CAM = parseSourceId("cam-1");
const chain = pipelineOf({ a: [], b: ["a"], c: ["b"] });
const knowing = (pipeline: Pipeline): Pick<AuditInput, "pipelines"> => ({
  pipelines: new Map([[`${pipeline.id}@${pipeline.version}`, pipeline]]),
});
const ledger = (created: number | null, outstanding: readonly number[] = []): AuditLedger => ({
  sourceId: CAM,
  incarnation: 1,
  created,
  outstanding,
});

const audit = (records: readonly StoredRecord[], given: Omit<AuditInput, "records"> = {}) =>
  auditRun({ records, ...given });

/** `rule source/incarnation/sequence`, for each finding. */
const named = ({ findings }: AuditReport): readonly string[] =>
  findings.map(({ rule, task }) => `${rule} ${task === null ? "-" : taskText(task)}`);

async function statedBy(sequences: readonly number[]): Promise<Omit<Stated, "whole">> {
  const expired = [{ sourceId: "cam-1", incarnation: 1, sequences }];
  const statement = { ...(await storedRun([])).statement, expired };
  return { before: statement, after: statement };
}

async function finds(
  records: readonly StoredRecord[],
  wanted: readonly string[],
  given: Omit<AuditInput, "records"> = {},
): Promise<AuditReport> {
  const report = await audit(records, given);
  assert.equal(named(report), wanted);
  assert.is(report.findingCount, wanted.length);
  return report;
}

test("an audit of a run that adds up finds nothing, and counts what was stored and dropped", async () => {
  const records = [
    ...auditedRun({ count: 5, gaps: { 1: "deadline", 3: "deadline", 4: "poison" } }),
    ...auditedRun({ count: 3, incarnation: 2, position: 5 }),
    ...auditedRun({ count: 4, source: "cam-0", position: 8, nodes: ["edge-1", "cloud"] }),
  ];
  const report = await finds(records, []);
  assert.is(report.records, 12);
  assert.is(report.firstPosition, 0);
  const none = { inFlight: 0, expired: 0, lost: 0, findings: 0, closed: null };
  assert.equal(report.incarnations, [
    { sourceId: "cam-0", incarnation: 1, created: 4, results: 4, gaps: {}, ...none },
    { sourceId: CAM, incarnation: 1, created: 5, results: 2, gaps: { deadline: 2, poison: 1 }, ...none },
    { sourceId: CAM, incarnation: 2, created: 3, results: 3, gaps: {}, ...none },
  ]);
  assert.is((await audit([])).firstPosition, null);
});

test("an audit finds a task without a record, up to the highest stored or what the ledger has created", async () => {
  const records = auditedRun();
  await finds(
    changed(records, 7, () => undefined),
    ["lost cam-1/1/7"],
  );
  // Only the ledger knows of a last one that is missing.
  const cut = changed(records, 19, () => undefined);
  await finds(cut, []);
  await finds(cut, ["lost cam-1/1/19"], { ledgers: [ledger(20)] });
  const report = await finds(cut, ["lost cam-1/1/21"], { ledgers: [ledger(22, [5, 19, 20])] });
  assert.equal(
    report.incarnations.map(({ created, inFlight, lost, findings }) => [created, inFlight, lost, findings]),
    [[22, 2, 1, 1]],
  );
  await finds([], ["lost cam-1/1/0", "lost cam-1/1/1"], { ledgers: [ledger(2)] });
});

test("an audit does not judge what was made after the ledger, nor what an earlier incarnation has in flight", async () => {
  const late = changed(
    changed(auditedRun(), 17, () => undefined),
    4,
    () => undefined,
  );
  await finds(late, ["lost cam-1/1/4"], { ledgers: [ledger(15)] });
  await finds(late, ["lost cam-1/1/4"], { ledgers: [ledger(null, [17])] });
});

test("an audit takes no task for lost that retention has deleted", async () => {
  const kept = auditedRun()
    .slice(8)
    .filter(({ id }) => id.sequence !== 12);
  const deleted = (...sequences: readonly number[]) => ({
    origin: async () => ({
      stated: { ...(await statedBy(sequences)), whole: false },
      file: null,
    }),
  });
  const { incarnations } = await finds(kept, ["lost cam-1/1/12"], deleted(0, 7));
  assert.equal(
    incarnations.map(({ expired, lost }) => [expired, lost]),
    [[8, 1]],
  );
  await finds(kept, [], deleted(0, 7, 12, 12));
  await finds(kept, ["lost cam-1/1/3", "lost cam-1/1/12"], deleted(0, 2, 4, 7));
});

test("an audit takes no task for lost that a node made once the end of its incarnation was sealed, also where retention has deleted that end", async () => {
  const { after, before } = await statedBy([0, 7]);
  const origin = (takenOver: object) => async () => {
    const expired = after.expired.map((tasks) => ({ ...tasks, ...takenOver }));
    return { stated: { before, after: { ...after, expired }, whole: false }, file: null };
  };
  const kept = auditedRun().slice(8);
  const ledgers = [ledger(22)];
  await finds(kept, ["lost cam-1/1/20", "lost cam-1/1/21"], { ledgers, origin: origin({}) });
  await finds(kept, [], { ledgers, origin: origin({ takenOver: true }) });
});

test("an audit finds two records of one task, and a position given twice or out of order", async () => {
  const records = auditedRun();
  const [, second, third] = records;
  if (second === undefined || third === undefined) throw new Error("no records");
  await finds([...records, { ...second, position: 20 }], ["doubled cam-1/1/1"]);
  await finds([...records, second], ["position cam-1/1/1", "doubled cam-1/1/1"]);
  const [first, ...others] = records;
  if (first === undefined) throw new Error("no records");
  await finds([first, second, { ...third, position: 1 }, ...others.slice(2)], ["position cam-1/1/2"]);
  await finds([first, third, second, ...others.slice(2)], ["position cam-1/1/1"]);
});

test("an audit finds a hop that is missing, one too many, and times that run backwards", async () => {
  const records = auditedRun();
  const late = (ms: number) => (hop: { readonly enqueuedAtMs: number }) => hop.enqueuedAtMs + ms;
  const faults: Readonly<Record<string, Parameters<typeof changed>[2]>> = {
    'Stage "b" has a result and no hop': (record) => withHop(record, "b", () => undefined),
    'Stage "b" has a hop and no result': (record) => withoutResult(record, "b"),
    'Stage "a" has two hops': (record) => ({ ...record, hops: [...record.hops, ...record.hops.slice(0, 1)] }),
    'Stage "b" started -2.000 ms before it was enqueued': (record) =>
      withHop(record, "b", (hop) => ({ ...hop, startedAtMs: late(-2)(hop) })),
    'Stage "c" ended -3.000 ms before it started': (record) =>
      withHop(record, "c", (hop) => ({ ...hop, endedAtMs: late(-2)(hop) })),
  };
  for (const [detail, change] of Object.entries(faults)) {
    const { findings } = await audit(changed(records, 9, change), knowing({ ...chain, id: idOf(records) }));
    assert.equal(
      findings.map((finding) => [finding.rule, finding.source, finding.task?.sequence, finding.detail]),
      [["hops", CAM, 9, detail.replaceAll("-", "")]],
    );
  }
});

test("an audit that knows the pipeline finds a stage that is missing, and one that came before its predecessor", async () => {
  const pipeline = pipelineOf({ a: [], b: ["a"], c: ["a", "b"] });
  const records = auditedRun({ pipeline, nodes: ["edge-1", "cloud", "cloud"] });
  const given = knowing(pipeline);
  await finds(records, [], given);
  const without = changed(records, 3, (record) => withHop(withoutResult(record, "b"), "b", () => undefined));
  const { findings } = await finds(without, ["hops cam-1/1/3"], given);
  assert.is(findings[0]?.detail, 'Stage "b" of test@1 is missing');

  const early = (stage: string, ms: number) =>
    changed(records, 3, (record) =>
      withHop(record, stage, (hop) => ({ ...hop, enqueuedAtMs: hop.enqueuedAtMs - ms })),
    );
  await finds(early("c", 50.5), ["hops cam-1/1/3"], given);
  // The clocks of nodes may differ a little.
  await finds(early("b", 50), [], given);
  await finds(early("b", 50.5), ["hops cam-1/1/3"], given);
  await finds(early("b", 2), ["hops cam-1/1/3"], { ...given, clockToleranceMs: 1 });
  // A stage that remembers answers a second delivery with the hop of the first.
  const again = early("c", 50.5).map((record) =>
    record.id.sequence === 3 ? { ...record, delivery: 2 } : record,
  );
  await finds(again, [], given);

  // Only of a stage with a model can there be one that ran.
  const [first, ...others] = pipeline.stages;
  assert.ok(first);
  const stages = [{ ...first, model: "a.onnx" }, ...others];
  const model = "0".repeat(64);
  for (const [stage, wanted] of [
    ["a", []],
    ["b", ["hops cam-1/1/3"]],
  ] as const) {
    const ran = changed(records, 3, (record) => withHop(record, stage, (hop) => ({ ...hop, model })));
    await finds(ran, wanted, knowing({ ...pipeline, stages }));
  }
});

test("an audit that does not know the pipeline finds results that have not the stages of the others", async () => {
  const without = changed(auditedRun(), 3, (record) =>
    withHop(withoutResult(record, "b"), "b", () => undefined),
  );
  const { findings } = await finds(without, ["hops cam-1/1/3"]);
  assert.is(findings[0]?.detail, "It has results of a, c; most of chain@1 have them of a, b, c");
});

test("an audit finds a node that went back to an older table, and lets it start again from epoch 0", async () => {
  const epochOf = (sequence: number) => Math.floor(sequence / 5) + 1;
  const records = auditedRun({ epochOf, nodes: ["edge-1", "cloud"] });
  await finds(records, []);
  const at = (sequence: number, stage: string, epoch: number) =>
    changed(records, sequence, (record) => withHop(record, stage, (hop) => ({ ...hop, epoch })));
  await finds(at(18, "b", 2), ["epoch cam-1/1/18"]);
  await finds(at(18, "b", 0), []);
  // Within the tolerance of the clock: 20 ms behind the first task of the next epoch.
  await finds(at(12, "c", 2), []);
  await finds(at(12, "c", 2), ["epoch cam-1/1/12"], { clockToleranceMs: 5 });
  // The order of storing is not that of the epochs.
  const stored = [...records.slice(10), ...records.slice(0, 10)];
  await finds(
    stored.map((record, position) => ({ ...record, position })),
    [],
  );
});

test("an audit finds more tasks under way at once than the window allows", async () => {
  // 10 ms each, one every 4 ms: three at a time.
  const records = auditedRun({ everyMs: 4 });
  const within = (tasks: number) => ({ windows: new Map([[CAM, tasks]]), clockToleranceMs: 0 });
  await finds(records, [], within(3));
  const early = changed(records, 12, (record) => ({
    ...record,
    sourceAtMs: record.sourceAtMs - 3,
    createdAtMs: record.createdAtMs - 3,
  }));
  const { findings } = await finds(early, ["bounds cam-1/1/12"], within(3));
  assert.is(findings[0]?.detail, "With it 4 tasks were under way at once: the window allows 3");
});

test("an audit finds attempts below 1, and identities with negative or broken numbers", async () => {
  const records = auditedRun();
  const attempt = (count: number) =>
    changed(records, 5, (record) => withHop(record, "a", (hop) => ({ ...hop, attempt: count })));
  for (const count of [0, -1, 1.5]) await finds(attempt(count), ["attempt cam-1/1/5"]);
  await finds(attempt(3), []);
  const last = (change: object) =>
    changed(records, 19, (record) => ({ ...record, id: { ...record.id, ...change } }));
  await finds(last({ sequence: 18.5 }), ["attempt cam-1/1/18.5"]);
  await finds(last({ incarnation: -1 }), ["attempt cam-1/-1/19"]);
});

test("an audit keeps the first 1,000 findings and counts the rest, however many are lost", async () => {
  const records = [...auditedRun({ count: 1 }), ...auditedRun({ count: 1, source: "cam-2", position: 0 })];
  const created = 10 ** 12;
  const report = await audit(records, { ledgers: [ledger(created)] });
  assert.is(report.findings.length, FINDINGS_MAX);
  assert.is(report.findingCount, created);
  assert.equal(report.findingsByRule, {
    lost: created - 1,
    doubled: 0,
    position: 1,
    hops: 0,
    epoch: 0,
    bounds: 0,
    attempt: 0,
    times: 0,
    content: 0,
    pipeline: 0,
    continuity: 0,
    frames: 0,
    chain: 0,
    complete: 0,
    sealed: 0,
    closed: 0,
  });
  assert.equal(
    report.incarnations.map(({ sourceId, findings }) => [sourceId, findings]),
    [
      ["cam-1", created - 1],
      ["cam-2", 1],
    ],
  );
});

const run = fc.record({
  count: fc.integer({ min: 1, max: 40 }),
  everyMs: fc.integer({ min: 1, max: 20 }),
  gaps: fc.dictionary(fc.nat(39).map(String), fc.constantFrom(...DROP_REASONS)),
  epochs: fc.integer({ min: 1, max: 10 }),
});

/** Several sources at once, in order of storing. */
const runs = fc.array(run, { minLength: 1, maxLength: 3 }).map((specs) =>
  specs
    .flatMap(({ epochs, ...spec }, index) =>
      auditedRun({
        ...spec,
        source: `cam-${index + 1}`,
        // By time, as all run on one node.
        epochOf: (sequence) => 1 + Math.floor((sequence * spec.everyMs) / 100),
        nodes: ["edge-1", `edge-${epochs}`],
      }),
    )
    .sort((a, b) => a.storedAtMs - b.storedAtMs)
    .map((record, position) => ({ ...record, position })),
);

test("an audit finds nothing in any run that adds up, and any one record that is taken out or put in again", async () => {
  await fc.assert(
    fc.asyncProperty(runs, fc.nat(), fc.nat(), async (records, one, place) => {
      await finds(records, []);
      const index = one % records.length;
      const record = records[index];
      if (record === undefined) return;
      const name = taskText(record.id);
      const last = records.every(
        ({ id }) => id.sourceId !== record.id.sourceId || id.sequence <= record.id.sequence,
      );
      await finds(records.toSpliced(index, 1), last ? [] : [`lost ${name}`]);
      const twice = records
        .toSpliced(index + 1 + (place % (records.length - index)), 0, record)
        .map((each, position) => ({ ...each, position }));
      await finds(twice, [`doubled ${name}`]);
    }),
  );
});

function idOf(records: readonly StoredRecord[]): Pipeline["id"] {
  for (const record of records) if (record.type === "result") return record.pipelineId;
  throw new Error("no result");
}

test.run();
