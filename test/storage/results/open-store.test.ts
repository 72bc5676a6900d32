/** What `openStore` refuses: what is no store, what another program keeps, and what this user may not write. */

import { chmod, mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Level } from "level";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { openStore } from "../../../src/storage/results/open-store.js";
import { seal } from "../../../src/storage/results/record-codec.js";
import { SluiceError } from "../../../src/task/errors.js";
import { inTemporaryFolder } from "../../support/temporary-folder.js";

async function failureOf(path: string, options = {}): Promise<{ code: string; message: string }> {
  const error = await openStore(path, options).then(
    async (store) => {
      await store.close();
      return new Error(`Opened ${path}`);
    },
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof SluiceError)) throw error;
  assert.not.match(error.message, "\n");
  return { code: error.code, message: error.message };
}

test("openStore refuses a path that is a file or runs through one", () =>
  inTemporaryFolder(async (folder) => {
    const file = join(folder, "file");
    await writeFile(file, "text");
    for (const path of [file, join(file, "below")]) {
      assert.equal(await failureOf(path), {
        code: "store-unwritable",
        message: `Cannot open store "${path}" as its path runs through a file: name a folder`,
      });
    }
  }));

test("openStore refuses a folder of other things and leaves them alone", () =>
  inTemporaryFolder(async (folder) => {
    await writeFile(join(folder, "holiday.jpg"), "");
    const { code, message } = await failureOf(folder);
    assert.is(code, "store-format");
    assert.match(message, /holds other things, "holiday.jpg" among them/);
    assert.equal(await readdir(folder), ["holiday.jpg"]);
  }));

test("openStore refuses another program's level data and a newer format", () =>
  inTemporaryFolder(async (folder) => {
    const foreign = join(folder, "foreign");
    const other = new Level(foreign);
    await other.put("r/their-key", "their value");
    await other.close();
    assert.match((await failureOf(foreign)).message, /another program keeps its data there/);

    const newer = join(folder, "newer");
    await (await openStore(newer)).close();
    const database = new Level(newer);
    await database.put("m/format", seal(2));
    await database.close();
    assert.equal(await failureOf(newer), {
      code: "store-format",
      message: `Cannot open store "${newer}" as it has format 2 and this version reads 1: use a newer version of Sluice`,
    });
    const untouched = new Level(foreign);
    assert.is(await untouched.get("r/their-key"), "their value");
    await untouched.close();
  }));

test("openStore with mustExist makes nothing where there is no store", () =>
  inTemporaryFolder(async (folder) => {
    const path = join(folder, "store");
    assert.is((await failureOf(path, { mustExist: true })).code, "store-missing");
    await mkdir(path);
    assert.is((await failureOf(path, { mustExist: true })).code, "store-missing");
    assert.equal(await readdir(path), []);
  }));

test("openStore begins a store in an empty folder, and where its maker was killed before its first key", () =>
  inTemporaryFolder(async (folder) => {
    const database = new Level(folder);
    await database.open();
    await database.close();
    const store = await openStore(folder, { mustExist: true });
    assert.is(store.nextPosition, 0);
    assert.ok((await store.sizeBytes()) > 0);
    await store.close();
  }));

const isRoot = process.getuid?.() === 0;
if (isRoot) console.log("SKIPPED openStore without permission: this user may write anywhere");
const testAsUser: typeof test.skip = isRoot ? (...args) => test.skip(...args) : test;
testAsUser("openStore says that this user may not write to the folder", () =>
  inTemporaryFolder(async (folder) => {
    await chmod(folder, 0o500);
    const { code, message } = await failureOf(join(folder, "store"));
    assert.is(code, "store-unwritable");
    assert.match(message, /this user may not write there/);
  }),
);

test.run();
