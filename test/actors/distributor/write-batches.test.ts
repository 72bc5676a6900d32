import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { NOW_MS } from "../../support/records.js";
import { droppedTask, finishedTask } from "../../support/tasks.js";
import { FULL, positionsOf, setUp } from "./distributor-subject.js";

test("distributor tells taskSettled to generator and scheduler only once the record is durable", async () => {
  const { actor, appends, generator, scheduler, memory, totals } = setUp();
  actor.tell({ type: "store", task: finishedTask({ sequence: 0 }) });
  actor.advance(1_000);
  assert.is(appends.length, 1);
  assert.equal([generator.received.length, scheduler.received.length, totals().pending], [0, 0, 1]);
  await appends[0]?.run();
  const { id } = finishedTask({ sequence: 0 });
  assert.equal(generator.received, [{ type: "taskSettled", id, outcome: { status: "stored" } }]);
  const { outcome } = scheduler.only("taskSettled");
  assert.equal(outcome, {
    id,
    outcome: { status: "stored" },
    sourceAtMs: NOW_MS - 50,
    createdAtMs: NOW_MS - 40,
    settledAtMs: NOW_MS + 1_000,
    pipelineId: "default",
    pipelineVersion: 1,
    configuration: finishedTask({ sequence: 0 }).configuration,
    hops: finishedTask({ sequence: 0 }).hops,
    frameCount: 2,
    payloadBytes: 12,
    delivery: 1,
    scene: { objects: 1.5, size: 0.12, speed: null },
  });
  const [record] = (await memory.read({ fromPosition: 0, limit: 1 })).records;
  assert.is(record?.type, "result");
  assert.is(record?.storedAtMs, NOW_MS);
  assert.equal(totals(), {
    type: "totalsReported",
    sources: { "cam-1": { stored: 1, dropped: {} } },
    pending: 0,
    duplicates: 0,
    contradictions: 0,
    refused: 0,
    repairs: [],
    unvouched: 0,
    superseded: 0,
  });
});

test("distributor stores a drop as a gap and settles it with its reason", async () => {
  const { actor, appends, generator, scheduler, memory } = setUp();
  actor.tell({ type: "recordDrop", drop: droppedTask({ sequence: 4, reason: "joinTimeout" }) });
  await appends[0]?.run();
  assert.equal(generator.only("taskSettled").outcome, { status: "dropped", reason: "joinTimeout" });
  assert.equal(scheduler.only("taskSettled").outcome.outcome, { status: "dropped", reason: "joinTimeout" });
  const [record] = (await memory.read({ fromPosition: 0, limit: 1 })).records;
  assert.equal(record, {
    type: "gap",
    position: 0,
    id: droppedTask({ sequence: 4 }).id,
    reason: "joinTimeout",
    stage: "motion",
    node: "edge-1",
    sourceAtMs: NOW_MS - 50,
    storedAtMs: NOW_MS,
    detail: "Too old",
    chain: record?.chain,
  });
});

test("distributor writes at once, and shares the next write among what comes while one is under way", async () => {
  const { appends, store } = setUp();
  store(0);
  for (const sequence of [1, 2, 3]) store(sequence);
  assert.is(appends.length, 1);
  await appends[0]?.run();
  assert.equal(
    appends.map(({ argument }) => argument.map(({ id }) => id.sequence)),
    [[0], [1, 2, 3]],
  );
});

test("distributor writes at once after a pause and shares a write among what comes within the period", async () => {
  const { appends, store, actor } = setUp({ flush: { periodMs: 10 } });
  store(0);
  assert.is(appends.length, 1);
  for (const sequence of [1, 2, 3]) store(sequence);
  await appends[0]?.run();
  assert.is(appends.length, 1);
  actor.advance(9);
  assert.is(appends.length, 1);
  actor.advance(1);
  assert.equal(
    appends[1]?.argument.map(({ id }) => id.sequence),
    [1, 2, 3],
  );
});

test("distributor has one batch in flight, bounded in records and in bytes", async () => {
  const { appends, store, generator } = setUp({ flush: { recordsMax: 3 } });
  for (let sequence = 0; sequence < 8; sequence++) store(sequence);
  assert.is(appends.length, 1);
  await appends[0]?.run();
  await appends[1]?.run();
  assert.equal(
    appends.map(({ argument }) => argument.map(({ id }) => id.sequence)),
    [[0], [1, 2, 3], [4, 5, 6]],
  );
  assert.is(generator.received.length, 4);

  const bytes = setUp({ flush: { bytesMax: 2_000 } });
  for (let sequence = 0; sequence < 8; sequence++) bytes.store(sequence);
  await bytes.appends[0]?.run();
  assert.is(bytes.appends[1]?.argument.length, 2);
});

test("distributor settles a repeated delivery again, stores it once and counts it", async () => {
  const { store, storeDurably, generator, scheduler, totals, memory } = setUp();
  await storeDurably(0);
  await storeDurably(0);
  store(1);
  await storeDurably(1);
  assert.is(memory.recordCount, 2);
  assert.equal(
    generator.all("taskSettled").map(({ id }) => id.sequence),
    [0, 0, 1],
  );
  assert.is(scheduler.received.length, 2);
  assert.is(totals().duplicates, 2);
  assert.is(totals().contradictions, 0);
});

test("distributor lets the first outcome of a task stand, in its batch and in the store", async () => {
  const { actor, store, storeDurably, runAppends, generator, totals, memory } = setUp();
  await storeDurably(0);
  actor.tell({ type: "recordDrop", drop: droppedTask({ sequence: 0 }) });
  actor.tell({ type: "recordDrop", drop: droppedTask({ sequence: 1 }) });
  store(1);
  await runAppends();
  assert.equal(
    generator.all("taskSettled").map(({ outcome }) => outcome.status),
    ["stored", "stored", "dropped"],
  );
  assert.equal(totals().sources, { "cam-1": { stored: 1, dropped: { deadline: 1 } } });
  assert.is(totals().contradictions, 2);
  assert.is(memory.recordCount, 2);
});

