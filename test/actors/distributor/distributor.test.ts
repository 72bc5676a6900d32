import { test } from "uvu";
import * as assert from "uvu/assert";
import { createDistributor } from "../../../src/actors/distributor/distributor.js";
import { createDistributorRetained, type DistributorOptions } from "../../../src/actors/distributor/state.js";
import { MemoryStore } from "../../../src/storage/results/memory-store.js";
import { SluiceError } from "../../../src/task/errors.js";
import type { GeneratorMessage } from "../../../src/actors/protocol/generator.js";
import type {
  QueryReply,
  SubscriptionEvent,
  TotalsReported,
} from "../../../src/actors/protocol/distributor.js";
import type { SchedulerMessage } from "../../../src/actors/protocol/scheduler.js";
import { parseNodeName, parseSourceId } from "../../../src/task/identity.js";
import { fold } from "../../support/fold.js";
import { createProbe, type Probe } from "../../support/probe.js";
import { newRecords, NOW_MS } from "../../support/records.js";
import { scriptedStore } from "../../support/scripted-store.js";
import { droppedTask, finishedTask, ORIGIN } from "../../support/tasks.js";

const FULL = new SluiceError("Cannot write as the disk is full", { code: "store-full", retry: "backoff" });

function start(options: Partial<DistributorOptions> = {}, memory = new MemoryStore()) {
  const scripted = scriptedStore(memory);
  const scheduler = createProbe<SchedulerMessage>("sluice://cloud/scheduler");
  const origin = createProbe<never>(ORIGIN);
  const generator = origin as unknown as Probe<GeneratorMessage>; // a probe does not check what it receives
  const actor = fold(
    createDistributor(
      { node: parseNodeName("cloud"), store: scripted.store, scheduler, ...options },
      createDistributorRetained(),
    ),
    { resolve: { [ORIGIN]: origin } },
  );
  const totals = (): TotalsReported => {
    const replyTo = createProbe<TotalsReported>();
    actor.tell({ type: "reportTotals", replyTo });
    return replyTo.only("totalsReported");
  };
  const store = (sequence: number) => actor.tell({ type: "store", task: finishedTask({ sequence }) });
  /** Stores a task and lets its batch become durable. */
  const storeDurably = async (...sequences: number[]) => {
    for (const sequence of sequences) store(sequence);
    await runAppends();
  };
  const runAppends = async () => {
    for (;;) {
      actor.advance(10);
      const append = scripted.appends.shift();
      if (append === undefined) return;
      await append.run();
    }
  };
  const subscribe = (fromPosition: number, demand: number, name = "viewer") => {
    const subscriber = createProbe<SubscriptionEvent>(`sluice://cloud/${name}`);
    actor.tell({ type: "subscribe", subscriber, fromPosition, demand });
    return subscriber;
  };
  return { ...scripted, actor, scheduler, generator, totals, store, storeDurably, runAppends, subscribe };
}

const positionsOf = (subscriber: Probe<SubscriptionEvent>) =>
  subscriber.all("record").map(({ record }) => record.position);

// ── Storing ─────────────────────────────────────────────────────────────────────────────────────────────────────────

test("distributor tells taskSettled to generator and scheduler only once the record is durable", async () => {
  const { actor, appends, generator, scheduler, memory, totals } = start();
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
    hops: finishedTask({ sequence: 0 }).hops,
    frameCount: 2,
    payloadBytes: 12,
    objects: 3,
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
  });
});

test("distributor stores a drop as a gap and settles it with its reason", async () => {
  const { actor, appends, generator, scheduler, memory } = start();
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
  });
});

test("distributor writes at once, and shares the next write among what comes while one is under way", async () => {
  const { appends, store } = start();
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
  const { appends, store, actor } = start({ flush: { periodMs: 10 } });
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
  const { appends, store, generator } = start({ flush: { recordsMax: 3 } });
  for (let sequence = 0; sequence < 8; sequence++) store(sequence);
  assert.is(appends.length, 1);
  await appends[0]?.run();
  await appends[1]?.run();
  assert.equal(
    appends.map(({ argument }) => argument.map(({ id }) => id.sequence)),
    [[0], [1, 2, 3], [4, 5, 6]],
  );
  assert.is(generator.received.length, 4);

  const bytes = start({ flush: { bytesMax: 2_000 } });
  for (let sequence = 0; sequence < 8; sequence++) bytes.store(sequence);
  await bytes.appends[0]?.run();
  assert.is(bytes.appends[1]?.argument.length, 2);
});

test("distributor settles a repeated delivery again, stores it once and counts it", async () => {
  const { store, storeDurably, generator, scheduler, totals, memory } = start();
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
  const { actor, store, storeDurably, runAppends, generator, totals, memory } = start();
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
  const { actor, appends } = start();
  actor.tell({ type: "store", task: finishedTask({ sequence: 0 }) });
  const heir = "sluice://edge-2/sources/cam-1";
  actor.tell({ type: "store", task: finishedTask({ sequence: 0, origin: heir }) });
  await appends[0]?.run();
  assert.is(actor.resolved.get(heir)?.received.length, 1);
});

