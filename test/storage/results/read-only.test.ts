/** Stores that can be read and not written. */

import { execFileSync } from "node:child_process";
import { readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { SluiceError } from "../../../src/task/errors.js";
import { openLevelStore } from "../../../src/storage/results/level-store.js";
import { openStoreForReading, recordsByPosition } from "../../../src/storage/results/read-store.js";
import { newRecord } from "../../support/records.js";
import { inTemporaryFolder } from "../../support/temporary-folder.js";
import { diskTest, fill, onDisk as onSmallDisk } from "../../support/small-disk.js";

const COUNT = 50;
const DISK_BYTES = 4 * 1024 * 1024;

async function makeStore(path: string): Promise<void> {
  const store = await openLevelStore(path);
  for (let sequence = 0; sequence < COUNT; sequence += 1) await store.append([newRecord({ sequence })]);
  await store.statement();
  await store.close();
}

async function readsAll(path: string): Promise<void> {
  const before = new Set(await readdir(tmpdir()));
  const store = await openStoreForReading(path);
  const positions: number[] = [];
  for await (const { position } of recordsByPosition(store, 0)) positions.push(position);
  assert.is(positions.length, COUNT);
  assert.is((await store.statement()).recordCount, COUNT);
  await store.close();
  const after = (await readdir(tmpdir())).filter((name) => name.startsWith("sluice-read-"));
  assert.equal(
    after.filter((name) => !before.has(name)),
    [],
  );
}

/** A disk of its own. */
const onDisk = (work: (folder: string) => Promise<void>): Promise<void> => onSmallDisk(DISK_BYTES, work);

diskTest("openStoreForReading reads a store on a read-only disk, and leaves nothing behind", async () => {
  await onDisk(async (disk) => {
    const path = join(disk, "store");
    await makeStore(path);
    execFileSync("mount", ["-o", "remount,ro", disk]);
    await readsAll(path);
  });
});

diskTest("openStoreForReading takes no lock on another disk for one of its own", async () => {
  // The files of two new disks have the same numbers.
  await onDisk(async (other) => {
    const open = await openLevelStore(join(other, "store"));
    await onDisk(async (disk) => {
      const path = join(disk, "store");
      await makeStore(path);
      execFileSync("mount", ["-o", "remount,ro", disk]);
      await readsAll(path);
    });
    await open.close();
  });
});

diskTest("openStoreForReading reads a store on a full disk", async () => {
  await onDisk(async (disk) => {
    const path = join(disk, "store");
    await makeStore(path);
    fill(join(disk, "filler"));
    await readsAll(path);
  });
});

diskTest("a store on a full disk says so until there is room again", async () => {
  await onDisk(async (disk) => {
    const store = await openLevelStore(join(disk, "store"));
    assert.is(store.failure, null);
    const filler = join(disk, "filler");
    fill(filler);
    // What is left of the last page of its log takes a few.
    let failed: unknown = null;
    for (let sequence = 0; failed === null; sequence += 1) {
      failed = await store.append([newRecord({ sequence })]).then(
        () => null,
        (error: unknown) => error,
      );
    }
    assert.ok(failed instanceof SluiceError && failed.code === "store-full");
    assert.is(store.failure, failed.message);
    await rm(filler);
    await store.append([newRecord({ sequence: 10_000 })]);
    assert.is(store.failure, null);
    await store.close();
  });
});

diskTest(
  "openStoreForReading says of a store on a read-only disk that is none that there is none",
  async () => {
    await onDisk(async (disk) => {
      execFileSync("mount", ["-o", "remount,ro", disk]);
      const missing: unknown = await openStoreForReading(join(disk, "store")).catch(
        (error: unknown) => error,
      );
      assert.ok(missing instanceof SluiceError && missing.code === "store-missing");
    });
  },
);

test("openStoreForReading leaves a store that another process has alone", () =>
  inTemporaryFolder(async (folder) => {
    const path = join(folder, "store");
    await makeStore(path);
    const open = await openLevelStore(path);
    const locked: unknown = await openStoreForReading(path).catch((error: unknown) => error);
    assert.ok(locked instanceof SluiceError && locked.code === "store-locked");
    await open.close();
  }));

test.run();
