import { join } from "node:path";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { parseNodeName } from "../../../src/runtime/address.js";
import { TransportError } from "../../../src/transport/errors.js";
import { createNameKey, openNameKey } from "../../../src/transport/security/name-key.js";
import { createNames } from "../../../src/transport/security/names.js";
import { breaking } from "../../support/breaking-carrier.js";
import { createMemoryCluster } from "../../support/memory-cluster.js";
import { inTemporaryFolder } from "../../support/temporary-folder.js";

/** Why a node may not join, and whether it may later. */
async function refusalOf(joining: Promise<unknown>): Promise<string> {
  const error = await joining.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  return error instanceof TransportError ? `${error.code}, ${error.retry}` : String(error);
}

test("a name belongs to the key that joined with it first, also while its node is down, until it is freed", () =>
  inTemporaryFolder(async (folder) => {
    const [own, others] = [await openNameKey(join(folder, "own")), await openNameKey(join(folder, "others"))];
    const cluster = createMemoryCluster();
    const names = createNames(new Map());
    await cluster.hub({ names });
    const first = await cluster.join("edge-1", { nameKey: own });
    await first.cluster.leave();
    await cluster.settle();
    assert.is(await refusalOf(cluster.join("edge-1")), "name-taken, never");
    assert.is(await refusalOf(cluster.join("edge-1", { nameKey: others })), "name-taken, never");
    const again = await cluster.join("edge-1", { nameKey: own });
    assert.is(again.cluster.connected, true);
    await again.cluster.leave();
    await cluster.settle();
    assert.is(await names.free("edge-1"), true);
    assert.is((await cluster.join("edge-1", { nameKey: others })).cluster.connected, true);
    await cluster.end();
  }));

test("a key gets no name that a node without a key has now, and has it once that node is gone", () =>
  inTemporaryFolder(async (folder) => {
    const nameKey = await openNameKey(join(folder, "own"));
    const cluster = createMemoryCluster();
    const names = createNames(new Map());
    await cluster.hub({ names });
    const first = await cluster.join("edge-1");
    assert.is(await refusalOf(cluster.join("edge-1", { nameKey })), "name-taken, backoff");
    assert.is(names.ownerOf("edge-1"), null);
    const patient = cluster.join("edge-1", { nameKey, patient: true });
    await cluster.advance(2_000);
    await first.cluster.leave();
    await cluster.advance(10_000);
    assert.is((await patient).cluster.connected, true);
    assert.is(names.ownerOf("edge-1"), nameKey.publicKey);
    await cluster.end();
  }));

test("a hub that frees a name has its node out, and tells it and whoever comes next of another generation", () =>
  inTemporaryFolder(async (folder) => {
    const [own, others] = [await openNameKey(join(folder, "own")), await openNameKey(join(folder, "others"))];
    const names = createNames(new Map());
    const told: number[] = [];
    const cluster = createMemoryCluster();
    const hub = await cluster.hub({
      names,
      secretFor: ({ name }) => {
        told.push(names.generationOf(name));
        return null;
      },
    });
    const edge = parseNodeName("edge-1");
    const first = await cluster.join("edge-1", { nameKey: own });
    const { session } = first.cluster.self;
    assert.is(await hub.cluster.freeName(edge), true);
    await cluster.advance(5_000);
    assert.ok(first.cluster.self.session > session, "it has joined again, and the name is its own again");
    assert.equal(told, [0, 1]);
    await first.cluster.leave();
    await cluster.settle();
    assert.is(await hub.cluster.freeName(edge), true);
    assert.is(await hub.cluster.freeName(edge), false, "nobody has it");
    await cluster.join("edge-1", { nameKey: others });
    assert.equal(told, [0, 1, 2]);
    await cluster.end();
  }));

test("a key of a process has its name for as long as its node is a member, and keeps nobody else from it later", async () => {
  const cluster = createMemoryCluster();
  const names = createNames(new Map());
  await cluster.hub({ names });
  const [own, others] = [createNameKey(), createNameKey()];
  const first = await cluster.join("edge-1", { nameKey: own });
  for (const nameKey of [others, null]) {
    assert.is(await refusalOf(cluster.join("edge-1", { nameKey })), "name-taken, backoff");
  }
  assert.is(first.cluster.connected, true);
  assert.is(names.ownerOf("edge-1"), null);
  await first.cluster.leave();
  await cluster.settle();
  assert.is((await cluster.join("edge-1", { nameKey: others })).cluster.connected, true);

  const line = { broken: false };
  await cluster.join("edge-2", { nameKey: own, carrier: breaking(cluster.network, line) });
  line.broken = true;
  const wanted = refusalOf(cluster.join("edge-2", { nameKey: others }));
  await cluster.advance(1_500);
  assert.is(await wanted, "name-taken, backoff");
  await cluster.end();
});

test("a hub that cannot keep whose a name is lets nobody in under it meanwhile, and has them try again", async () => {
  const cluster = createMemoryCluster();
  const names = createNames(new Map());
  const disk: { problem: Error | null } = { problem: new Error("EMFILE") };
  await cluster.hub({
    names: {
      ...names,
      bind: (name, key) => (disk.problem === null ? names.bind(name, key) : Promise.reject(disk.problem)),
    },
  });
  const patient = cluster.join("edge-1", { patient: true });
  await cluster.advance(1_000);
  disk.problem = null;
  await cluster.advance(10_000);
  assert.is((await patient).cluster.connected, true);
  await cluster.end();
});

test.run();