test("distributor tries a failed batch again, with backoff, and acknowledges nothing before", async () => {
  const { actor, appends, store, generator, totals } = start();
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
  const { actor, appends, store, generator, scheduler, totals } = start();
  store(0);
  await appends[0]?.fail(FULL, { after: true });
  actor.advance(100);
  await appends[1]?.run();
  assert.is(generator.received.length, 1);
  assert.is(scheduler.received.length, 1);
  assert.is(totals().duplicates, 0);
});

test("distributor leaves what is beyond its bound unacknowledged, counts it, and takes more when it can", async () => {
  const { appends, actor, store, runAppends, totals, generator } = start({ flush: { pendingRecordsMax: 3 } });
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

  const bytes = start({ flush: { pendingBytesMax: 2_000 } });
  for (let sequence = 0; sequence < 5; sequence++) bytes.store(sequence);
  assert.equal([bytes.totals().pending, bytes.totals().refused], [1, 4]);
  await bytes.runAppends();
  await bytes.storeDurably(1);
  assert.is(bytes.totals().pending, 0);
});

test("distributor keeps what is not yet durable, and whom it serves, through a restart of itself", async () => {
  const { actor, appends, generator, scheduler, store, subscribe, runAppends, totals } = start();
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
  const { actor, store, storeDurably, generator, runAppends, memory } = start();
  await storeDurably(0);
  store(1);
  actor.restart();
  await storeDurably(0, 1);
  await runAppends();
  assert.is(memory.recordCount, 2);
  assert.ok(generator.all("taskSettled").filter(({ id }) => id.sequence === 1).length >= 1);
});

// ── Subscriptions ───────────────────────────────────────────────────────────────────────────────────────────────────

test("distributor pushes from position 0, from the middle and from the end on, no more than asked for", async () => {
  const { storeDurably, subscribe, reads, actor } = start();
  await storeDurably(0, 1, 2, 3, 4);
  const all = subscribe(0, 3, "all");
  const middle = subscribe(3, 100, "middle");
  const live = subscribe(5, 1, "live");
  assert.is(reads.length, 2);
  for (const read of reads.splice(0)) await read.run();
  assert.equal([all, middle, live].map(positionsOf), [[0, 1, 2], [3, 4], []]);
  await storeDurably(5, 6);
  assert.equal([all, middle, live].map(positionsOf), [[0, 1, 2], [3, 4, 5, 6], [5]]);
  actor.tell({ type: "demand", subscriber: all, count: 2 });
  actor.tell({ type: "demand", subscriber: all, count: 9 });
  actor.tell({ type: "demand", subscriber: live, count: 9 });
  for (let read = reads.shift(); read !== undefined; read = reads.shift()) await read.run();
  await storeDurably(7);
  assert.equal(positionsOf(all), [0, 1, 2, 3, 4, 5, 6, 7]);
  assert.equal(positionsOf(live), [5, 6, 7]);
});

test("distributor neither skips nor repeats a record that is stored while a subscriber's read is under way", async () => {
  for (const readFirst of [true, false]) {
    const { storeDurably, subscribe, reads } = start();
    await storeDurably(0, 1);
    const subscriber = subscribe(0, 100);
    const read = reads.shift();
    if (readFirst) await read?.run();
    await storeDurably(2, 3);
    if (!readFirst) await read?.run();
    for (let next = reads.shift(); next !== undefined; next = reads.shift()) await next.run();
    await storeDurably(4);
    assert.equal(positionsOf(subscriber), [0, 1, 2, 3, 4]);
  }
});

test("distributor pushes only the records of the source that was asked for", async () => {
  const { actor, reads, runAppends } = start();
  const tell = (sequence: number, source: string) =>
    actor.tell({ type: "store", task: finishedTask({ sequence, source }) });
  tell(0, "cam-1");
  tell(0, "cam-2");
  await runAppends();
  const subscriber = createProbe<SubscriptionEvent>("sluice://cloud/viewer");
  actor.tell({
    type: "subscribe",
    subscriber,
    fromPosition: 0,
    sourceId: parseSourceId("cam-2"),
    demand: 10,
  });
  for (let read = reads.shift(); read !== undefined; read = reads.shift()) await read.run();
  tell(1, "cam-1");
  tell(1, "cam-2");
  await runAppends();
  assert.equal(
    subscriber.all("record").map(({ record }) => record.id.sourceId),
    ["cam-2", "cam-2"],
  );
  assert.is(reads.length, 0);
});

