import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { MemoryStore } from "../../../src/storage/results/memory-store.js";
import type { QueryReply } from "../../../src/actors/protocol/distributor.js";
import { createProbe } from "../../support/probe.js";
import { newRecords, NOW_MS } from "../../support/records.js";
import { setUp } from "./distributor-subject.js";

test("distributor answers a query, also where it finds nothing", async () => {
  const { actor, storeDurably } = setUp();
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
  const { actor } = setUp();
  const replyTo = createProbe<QueryReply>();
  for (let i = 0; i < 17; i++) actor.tell({ type: "query", query: {}, replyTo });
  await actor.settle();
  assert.is(replyTo.all("records").length, 16);
  assert.match(replyTo.only("queryFailed").error.message, /as 16 queries are running/);
});

test("distributor deletes beyond recordsMax after each write and keeps the totals", async () => {
  const { storeDurably, memory, actor, totals } = setUp({ retention: { recordsMax: 3 } });
  await storeDurably(0, 1, 2, 3, 4);
  await actor.settle();
  assert.is(memory.recordCount, 3);
  assert.is(totals().sources["cam-1"]?.stored, 5);
});

test("distributor deletes what was stored while it deleted, too", async () => {
  const memory = new MemoryStore();
  const expire = memory.expire.bind(memory);
  const held: (() => void)[] = [];
  memory.expire = async (step) => {
    const count = await expire(step);
    if (count > 0) await new Promise<void>((resolve) => held.push(resolve));
    return count;
  };
  const { storeDurably, actor } = setUp({ retention: { recordsMax: 3 } }, memory);
  await storeDurably(0, 1, 2, 3);
  await storeDurably(4);
  assert.is(memory.recordCount, 4);
  for (const end of held) end();
  await actor.settle();
  assert.is(memory.recordCount, 3);
});

test("distributor keeps what it was last told to", async () => {
  const memory = new MemoryStore();
  await memory.append(newRecords(20));
  const { actor } = setUp({ retention: { recordsMax: 50 } }, memory);
  await actor.settle();
  assert.is(memory.recordCount, 20);
  actor.tell({ type: "retain", retention: { recordsMax: 10, ageMsMax: 10 ** 13 } });
  await actor.settle();
  assert.is(memory.recordCount, 10);
  actor.tell({ type: "retain", retention: { bytesMax: 1 } });
  await actor.settle();
  assert.is(memory.recordCount, 0);
});

test("distributor deletes by age, in steps of 1,000 until nothing is left to delete", async () => {
  const memory = new MemoryStore();
  await memory.append(newRecords(2_500));
  const { actor, expires } = setUp({ retention: { ageMsMax: 60_000 } }, memory);
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
