import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { createNodeKeys, createSpeakers, createVouch } from "../../src/node/vouching.js";
import { createMemoryTrust } from "../../src/storage/trust/trust.js";
import { parseNodeName, parseSourceId } from "../../src/task/identity.js";
import type { Closing } from "../../src/task/task.js";
import { finishedTask } from "../support/tasks.js";

const EDGE = parseNodeName("edge-1");
const OTHER = parseNodeName("edge-2");

test("createVouch vouches by the key that its node has now", () => {
  const trust = createMemoryTrust();
  const keys = createNodeKeys(trust.masterKey, (name) => trust.names.generationOf(name));
  const { vouchers } = createSpeakers(keys, trust);
  let key = createNodeKeys(createMemoryTrust().masterKey, () => 0).keyOf(EDGE);
  const vouch = createVouch(() => key);
  const task = finishedTask({ sequence: 1 });
  const now = () => vouchers.isVouched(EDGE, { ...task, voucher: vouch(task) });
  assert.is(now(), false, "under the key of another hub");
  key = keys.keyOf(EDGE);
  assert.is(now(), true);
  assert.is(vouchers.isVouched(OTHER, { ...task, voucher: vouch(task) }), false);
});

test("createSpeakers believes no voucher of a node whose name was freed, from then on", async () => {
  const trust = createMemoryTrust();
  const keys = createNodeKeys(trust.masterKey, (name) => trust.names.generationOf(name));
  const { vouchers } = createSpeakers(keys, trust);
  const task = finishedTask({ sequence: 1 });
  await trust.names.bind(EDGE, "a-key");
  const before = createVouch(() => keys.keyOf(EDGE))(task);
  assert.is(vouchers.isVouched(EDGE, { ...task, voucher: before }), true);
  const freed = trust.names.free(EDGE);
  assert.is(vouchers.isVouched(EDGE, { ...task, voucher: before }), false, "while it is being written");
  await freed;
  const now = createVouch(() => keys.keyOf(EDGE))(task);
  assert.is(vouchers.isVouched(EDGE, { ...task, voucher: now }), true);
  // A hub that starts again knows it from the first on.
  const again = createSpeakers(
    createNodeKeys(trust.masterKey, () => 1),
    trust,
  );
  assert.equal(
    [before, now].map((voucher) => again.vouchers.isVouched(EDGE, { ...task, voucher })),
    [false, true],
  );
});

test("createSpeakers believes a voucher for the very delivery that it was made for, and none that is cut short", () => {
  const trust = createMemoryTrust();
  const keys = createNodeKeys(trust.masterKey, (name) => trust.names.generationOf(name));
  const { vouchers } = createSpeakers(keys, trust);
  const task = finishedTask({ sequence: 1 });
  const voucher = createVouch(() => keys.keyOf(EDGE))(task);
  assert.is(voucher.length, 16);
  assert.is(vouchers.isVouched(EDGE, { ...task, voucher }), true);
  assert.is(vouchers.isVouched(EDGE, { ...task, delivery: 2, voucher }), false);
  assert.is(vouchers.isVouched(EDGE, { ...task, voucher: voucher.subarray(0, 15) }), false);
  assert.is(vouchers.isVouched(EDGE, { ...task, voucher: new Uint8Array(0) }), false);
  for (let at = 0; at < 16; at += 1) {
    const flipped = voucher.map((byte, index) => (index === at ? byte ^ 1 : byte));
    assert.is(vouchers.isVouched(EDGE, { ...task, voucher: flipped }), false);
  }
});

test("createSpeakers believes the end of an incarnation as it was vouched for, and no delivery in its name", () => {
  const trust = createMemoryTrust();
  const keys = createNodeKeys(trust.masterKey, (name) => trust.names.generationOf(name));
  const { vouchers } = createSpeakers(keys, trust);
  const task = finishedTask({ sequence: 1 });
  const { id, origin } = task;
  const counts = {
    stored: 1,
    dropped: { deadline: 2, expired: 1 },
    redelivered: 0,
    framesSkipped: 3,
  } as const;
  const told = { id, end: "ended", counts, origin } as const;
  const closing = { ...told, voucher: createVouch(() => keys.keyOf(EDGE))(told) };
  assert.is(vouchers.isClosingVouched(EDGE, closing), true);
  const sameDrops = { ...counts, dropped: { expired: 1, deadline: 2 } };
  assert.is(vouchers.isClosingVouched(EDGE, { ...closing, counts: sameDrops }), true);
  const lies: readonly Partial<Closing>[] = [
    { id: { ...id, sequence: 2 } },
    { id: { ...id, incarnation: 2 } },
    { id: { ...id, sourceId: parseSourceId("cam-2") } },
    { end: "recovered" },
    { counts: null },
    { counts: { ...counts, stored: 2 } },
    { counts: { ...counts, dropped: { deadline: 2 } } },
    { counts: { ...counts, redelivered: 1 } },
    { counts: { ...counts, framesSkipped: 2 } },
    { origin: "sluice://edge-2/source-cam-1" },
    { voucher: closing.voucher.subarray(1) },
  ];
  for (const lie of lies) assert.is(vouchers.isClosingVouched(EDGE, { ...closing, ...lie }), false);
  assert.is(vouchers.isClosingVouched(OTHER, closing), false);
  assert.is(vouchers.isVouched(EDGE, { ...task, ...closing }), false);
});

test("createSpeakers gives a source to the node that vouches for its first task", () => {
  const trust = createMemoryTrust();
  const { vouchers } = createSpeakers(
    createNodeKeys(trust.masterKey, (name) => trust.names.generationOf(name)),
    trust,
  );
  const camera = parseSourceId("cam-1");
  assert.is(vouchers.standing(EDGE, { sourceId: camera, incarnation: 1, sequence: 0 }), "holder");
  assert.is(vouchers.standing(OTHER, { sourceId: camera, incarnation: 1, sequence: 0 }), "none");
  assert.is(trust.owners.holderOf(camera), EDGE);
});

test.run();
