import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { systemClock } from "../../../src/runtime/clock.js";
import { silentLogger } from "../../../src/runtime/log.js";
import type { HubState } from "../../../src/storage/hub/hub-state.js";
import { MemoryStore } from "../../../src/storage/results/memory-store.js";
import { openStore } from "../../../src/storage/results/open-store.js";
import { createMemoryTrust, openTrust, type Trust } from "../../../src/storage/trust/trust.js";
import { SluiceError } from "../../../src/task/errors.js";
import { parseNodeName, parseSourceId, type NodeName, type SourceId } from "../../../src/task/identity.js";
import { inTemporaryFolder } from "../../support/temporary-folder.js";
import { VirtualClock } from "../../support/virtual-clock.js";

const OPTIONS = { clock: systemClock, log: silentLogger };
const EDGE = parseNodeName("edge-1");
const OTHER = parseNodeName("edge-2");
const NOW_MS = 1_700_000_000_000;
const settled = () => new Promise((resolve) => void setImmediate(resolve));
const CLAIMED = { nowMs: NOW_MS, pipeline: "p@1", digest: "of p" };
const CAM_1 = parseSourceId("cam-1");
const CAM_2 = parseSourceId("cam-2");

test("SourceOwners leave a source to the node that claimed it first, until that one releases it", () => {
  const { owners } = createMemoryTrust();
  assert.is(owners.claim(CAM_1, EDGE, CLAIMED), true);
  assert.is(owners.claim(CAM_1, EDGE, CLAIMED), true);
  assert.is(owners.claim(CAM_1, OTHER, CLAIMED), false);
  assert.is(owners.confirm(CAM_1, OTHER, 7), "none");
  owners.release(CAM_1, OTHER);
  assert.is(owners.holderOf(CAM_1), EDGE);
  owners.release(CAM_1, EDGE);
  assert.is(owners.holderOf(CAM_1), null);
  assert.is(owners.confirm(CAM_1, EDGE, 7), "holder", "what was under way as it was removed");
  assert.is(owners.confirm(CAM_1, OTHER, 7), "none", "nobody has claimed it yet");
  assert.is(owners.claim(CAM_1, OTHER, CLAIMED), true);
  assert.is(owners.confirm(CAM_1, EDGE, 7), "none");
});

test("SourceOwners give a node no more than 256 sources to hold, by whichever way it comes to them", () => {
  const { owners } = createMemoryTrust();
  const source = (at: number) => parseSourceId(`cam-${at}`);
  const claims = Array.from({ length: 200 }, (_, at) => owners.claim(source(at), EDGE, CLAIMED));
  const vouched = Array.from(
    { length: 12_000 },
    (_, at) => owners.confirm(source(200 + at), EDGE, 7) === "holder",
  );
  assert.is([...claims, ...vouched].filter(Boolean).length, 256);
  assert.is(owners.confirm(parseSourceId("one-more"), EDGE, 7), "none");
  assert.is(owners.claim(parseSourceId("one-more"), OTHER, CLAIMED), true);
  owners.release(source(0), EDGE);
  assert.is(owners.claim(source(10_000), EDGE, CLAIMED), true);
});

test("SourceOwners let nobody who has a name later speak of what another node has captured under it", () => {
  const { owners } = createMemoryTrust();
  const before = NOW_MS - 5_000;
  owners.claim(CAM_1, EDGE, { ...CLAIMED, nowMs: before });
  assert.is(owners.confirm(CAM_1, EDGE, before), "holder");
  owners.release(CAM_1, EDGE);
  assert.is(owners.claim(CAM_1, OTHER, CLAIMED), true);
  for (const incarnation of [1, before - 1, before])
    assert.is(owners.confirm(CAM_1, OTHER, incarnation), "none", `${incarnation}`);
  assert.is(owners.confirm(CAM_1, OTHER, NOW_MS), "holder");
  // It takes no incarnations that are yet to come from the next one, nor gives those before it away.
  assert.is(owners.confirm(CAM_1, OTHER, 2 ** 47), "holder");
  owners.release(CAM_1, OTHER);
  assert.is(owners.claim(CAM_1, EDGE, { ...CLAIMED, nowMs: NOW_MS + 10 }), true);
  assert.is(owners.confirm(CAM_1, EDGE, before), "none");
  assert.is(owners.confirm(CAM_1, EDGE, NOW_MS + 11), "holder");
});

