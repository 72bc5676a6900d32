import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { SluiceError } from "../../../src/task/errors.js";
import type { SubscriptionEvent } from "../../../src/actors/protocol/distributor.js";
import { parseSourceId } from "../../../src/task/identity.js";
import { createProbe } from "../../support/probe.js";
import { finishedTask } from "../../support/tasks.js";
import { FULL, positionsOf, setUp } from "./distributor-subject.js";

test("distributor pushes from position 0, from the middle and from the end on, no more than asked for", async () => {
  const { storeDurably, subscribe, reads, actor } = setUp();
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
    const { storeDurably, subscribe, reads } = setUp();
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
  const { actor, reads, runAppends } = setUp();
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

test("distributor pushes nothing twice that became durable while a subscriber's demand came", async () => {
  const { actor, store, appends, reads, subscribe } = setUp();
  const subscriber = subscribe(0, 1);
  store(0);
  actor.advance(10);
  // The store has the record, and the distributor is not told yet.
  const appended = appends.shift()?.run();
  actor.tell({ type: "demand", subscriber, count: 5 });
  await appended;
  for (let read = reads.shift(); read !== undefined; read = reads.shift()) await read.run();
  assert.equal(positionsOf(subscriber), [0]);
});

test("distributor adds up what a subscriber asks for", async () => {
  const { actor, subscribe, storeDurably } = setUp();
  const subscriber = subscribe(0, 1);
  for (const count of [2, 1]) actor.tell({ type: "demand", subscriber, count });
  await storeDurably(0, 1, 2, 3, 4);
  assert.equal(positionsOf(subscriber), [0, 1, 2, 3]);
});

test("distributor reads once what holds nothing for a subscriber of one source", async () => {
  const { actor, reads, runAppends } = setUp();
  for (const [sequence, source] of [
    [0, "cam-2"],
    [0, "cam-1"],
    [1, "cam-1"],
  ] as const) {
    actor.tell({ type: "store", task: finishedTask({ sequence, source }) });
  }
  await runAppends();
  const subscriber = createProbe<SubscriptionEvent>("sluice://cloud/viewer");
  actor.tell({
    type: "subscribe",
    subscriber,
    fromPosition: 0,
    sourceId: parseSourceId("cam-2"),
    demand: 10,
  });
  await reads.shift()?.run();
  assert.equal([positionsOf(subscriber), reads.length], [[0], 0]);
});

test("distributor tells a subscriber which positions retention has taken before they were pushed", async () => {
  const { storeDurably, subscribe, reads, memory, actor } = setUp();
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
  const { actor, storeDurably, subscribe, reads } = setUp();
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
  const { storeDurably, subscribe, reads } = setUp();
  await storeDurably(0, 1);
  const first = subscribe(0, 10);
  const second = subscribe(1, 10);
  for (const read of reads.splice(0)) await read.run();
  assert.equal([first, second].map(positionsOf), [[], [1]]);
});

test("distributor reads again for a subscriber after a failure that may pass, and ends it after another", async () => {
  const { actor, storeDurably, subscribe, reads } = setUp();
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
  const { subscribe, actor } = setUp();
  for (let i = 0; i < 1_000; i++) subscribe(0, 1, "viewer", `operator-${i}`);
  const refused = subscribe(0, 1, "viewer", "operator-1000");
  assert.match(refused.only("subscriptionFailed").error.message, /as 1000 others, 0 of that node, are/);
  assert.is(actor.state().retained.subscriptions.size, 1_000);
});

test("distributor refuses the 65th subscriber of one node, and takes those of others", () => {
  const { subscribe, actor } = setUp();
  for (let i = 0; i < 64; i++) subscribe(0, 1, `viewer-${i}`, "operator-1");
  const refused = subscribe(0, 1, "viewer-64", "operator-1");
  assert.match(refused.only("subscriptionFailed").error.message, /as 64 others, 64 of that node, are/);
  assert.equal(subscribe(0, 1, "viewer", "operator-10").received, []);
  assert.is(actor.state().retained.subscriptions.size, 65);
});

test.run();
