import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { TransportError } from "../../../src/transport/errors.js";
import { checkNameProof, openNameKey } from "../../../src/transport/security/name-key.js";
import { createMemoryNames, forgetName, openNameDirectory } from "../../../src/transport/security/names.js";
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

test("a name is the key's that had it first, over restarts of the hub, until it is forgotten", () =>
  inTemporaryFolder(async (folder) => {
    const directory = join(folder, "names");
    const names = openNameDirectory(directory);
    assert.is(await names.ownerOf("edge-1"), null);
    await names.bind("edge-1", "a-key");
    assert.is(await openNameDirectory(directory).ownerOf("edge-1"), "a-key");
    assert.is(await names.ownerOf("edge-2"), null);
    assert.is(await forgetName(directory, "edge-1"), true);
    assert.is(await forgetName(directory, "edge-1"), false);
    assert.is(await names.ownerOf("edge-1"), null);
  }));

test("names that are kept in memory are bounded", async () => {
  const names = createMemoryNames();
  for (let n = 0; n < 10_000; n += 1) await names.bind(`edge-${n}`, "a-key");
  const error = await names.bind("edge-x", "a-key").catch((thrown: unknown) => thrown);
  assert.instance(error, RangeError);
  assert.is(await names.ownerOf("edge-7"), "a-key");
});

test.run();