test("SourceOwners let nobody speak for a source that an operator has freed, until somebody registers it anew", () => {
  const { owners } = createMemoryTrust();
  owners.claim(CAM_1, EDGE, CLAIMED);
  assert.is(owners.confirm(CAM_1, EDGE, NOW_MS), "holder");
  owners.free(CAM_1, NOW_MS + 5);
  assert.is(owners.holderOf(CAM_1), null);
  for (const node of [EDGE, OTHER]) assert.is(owners.confirm(CAM_1, node, NOW_MS + 10), "none", node);
  assert.is(owners.claim(CAM_1, EDGE, { ...CLAIMED, nowMs: NOW_MS + 20 }), true);
  assert.is(owners.confirm(CAM_1, EDGE, NOW_MS), "none", "what it captured before");
  assert.is(owners.confirm(CAM_1, EDGE, NOW_MS + 20), "holder");
  owners.free(CAM_2, NOW_MS);
  assert.is(owners.holderOf(CAM_2), null);
});

test("SourceOwners leave a version of a pipeline to the node that registered it first, whoever walks it", () => {
  const { owners } = createMemoryTrust();
  const other = { pipeline: "p@1", digest: "another" };
  const taker = (source: SourceId, node: NodeName) => owners.versionTakenBy(source, node, other);
  assert.is(taker(CAM_1, EDGE), null);
  owners.claim(CAM_1, EDGE, CLAIMED);
  assert.is(owners.versionTakenBy(CAM_2, OTHER, CLAIMED), null, "the same pipeline");
  assert.is(taker(CAM_2, OTHER), EDGE);
  assert.is(taker(CAM_1, EDGE), null, "its own node may change what nobody else walks");
  owners.claim(CAM_2, OTHER, CLAIMED);
  assert.is(taker(CAM_1, EDGE), EDGE, "another source walks it");
  owners.release(CAM_1, EDGE);
  owners.release(CAM_2, OTHER);
  assert.is(taker(CAM_2, OTHER), EDGE, "also while nobody walks it");
  owners.claim(CAM_1, EDGE, { ...other, nowMs: NOW_MS });
  assert.is(owners.versionTakenBy(CAM_2, OTHER, CLAIMED), EDGE);
  assert.is(owners.freeVersion("p@1"), EDGE);
  assert.is(owners.freeVersion("p@1"), null);
  assert.is(owners.versionTakenBy(CAM_2, OTHER, CLAIMED), null);
});

test("SourceOwners give a node no more than 256 versions, and forget none that a source walks", () => {
  const { owners } = createMemoryTrust();
  const version = (at: number) => ({ pipeline: `p@${at}`, digest: "its own", nowMs: NOW_MS });
  assert.is(owners.claim(CAM_1, EDGE, version(0)), true);
  for (let at = 1; at <= 600; at += 1) assert.is(owners.claim(CAM_2, EDGE, version(at)), true);
  const isKnown = (at: number) =>
    owners.versionTakenBy(parseSourceId("x"), OTHER, { ...version(at), digest: "" }) !== null;
  const known = Array.from({ length: 601 }, (_, at) => at).filter(isKnown);
  assert.equal([known.length, known[0], known[1], known.at(-1)], [256, 0, 346, 600]);
});

test("openTrust keeps names, owners, versions, orders and the key over a restart of the hub, in the store and beside it", () =>
  inTemporaryFolder(async (folder) => {
    const path = join(folder, "store");
    const order = { policy: { name: "fixed", parameters: { placement: { detect: ["cloud"] } } } };
    const opened = async (work: (trust: Trust) => Promise<void>) => {
      const store = await openStore(path);
      const trust = await openTrust(store, OPTIONS);
      await work(trust);
      await trust.close();
      await store.close();
    };
    const keys: Uint8Array[] = [];
    await opened(async ({ owners, orders, names, masterKey }) => {
      keys.push(masterKey);
      owners.claim(CAM_1, EDGE, CLAIMED);
      owners.claim(CAM_2, OTHER, CLAIMED);
      owners.release(CAM_2, OTHER);
      orders.set(CAM_1, order);
      orders.set(CAM_2, order);
      orders.delete(CAM_2);
      for (const name of ["edge-1", "edge-2"]) await names.bind(name, `key of ${name}`);
      await names.free("edge-2");
    });
    await opened(async ({ owners, orders, names, masterKey }) => {
      assert.equal(masterKey, keys[0]);
      assert.is(owners.claim(CAM_1, OTHER, CLAIMED), false);
      assert.is(owners.claim(CAM_2, EDGE, CLAIMED), true);
      assert.is(owners.versionTakenBy(CAM_2, OTHER, { pipeline: "p@1", digest: "another" }), EDGE);
      assert.equal([orders.get(CAM_1), orders.get(CAM_2)], [order, undefined]);
      const known = ["edge-1", "edge-2"].map((name) => [names.ownerOf(name), names.generationOf(name)]);
      assert.equal(known, [
        ["key of edge-1", 0],
        [null, 1],
      ]);
    });
    assert.is(statSync(`${path}.voucher-key`).mode & 0o777, 0o600);
    const text = Buffer.from(keys[0] ?? []).toString("base64url");
    const files = readdirSync(path).map((file) => readFileSync(join(path, file), "latin1"));
    assert.is(
      files.some((content) => content.includes(text)),
      false,
      "a copy of the database does not tell the key",
    );
  }));

