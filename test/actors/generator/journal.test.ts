/** A generator with a journal: what it writes before a task leaves, and how the next incarnation goes on. */

import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import type { RecoveredState } from "../../../src/storage/journal/journal.js";
import { createFakeJournal } from "./fake-journal.js";
import { setup } from "./setup.js";
import { positionAt } from "../../support/positions.js";

test("a generator lets a task leave once its journal has it, and tries again while that fails", async () => {
  const held = createFakeJournal();
  const { capture, generator, submitted, settle, clock } = setup({ journal: held.journal });
  for (const ms of [0, 100]) capture.last.frame(ms);
  assert.is(submitted().length, 0);
  held.fail();
  await generator.settle();
  assert.is(submitted().length, 0);
  clock.advance(500);
  held.write();
  await generator.settle();
  assert.equal(
    submitted().map(({ id }) => id.sequence),
    [0, 1],
  );
  assert.equal(
    [...held.entries].map(([key, { span, task }]) => [key, span?.last.ptsUs, task.payload]),
    [
      ["3/0", 0, null],
      ["3/1", 100_000, null],
    ],
  );
  settle(0);
  assert.equal([...held.entries.keys()], ["3/1"]);
});

test("a generator that takes over reads unsettled tasks again, sends them as they were, and goes on behind them", async () => {
  const first = createFakeJournal();
  const before = setup({ journal: first.journal });
  for (const ms of [0, 100, 200, 300]) before.capture.last.frame(ms);
  first.write();
  await before.generator.settle();
  for (const sequence of [0, 2]) before.settle(sequence);

  const recovered: RecoveredState = {
    incarnation: 9,
    entries: [...first.entries.values()],
    position: positionAt(300_000, 100_000),
    unclosed: [],
    lastTaskAtMs: null,
    tasksBefore: 0,
  };
  const second = createFakeJournal();
  const after = setup({ journal: second.journal, recovered, incarnation: 9 });
  assert.is(after.ledger().inFlight, 2);
  assert.is(after.ledger().status, "replaying");
  assert.is(after.capture.last.options.after?.frame, 0);
  for (const ms of [100, 200, 300]) after.capture.last.frame(ms);
  second.write();
  await after.generator.settle();
  const sent = (): (readonly [number, number, number | undefined])[] =>
    after.submitted().map(({ id, payload }) => [id.incarnation, id.sequence, payload?.frames[0]?.ptsUs]);
  assert.equal(sent(), [
    [3, 1, 100_000],
    [3, 3, 300_000],
  ]);
  assert.ok(after.submitted().every(({ delivery }) => delivery > 1));
  // The capture of what is new begins behind the last frame that was in a task.
  assert.is(after.capture.last.options.after?.frame, 3);
  after.capture.last.info();
  after.capture.last.frame(400);
  second.write();
  await after.generator.settle();
  assert.equal(sent().at(-1), [9, 0, 400_000]);
});

test("a generator that takes over a file whose times step reads its tasks again by number, with the same times", async () => {
  const first = createFakeJournal();
  const before = setup({ journal: first.journal });
  for (const ms of [0, 100, 200, 0, 100, 200]) before.capture.last.frame(ms);
  first.write();
  await before.generator.settle();
  for (const sequence of [0, 1, 2, 3]) before.settle(sequence);

  const entries = [...first.entries.values()];
  const last = entries.at(-1)?.span?.last ?? null;
  assert.equal(last, { frame: 5, sourceUs: 200_000, ptsUs: 500_000, spacingUs: 100_000 });
  const recovered: RecoveredState = {
    incarnation: 9,
    entries,
    position: last,
    unclosed: [],
    lastTaskAtMs: null,
    tasksBefore: 0,
  };
  const second = createFakeJournal();
  const after = setup({ journal: second.journal, recovered, incarnation: 9 });
  assert.equal(after.capture.last.options.after, { frame: 3, sourceUs: 0, seekable: false });
  for (const ms of [100, 200]) after.capture.last.frame(ms);
  second.write();
  await after.generator.settle();
  assert.equal(after.capture.last.options.after, { frame: 5, sourceUs: 200_000, seekable: false });
  after.capture.last.info();
  after.capture.last.frame(300);
  second.write();
  await after.generator.settle();
  assert.equal(after.times(), [[400], [500], [600]]);
});

