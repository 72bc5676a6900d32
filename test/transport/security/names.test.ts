import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { TransportError } from "../../../src/transport/errors.js";
import { checkNameProof, openNameKey } from "../../../src/transport/security/name-key.js";
import { createNames } from "../../../src/transport/security/names.js";
import { inTemporaryFolder } from "../../support/temporary-folder.js";

const TRANSCRIPT = Buffer.from("hello, challenge");

test("openNameKey makes a key once, for its own user alone, and it proves what it signed and nothing else", () =>
  inTemporaryFolder(async (folder) => {
    const path = join(folder, "journals", "edge-1.key");
    const first = await openNameKey(path);
    const again = await openNameKey(path);
    const other = await openNameKey(`${path}.other`);
    assert.is(statSync(path).mode & 0o777, 0o600);
    assert.is(again.publicKey, first.publicKey);
    assert.is.not(other.publicKey, first.publicKey);
    const proof = again.sign(TRANSCRIPT);
    assert.is(checkNameProof(first.publicKey, TRANSCRIPT, proof), true);
    assert.is(checkNameProof(other.publicKey, TRANSCRIPT, proof), false);
    assert.is(checkNameProof(first.publicKey, Buffer.from("replayed"), proof), false);
    for (const rubbish of ["", "x", "A".repeat(59)]) {
      assert.is(checkNameProof(rubbish, TRANSCRIPT, proof), false);
      assert.is(checkNameProof(first.publicKey, TRANSCRIPT, rubbish), false);
    }
  }));

test("openNameKey makes no other key in place of one that is damaged", () =>
  inTemporaryFolder(async (folder) => {
    const path = join(folder, "edge-1.key");
    writeFileSync(path, "half a k");
    const error = await openNameKey(path).then(
      () => null,
      (thrown: unknown) => thrown,
    );
    assert.is(error instanceof TransportError ? error.code : null, "name-key-invalid");
  }));

test("a name is the key's that had it first until it is freed, and each time of another generation", async () => {
  const names = createNames(new Map());
  const of = () => [names.ownerOf("edge-1"), names.generationOf("edge-1")];
  assert.is(await names.free("edge-1"), false);
  assert.equal(of(), [null, 0]);
  await names.bind("edge-1", "a-key");
  assert.equal(of(), ["a-key", 0]);
  const freed = names.free("edge-1");
  assert.equal(of(), [null, 1], "at once");
  assert.is(await freed, true);
  assert.is(await names.free("edge-1"), false);
  await names.bind("edge-1", "another");
  assert.equal(of(), ["another", 1]);
  assert.equal([names.ownerOf("edge-2"), names.generationOf("edge-2")], [null, 0]);
});

test("names are bounded, and one that was freed has its place", async () => {
  const names = createNames(new Map());
  for (let n = 0; n < 10_000; n += 1) await names.bind(`edge-${n}`, "a-key");
  const error = await names.bind("edge-x", "a-key").catch((thrown: unknown) => thrown);
  assert.instance(error, RangeError);
  await names.free("edge-7");
  await names.bind("edge-7", "another");
  assert.is(names.ownerOf("edge-7"), "another");
});

test("a name is bound and freed once that is durable, and not where it cannot be", async () => {
  const disk = { failure: null as Error | null };
  const names = createNames(new Map(), () => (disk.failure === null ? null : Promise.reject(disk.failure)));
  disk.failure = new Error("full");
  const failed: unknown = await names.bind("edge-1", "a-key").catch((thrown: unknown) => thrown);
  assert.is(failed, disk.failure);
});

test.run();
