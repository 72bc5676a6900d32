import { join } from "node:path";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { TransportError } from "../../../src/transport/errors.js";
import { createNameKey, openNameKey } from "../../../src/transport/security/name-key.js";
import { createMemoryNames, forgetName, openNameDirectory } from "../../../src/transport/security/names.js";
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
    const directory = join(folder, "names");
    await cluster.hub({ names: openNameDirectory(directory) });
    const first = await cluster.join("edge-1", { nameKey: own });
    await first.cluster.leave();
    await cluster.settle();
    assert.is(await refusalOf(cluster.join("edge-1")), "name-taken, never");
    assert.is(await refusalOf(cluster.join("edge-1", { nameKey: others })), "name-taken, never");
    const again = await cluster.join("edge-1", { nameKey: own });
    assert.is(again.cluster.connected, true);
    await again.cluster.leave();
    await cluster.settle();
    assert.is(await forgetName(directory, "edge-1"), true);
    assert.is((await cluster.join("edge-1", { nameKey: others })).cluster.connected, true);
    await cluster.end();
  }));

test("a key gets no name that a node without a key has now, and has it once that node is gone", () =>
  inTemporaryFolder(async (folder) => {
    const nameKey = await openNameKey(join(folder, "own"));
    const cluster = createMemoryCluster();
    const names = createMemoryNames();
    await cluster.hub({ names });
    const first = await cluster.join("edge-1");
    assert.is(await refusalOf(cluster.join("edge-1", { nameKey })), "name-taken, backoff");
    assert.is(await names.ownerOf("edge-1"), null);
    const patient = cluster.join("edge-1", { nameKey, patient: true });
    await cluster.advance(2_000);
    await first.cluster.leave();
    await cluster.advance(10_000);
    assert.is((await patient).cluster.connected, true);
    assert.is(await names.ownerOf("edge-1"), nameKey.publicKey);
    await cluster.end();
  }));

test("a name that was freed is of another generation, and so is what its next node is told", () =>
  inTemporaryFolder(async (folder) => {
    const [own, others] = [await openNameKey(join(folder, "own")), await openNameKey(join(folder, "others"))];
    const directory = join(folder, "names");
    const told: number[] = [];
    const cluster = createMemoryCluster();
    await cluster.hub({
      names: openNameDirectory(directory),
      secretFor: (_, generation) => {
        told.push(generation);
        return null;
      },
    });
    for (const nameKey of [own, own, others, own]) {
      const { cluster: member } = await cluster.join("edge-1", { nameKey });
      await member.leave();
      await cluster.settle();
      if (told.length > 1) assert.is(await forgetName(directory, "edge-1"), true);
    }
    assert.equal(told, [0, 0, 1, 2]);
    assert.is(await forgetName(directory, "edge-1"), false);
    assert.equal(await openNameDirectory(directory).generations(), new Map([["edge-1", 3]]));
    await cluster.end();
  }));

test("a key of a process has its name for as long as its node is a member, and keeps nobody else from it later", async () => {
  const cluster = createMemoryCluster();
  const names = createMemoryNames();
  await cluster.hub({ names });
  const [own, others] = [createNameKey(), createNameKey()];
  const first = await cluster.join("edge-1", { nameKey: own });
  for (const nameKey of [others, null]) {
    assert.is(await refusalOf(cluster.join("edge-1", { nameKey })), "name-taken, backoff");
  }
  assert.is(first.cluster.connected, true);
  assert.is(await names.ownerOf("edge-1"), null);
  await first.cluster.leave();
  await cluster.settle();
  assert.is((await cluster.join("edge-1", { nameKey: others })).cluster.connected, true);
  await cluster.end();
});

test("a hub that cannot read whose the names are lets nobody in meanwhile, and has them try again", async () => {
  const cluster = createMemoryCluster();
  const names = createMemoryNames();
  const disk: { problem: Error | null } = { problem: new Error("EMFILE") };
  await cluster.hub({
    names: {
      ...names,
      ownerOf: (name) => (disk.problem === null ? names.ownerOf(name) : Promise.reject(disk.problem)),
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