test("distributor tells the generator that delivered a task last", async () => {
  const { actor, appends } = setUp();
  actor.tell({ type: "store", task: finishedTask({ sequence: 0 }) });
  const heir = "sluice://edge-1/source-cam-1#7";
  actor.tell({ type: "store", task: finishedTask({ sequence: 0, origin: heir }) });
  await appends[0]?.run();
  assert.is(actor.resolved.get(heir)?.received.length, 1);
});

test("distributor tries a failed batch again, with backoff, and acknowledges nothing before", async () => {
  const { actor, appends, store, generator, totals } = setUp();
  store(0);
  for (const waitMs of [100, 200, 400]) {
    store(appends.length);
    await appends.at(-1)?.fail(FULL);
    const before = appends.length;
    actor.advance(waitMs * 0.8 - 1);
    assert.is(appends.length, before);
    actor.advance(waitMs * 0.2 + 1);
    assert.is(appends.length, before + 1);
    assert.equal(
      appends.at(-1)?.argument.map(({ id }) => id.sequence),
      [0],
    );
  }
  assert.is(generator.received.length, 0);
  assert.is(totals().pending, 4);
  await appends.at(-1)?.run();
  actor.advance(10);
  await appends.at(-1)?.run();
  assert.equal(
    generator.all("taskSettled").map(({ id }) => id.sequence),
    [0, 1, 2, 3],
  );
});

test("distributor takes what a failed write has stored all the same for stored, not repeated", async () => {
  const { actor, appends, store, generator, scheduler, totals } = setUp();
  store(0);
  await appends[0]?.fail(FULL, { after: true });
  actor.advance(100);
  await appends[1]?.run();
  assert.is(generator.received.length, 1);
  assert.is(scheduler.received.length, 1);
  assert.is(totals().duplicates, 0);
});

test("distributor leaves what is beyond its bound unacknowledged, counts it, and takes more when it can", async () => {
  const { appends, actor, store, runAppends, totals, generator } = setUp({ flush: { pendingRecordsMax: 5 } });
  // Two of five are left to other nodes.
  for (let sequence = 0; sequence < 5; sequence++) store(sequence);
  assert.equal([totals().pending, totals().refused], [3, 2]);
  store(0);
  assert.equal([totals().duplicates, totals().refused], [1, 2]);
  await appends.shift()?.run();
  actor.advance(10);
  await runAppends();
  store(3);
  await runAppends();
  assert.equal(
    generator.all("taskSettled").map(({ id }) => id.sequence),
    [0, 1, 2, 3],
  );

  const bytes = setUp({ flush: { pendingBytesMax: 2_000 } });
  for (let sequence = 0; sequence < 5; sequence++) bytes.store(sequence);
  assert.equal([bytes.totals().pending, bytes.totals().refused], [1, 4]);
  await bytes.runAppends();
  await bytes.storeDurably(1);
  assert.is(bytes.totals().pending, 0);
});

test("distributor leaves room to others, however many records of one node wait to be stored", () => {
  const flooded = setUp({ flush: { pendingRecordsMax: 100 } });
  const drop = (node: string, sequence: number): void => {
    const source = `cam-of-${node}`;
    const origin = `sluice://${node}/source-${source}`;
    flooded.actor.tell({ type: "recordDrop", drop: droppedTask({ sequence, source, origin }) });
  };
  for (let sequence = 0; sequence < 300; sequence += 1) drop("rogue", sequence);
  assert.equal([flooded.totals().pending, flooded.totals().refused], [50, 250]);
  for (let sequence = 0; sequence < 16; sequence += 1) drop("edge-2", sequence);
  assert.equal([flooded.totals().pending, flooded.totals().refused], [66, 250]);
});

test("distributor has all its room in bytes again once what waited is durable, however often", async () => {
  const { store, runAppends, totals } = setUp({ flush: { pendingBytesMax: 2_000 } });
  for (let sequence = 0; sequence < 12; sequence++) {
    store(sequence);
    await runAppends();
  }
  assert.equal([totals().pending, totals().refused], [0, 0]);
});

test("distributor keeps what is not yet durable, and whom it serves, through a restart of itself", async () => {
  const { actor, appends, generator, scheduler, store, subscribe, runAppends, totals } = setUp();
  const viewer = subscribe(0, 10);
  store(0);
  actor.advance(10);
  store(1);
  actor.restart();
  assert.is(totals().pending, 2);
  // The write that was under way ends too, and its result is of the state before.
  await appends.shift()?.run();
  await runAppends();
  assert.equal(
    generator.received.map((message) => message.type === "taskSettled" && message.id.sequence),
    [0, 1],
  );
  assert.is(scheduler.received.length, 2);
  assert.equal([totals().pending, totals().duplicates], [0, 0]);
  assert.equal(positionsOf(viewer), [0, 1]);
  actor.terminate(viewer.address);
  store(2);
  await runAppends();
  assert.equal(positionsOf(viewer), [0, 1]);
});

test("distributor that is restarted acknowledges again whatever comes again", async () => {
  const { actor, store, storeDurably, generator, runAppends, memory } = setUp();
  await storeDurably(0);
  store(1);
  actor.restart();
  await storeDurably(0, 1);
  await runAppends();
  assert.is(memory.recordCount, 2);
  assert.ok(generator.all("taskSettled").filter(({ id }) => id.sequence === 1).length >= 1);
});

test.run();
