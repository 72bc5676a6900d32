import { execFile, execFileSync } from "node:child_process";
import { lstat, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { exportRecords } from "../../../src/storage/results/export.js";
import { MemoryStore } from "../../../src/storage/results/memory-store.js";
import { iterateRecords } from "../../../src/storage/results/read-store.js";
import { SluiceError } from "../../../src/task/errors.js";
import type { StoredRecord } from "../../../src/task/record.js";
import { parseSourceId } from "../../../src/task/identity.js";
import { newRecords, NOW_MS } from "../../support/records.js";
import { within } from "../../support/within.js";
import { inTemporaryFolder } from "../../support/temporary-folder.js";

const execFileAsync = promisify(execFile);

async function filledStore(): Promise<{ store: MemoryStore; records: readonly StoredRecord[] }> {
  const store = new MemoryStore();
  for (let batch = 0; batch < 5; batch++) {
    await store.append(
      newRecords(500, { source: `cam-${batch}`, gap: batch === 3, storedAtMs: NOW_MS + batch }),
    );
  }
  return { store, records: (await store.read({ fromPosition: 0, limit: 10_000 })).records };
}

test("exportRecords writes every record as a line of NDJSON, compressed where the name ends so", () =>
  inTemporaryFolder(async (folder) => {
    const { store, records } = await filledStore();
    for (const name of ["run.ndjson", "run.ndjson.gz"]) {
      const file = join(folder, name);
      assert.is(await exportRecords(iterateRecords(store), file), 2_500);
      const bytes = await readFile(file);
      assert.is(bytes.readUInt16BE(0) === 0x1f8b, name.endsWith(".gz"));
      const text = (name.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString();
      assert.ok(text.endsWith("}\n"));
      assert.equal(
        text
          .trimEnd()
          .split("\n")
          .map((line): unknown => JSON.parse(line)),
        records,
      );
    }
    assert.equal((await readdir(folder)).sort(), ["run.ndjson", "run.ndjson.gz"]);
  }));

test("exportRecords writes into a pipe, and leaves it one", () =>
  inTemporaryFolder(async (folder) => {
    const { store, records } = await filledStore();
    const fifo = join(folder, "pipe");
    execFileSync("mkfifo", [fifo]);
    const reader = execFileAsync("cat", [fifo], { maxBuffer: 1 << 28 });
    assert.is(await exportRecords(iterateRecords(store), fifo), 2_500);
    const { stdout } = await within(10_000, reader, "what came through the pipe");
    assert.is(stdout.trimEnd().split("\n").length, records.length);
    assert.ok((await lstat(fifo)).isFIFO());
    assert.equal(await readdir(folder), ["pipe"]);
  }));

test("exportRecords writes into a device, and says that it is full", async () => {
  const { store } = await filledStore();
  await exportRecords(iterateRecords(store), "/dev/null");
  assert.ok((await lstat("/dev/null")).isCharacterDevice());
  const error = await exportRecords(iterateRecords(store), "/dev/full").catch((thrown: unknown) => thrown);
  assert.ok(error instanceof SluiceError && error.code === "store-full", String(error));
  assert.ok((await lstat("/dev/full")).isCharacterDevice());
});

test("exportRecords replaces the file that a link leads to, there or not yet, and keeps the link", () =>
  inTemporaryFolder(async (folder) => {
    const { store } = await filledStore();
    await mkdir(join(folder, "elsewhere"));
    await writeFile(join(folder, "elsewhere", "old.ndjson"), "earlier\n");
    for (const name of ["old.ndjson", "new.ndjson"]) {
      await symlink(join("elsewhere", name), join(folder, `link-to-${name}`));
      await symlink(`link-to-${name}`, join(folder, name));
      assert.is(await exportRecords(iterateRecords(store), join(folder, name)), 2_500);
      assert.ok((await lstat(join(folder, name))).isSymbolicLink());
      assert.ok((await lstat(join(folder, `link-to-${name}`))).isSymbolicLink());
      const text = await readFile(join(folder, "elsewhere", name), "utf8");
      assert.is(text.trimEnd().split("\n").length, 2_500);
    }
    assert.equal((await readdir(join(folder, "elsewhere"))).sort(), ["new.ndjson", "old.ndjson"]);
  }));

test("exportRecords of nothing is an empty file", () =>
  inTemporaryFolder(async (folder) => {
    const file = join(folder, "empty.ndjson");
    assert.is(await exportRecords(iterateRecords(new MemoryStore()), file), 0);
    assert.is(await readFile(file, "utf8"), "");
  }));

test("exportRecords that fails leaves the earlier file and nothing else", () =>
  inTemporaryFolder(async (folder) => {
    const file = join(folder, "run.ndjson");
    await writeFile(file, "earlier\n");
    const { records } = await filledStore();
    const broken = async function* () {
      yield* records;
      throw new SluiceError("Cannot read on", { code: "store-corrupt" });
    };
    const error = await exportRecords(broken(), file).catch((thrown: unknown) => thrown);
    assert.is((error as SluiceError).code, "store-corrupt");
    assert.equal(await readdir(folder), ["run.ndjson"]);
    assert.is(await readFile(file, "utf8"), "earlier\n");
  }));

test("exportRecords to a folder that is missing says so", () =>
  inTemporaryFolder(async (folder) => {
    const file = join(folder, "missing", "run.ndjson");
    const error = await exportRecords(iterateRecords(new MemoryStore()), file).catch(
      (thrown: unknown) => thrown,
    );
    assert.instance(error, SluiceError);
    assert.match((error as SluiceError).message, `Cannot export to "${file}" as`);
  }));

test("exportRecords takes no more from its source than the disk has taken", () =>
  inTemporaryFolder(async (folder) => {
    const { records } = await filledStore();
    const [record] = records;
    if (record === undefined) throw new Error("No record");
    let taken = 0;
    const endless = async function* () {
      for (; taken < 200_000; taken++) yield record;
      throw new Error("enough");
    };
    const controlled = exportRecords(endless(), join(folder, "big.ndjson")).catch(
      (thrown: unknown) => thrown,
    );
    const before = process.memoryUsage().heapUsed;
    await controlled;
    assert.is(taken, 200_000);
    // 200,000 lines are some 300 MB; what is held is a few chunks.
    assert.ok(process.memoryUsage().heapUsed - before < 100 * 1024 * 1024);
  }));

test("iterateRecords reads a range over many pages, bounded by its limit", async () => {
  const { store, records } = await filledStore();
  const collect = async (query: Parameters<typeof iterateRecords>[1]) => {
    const positions: number[] = [];
    for await (const { position } of iterateRecords(store, query)) positions.push(position);
    return positions;
  };
  assert.equal(
    await collect({}),
    records.map(({ position }) => position),
  );
  assert.is((await collect({ limit: 1_700 })).length, 1_700);
  assert.is((await collect({ sinceMs: NOW_MS + 1, untilMs: NOW_MS + 4 })).length, 1_500);
  assert.is((await collect({ sourceId: parseSourceId("cam-2") })).length, 500);
});

test.run();