test("a source whose node leaves while it reads recovered tasks again reads them first; one that is ended for good does not", async () => {
  const first = createFakeJournal();
  const before = setup({ journal: first.journal });
  for (const ms of [0, 100]) before.capture.last.frame(ms);
  first.write();
  await before.generator.settle();
  const recovered: RecoveredState = {
    incarnation: 9,
    entries: [...first.entries.values()],
    position: positionAt(100_000, 100_000),
    unclosed: [],
    lastTaskAtMs: null,
    tasksBefore: 0,
  };
  for (const [ends, given] of [
    [["suspend"], 2],
    [["suspend", "drain"], 0],
  ] as const) {
    const held = createFakeJournal();
    const { capture, generator, isStopped, submitted, settle } = setup({
      journal: held.journal,
      recovered,
      incarnation: 9,
    });
    for (const type of ends) generator.tell({ type });
    for (const ms of [0, 100, 200]) capture.last.frame(ms);
    held.write();
    await generator.settle();
    assert.is(submitted().length, given, ends.join());
    for (const sequence of [0, 1]) settle(sequence);
    assert.ok(isStopped(), ends.join());
  }
});

test("a source that goes on after a crash ends at its limit of tasks, and does not count them anew", () => {
  const position = positionAt(1, 200_000);
  const recovered: RecoveredState = {
    incarnation: 9,
    entries: [],
    position,
    unclosed: [],
    lastTaskAtMs: 1_000,
    tasksBefore: 2,
  };
  const { capture, ledger } = setup({ recovered, incarnation: 9, limit: 3 });
  for (const ms of [200, 300, 400]) capture.last.frame(ms);
  assert.is(ledger().created, 1);
  assert.is(ledger().status, "draining");
});

test("a generator drops as sourceLost what its source no longer has, and closes its journal at the end", async () => {
  const first = createFakeJournal();
  const before = setup({ journal: first.journal });
  before.capture.last.frame(0);
  first.write();
  await before.generator.settle();
  const recovered: RecoveredState = {
    incarnation: 9,
    entries: [...first.entries.values()],
    position: positionAt(0, 100_000),
    unclosed: [],
    lastTaskAtMs: null,
    tasksBefore: 0,
  };
  const second = createFakeJournal();
  const after = setup({ journal: second.journal, recovered, incarnation: 9 });
  after.capture.last.end();
  second.write();
  await after.generator.settle();
  const dropped = after.controller.only("stageDropped");
  assert.equal([dropped.reason, dropped.task.id.sequence, dropped.task.id.incarnation], ["sourceLost", 0, 3]);
  after.capture.last.end();
  assert.is(second.closed, false);
  after.generator.tell({
    type: "taskSettled",
    id: dropped.task.id,
    outcome: { status: "dropped", reason: "sourceLost" },
  });
  assert.is(second.closed, true);
  assert.ok(after.isStopped());
});

for (const [ordered, closed, suspended] of [
  [["suspend"], false, true],
  [["drain"], true, false],
  [["suspend", "drain"], true, false],
  [["drain", "suspend"], true, false],
] as const) {
  test(`a generator that is told to ${ordered.join(" and then to ")} ${closed ? "closes" : "suspends"} its journal once all is settled`, async () => {
    const fake = createFakeJournal();
    const subject = setup({ journal: fake.journal });
    subject.capture.last.frame(0);
    fake.write();
    await subject.generator.settle();
    for (const type of ordered) subject.generator.tell({ type });
    assert.equal([fake.closed, fake.suspended], [false, false]);
    for (const { id } of subject.submitted())
      subject.generator.tell({ type: "taskSettled", id, outcome: { status: "stored" } });
    assert.equal([fake.closed, fake.suspended], [closed, suspended]);
    assert.ok(subject.isStopped());
  });
}

test.run();