test("distributor tells a subscriber which positions retention has taken before they were pushed", async () => {
  const { storeDurably, subscribe, reads, memory, actor } = start();
  await storeDurably(0, 1, 2, 3);
  const subscriber = subscribe(0, 1);
  await reads.shift()?.run();
  await memory.expire({ recordsMax: 1, limit: 10 });
  actor.tell({ type: "demand", subscriber, count: 5 });
  await reads.shift()?.run();
  assert.equal(
    subscriber.received.map((event) => (event.type === "record" ? event.record.position : event)),
    [0, { type: "recordsExpired", fromPosition: 1, toPosition: 2 }, 3],
  );
});

test("distributor forgets a subscriber that is gone or unsubscribes, and its read", async () => {
  const { actor, storeDurably, subscribe, reads } = start();
  await storeDurably(0);
  const gone = subscribe(0, 10, "gone");
  const left = subscribe(0, 10, "left");
  actor.terminate(gone.address);
  actor.tell({ type: "unsubscribe", subscriber: left });
  for (const read of reads.splice(0)) await read.run();
  await storeDurably(1);
  assert.equal(
    [gone.received.length, left.received.length, actor.state().retained.subscriptions.size],
    [0, 0, 0],
  );
});

test("distributor starts over for a subscriber that subscribes again", async () => {
  const { storeDurably, subscribe, reads } = start();
  await storeDurably(0, 1);
  const first = subscribe(0, 10);
  const second = subscribe(1, 10);
  for (const read of reads.splice(0)) await read.run();
  assert.equal([first, second].map(positionsOf), [[], [1]]);
});

test("distributor reads again for a subscriber after a failure that may pass, and ends it after another", async () => {
  const { actor, storeDurably, subscribe, reads } = start();
  await storeDurably(0, 1);
  const subscriber = subscribe(0, 10);
  await reads.shift()?.fail(FULL);
  assert.is(reads.length, 0);
  actor.advance(1_000);
  await reads.shift()?.run();
  assert.equal(positionsOf(subscriber), [0, 1]);
  const other = subscribe(0, 10, "other");
  await reads.shift()?.fail(new SluiceError("Cannot read", { code: "store-corrupt" }));
  assert.is(other.only("subscriptionFailed").error.message, "Cannot read");
  assert.is(actor.state().retained.subscriptions.size, 1);
});

test("distributor refuses the 1,001st subscriber and keeps the others", () => {
  const { subscribe, actor } = start();
  for (let i = 0; i < 1_000; i++) subscribe(0, 1, `viewer-${i}`);
  const refused = subscribe(0, 1, "viewer-1000");
  assert.match(refused.only("subscriptionFailed").error.message, /as 1000 others are subscribed/);
  assert.is(actor.state().retained.subscriptions.size, 1_000);
});

// ── Queries, retention ──────────────────────────────────────────────────────────────────────────────────────────────

test("distributor answers a query, also where it finds nothing", async () => {
  const { actor, storeDurably } = start();
  await storeDurably(0, 1, 2);
  const replyTo = createProbe<QueryReply>();
  actor.tell({ type: "query", query: { limit: 2 }, replyTo });
  actor.tell({ type: "query", query: { sinceMs: NOW_MS + 1e9 }, replyTo });
  await actor.settle();
  const [some, none] = replyTo.all("records");
  assert.equal(
    some?.records.map(({ position }) => position),
    [0, 1],
  );
  assert.is(some?.more, true);
  assert.equal(none, { type: "records", records: [], more: false });
});

test("distributor runs 16 queries at once and refuses the next", async () => {
  const { actor } = start();
  const replyTo = createProbe<QueryReply>();
  for (let i = 0; i < 17; i++) actor.tell({ type: "query", query: {}, replyTo });
  await actor.settle();
  assert.is(replyTo.all("records").length, 16);
  assert.match(replyTo.only("queryFailed").error.message, /as 16 queries are running/);
});

test("distributor deletes beyond recordsMax after each write and keeps the totals", async () => {
  const { storeDurably, memory, actor, totals } = start({ retention: { recordsMax: 3 } });
  await storeDurably(0, 1, 2, 3, 4);
  await actor.settle();
  assert.is(memory.recordCount, 3);
  assert.is(totals().sources["cam-1"]?.stored, 5);
});

test("distributor deletes by age, in steps of 1,000 until nothing is left to delete", async () => {
  const memory = new MemoryStore();
  await memory.append(newRecords(2_500));
  const { actor, expires } = start({ retention: { ageMsMax: 60_000 } }, memory);
  actor.advance(50_000);
  await actor.settle();
  assert.is(memory.recordCount, 2_500);
  actor.advance(10_000);
  await actor.settle();
  expires.length = 0;
  actor.advance(10_000);
  await actor.settle();
  assert.is(memory.recordCount, 0);
  assert.equal([expires.length, expires[0]?.limit], [3, 1_000]);
});

test.run();