test("openTrust gives no session twice, whatever the clock says as the hub starts again", () =>
  inTemporaryFolder(async (folder) => {
    const path = join(folder, "store");
    let last = 0;
    for (const nowMs of [NOW_MS, NOW_MS - 3_600_000, 1_000]) {
      const store = await openStore(path);
      const trust = await openTrust(store, { ...OPTIONS, clock: new VirtualClock(nowMs) });
      const { sessions } = trust;
      assert.ok(sessions.own > last, `${sessions.own} at ${nowMs}, after ${last}`);
      last = await sessions.next();
      await trust.close();
      await store.close();
    }
  }));

test("openTrust makes another key for another hub, and takes no damaged file for one", () =>
  inTemporaryFolder(async (folder) => {
    const keyOf = async (name: string) => {
      const store = await openStore(join(folder, name));
      try {
        return (await openTrust(store, OPTIONS)).masterKey;
      } finally {
        await store.close();
      }
    };
    assert.not.equal(await keyOf("one"), await keyOf("two"));
    writeFileSync(join(folder, "one.voucher-key"), "short");
    const refused: unknown = await keyOf("one").catch((error: unknown) => error);
    assert.ok(refused instanceof SluiceError && refused.code === "store-corrupt", String(refused));
    assert.match(refused.message, "one.voucher-key");
  }));

test("openTrust says what is not durable yet, waits for that, and says why it cannot be written", async () => {
  const memory = new MemoryStore();
  const disk = { full: false };
  const state: HubState = {
    ...memory.state,
    write: (changes) =>
      disk.full
        ? Promise.reject(new SluiceError("Cannot write: full", { code: "store-full" }))
        : memory.state.write(changes),
  };
  const clock = new VirtualClock();
  const trust = await openTrust({ state, voucherKey: memory.voucherKey }, { clock, log: silentLogger });
  assert.is(trust.written(), null);
  trust.owners.claim(CAM_1, EDGE, CLAIMED);
  await trust.written();
  assert.is(trust.written(), null);
  disk.full = true;
  trust.owners.release(CAM_1, EDGE);
  const waited = Promise.resolve(trust.written()).catch((error: unknown) => error);
  await settled();
  clock.advance(100);
  const failed = await waited;
  assert.ok(failed instanceof SluiceError && failed.code === "store-full", String(failed));
  disk.full = false;
  const again = trust.written();
  await settled();
  clock.advance(1_000);
  await again;
  assert.is((await openTrust(memory, OPTIONS)).owners.holderOf(CAM_1), null);
  await trust.close();
});

test("SourceOwners give a name that an order appoints to one node after the other, and know who had it before", () => {
  const { owners } = createMemoryTrust();
  assert.is(owners.appoint(CAM_1, null, NOW_MS), 0);
  assert.is(owners.claim(CAM_1, OTHER, CLAIMED), false, "it is appointed, and nobody's yet");
  assert.is(owners.confirm(CAM_1, OTHER, NOW_MS), "none");
  owners.appoint(CAM_1, EDGE, NOW_MS);
  assert.is(owners.claim(CAM_1, EDGE, CLAIMED), true);
  assert.is(owners.confirm(CAM_1, EDGE, NOW_MS + 5), "holder");
  owners.appoint(CAM_1, null, NOW_MS + 9);
  assert.is(owners.confirm(CAM_1, EDGE, NOW_MS + 5), "between");
  assert.is(owners.claim(CAM_1, EDGE, CLAIMED), false);
  const after = owners.appoint(CAM_1, OTHER, NOW_MS + 10) ?? 0;
  assert.ok(after >= NOW_MS + 9);
  assert.is(owners.confirm(CAM_1, EDGE, after + 1), "former");
  assert.is(owners.confirm(CAM_1, OTHER, after), "none", "it is none of its own incarnations");
  assert.is(owners.confirm(CAM_1, OTHER, after + 1), "holder");
  owners.appoint(CAM_1, null, NOW_MS + 20);
  owners.appoint(CAM_1, EDGE, NOW_MS + 20);
  assert.is(owners.confirm(CAM_1, EDGE, NOW_MS + 5), "former", "what it captured when it had it first");
  assert.equal([owners.wasAppointed(CAM_1, OTHER), owners.wasAppointed(CAM_2, OTHER)], [true, false]);
  owners.release(CAM_1, EDGE);
  assert.is(owners.claim(CAM_1, OTHER, { ...CLAIMED, nowMs: NOW_MS + 30 }), true, "the order is over");
});

test.run();
