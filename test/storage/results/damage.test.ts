/** Damage to the files of a store is repaired and reported, or refused with its reason; nothing is lost in silence. */

import { cp, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Level } from "level";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { iterateRecords } from "../../../src/storage/results/read-store.js";
import { levelFolder } from "../../../src/storage/level-database.js";
import { openLevelStore } from "../../../src/storage/results/level-store.js";
import type { NewRecord, Store } from "../../../src/storage/results/store.js";
import type { Repair } from "../../../src/task/reports.js";
import type { SluiceError } from "../../../src/task/errors.js";
import { newRecord, newRecords } from "../../support/records.js";
import { inTemporaryFolder } from "../../support/temporary-folder.js";
import { within } from "../../support/within.js";

/** Fills some tables and leaves the rest in the write-ahead log. */
const COUNT = 2_000;
const BATCH = 100;
const SPEC = { detections: 6 };

interface Damaged {
  readonly folder: string;
  readonly file: (pattern: RegExp) => Promise<string>;
  /** Changes bytes from `share` of the file on. */
  readonly flip: (pattern: RegExp, share: number, bytes?: number) => Promise<void>;
}

/** Runs `work` on copies of one store with `COUNT` records. */
async function withStore(
  folder: string,
  work: (copy: () => Promise<Damaged>) => Promise<void>,
): Promise<void> {
  const original = join(folder, "original");
  const records = newRecords(COUNT, SPEC);
  await fill(original, records.slice(0, -5 * BATCH));
  // No compaction is left to run, so every table is in use, and what is written now stays in the log.
  const database = new Level(original) as Level & { compactRange(from: string, to: string): Promise<void> };
  await database.compactRange("", "~");
  await database.close();
  await fill(original, records.slice(-5 * BATCH));
  let copies = 0;
  await work(async () => {
    const copy = join(folder, `copy-${copies++}`);
    await cp(original, copy, { recursive: true });
    const file = async (pattern: RegExp): Promise<string> => {
      const found = (await readdir(copy)).sort().find((name) => pattern.test(name));
      if (found === undefined) throw new Error(`No file ${String(pattern)} in ${copy}`);
      return join(copy, found);
    };
    return {
      folder: copy,
      file,
      async flip(pattern, share, bytes = 1) {
        const path = await file(pattern);
        const content = await readFile(path);
        const at = Math.floor(content.length * share);
        for (let i = at; i < Math.min(at + bytes, content.length); i++) content[i] = (content[i] ?? 0) ^ 0x5a;
        await writeFile(path, content);
      },
    };
  });
}

async function fill(folder: string, records: readonly NewRecord[]): Promise<void> {
  const store = await openLevelStore(folder);
  for (let from = 0; from < records.length; from += BATCH) {
    await store.append(records.slice(from, from + BATCH));
  }
  await store.close();
}

async function sequencesIn(store: Store): Promise<number[]> {
  const held: number[] = [];
  for await (const record of iterateRecords(store)) held.push(record.id.sequence);
  return held.sort((a, b) => a - b);
}

/** Everything that must hold of a store that opened after damage, whatever is left in it. */
async function checkConsistent(folder: string, reports: readonly Repair[], store: Store): Promise<number> {
  const held = await sequencesIn(store);
  assert.is(new Set(held).size, held.length);
  assert.is(store.recordCount, held.length);
  const byPosition: number[] = [];
  for (let from = store.firstPosition; ;) {
    const slice = await store.read({ fromPosition: from, limit: 1_000 });
    byPosition.push(...slice.records.map(({ id }) => id.sequence));
    if (slice.records.length === 0) break;
    from = slice.nextPosition;
  }
  assert.equal(byPosition, held);
  if (held.length < COUNT) assert.ok(reports.length > 0, `${COUNT - held.length} records lost in silence`);
  const missing = Array.from({ length: COUNT }, (_, i) => i)
    .filter((i) => !held.includes(i))
    .slice(0, 50);
  // What is lost may be stored again, what is held is not, and no position comes twice.
  const before = store.nextPosition;
  const again = await store.append(
    [...missing, ...held.slice(0, 50)].map((sequence) => newRecord({ sequence, ...SPEC })),
  );
  assert.equal(
    again.map(({ status }) => status),
    [...missing.map(() => "stored"), ...held.slice(0, 50).map(() => "existing")],
  );
  if (reports.length > 0)
    assert.ok(before > COUNT, "A position that may be known outside is given out again");
  await store.close();
  const reopened = await openLevelStore(folder, {
    onDamage: () => assert.unreachable("Damage is repaired once"),
  });
  assert.is(reopened.recordCount, held.length + missing.length);
  await reopened.close();
  return held.length;
}

async function openDamaged({ folder }: Damaged): Promise<{ store: Store; reports: Repair[] }> {
  const reports: Repair[] = [];
  const store = await openLevelStore(folder, { onDamage: (report) => void reports.push(report) });
  return { store, reports };
}

test("openLevelStore recovers every record where CURRENT or the manifest is missing or garbage", () =>
  within(
    120_000,
    inTemporaryFolder((folder) =>
      withStore(folder, async (copy) => {
        const damages: ((store: Damaged) => Promise<void>)[] = [
          async ({ file }) => rm(await file(/^CURRENT$/)),
          async ({ file }) => writeFile(await file(/^CURRENT$/), "garbage"),
          async ({ file }) => rm(await file(/^MANIFEST/)),
          async ({ file }) => writeFile(await file(/^MANIFEST/), "garbage"),
          async ({ file }) => truncate(await file(/^MANIFEST/), 0),
        ];
        for (const damage of damages) {
          const damaged = await copy();
          await damage(damaged);
          const { store, reports } = await openDamaged(damaged);
          assert.is(reports.length, 1);
          assert.equal([reports[0]?.kept, reports[0]?.lost], [COUNT, 0]);
          assert.is(await checkConsistent(damaged.folder, reports, store), COUNT);
        }
      }),
    ),
  ));

test("openLevelStore reports every record that is lost with a table or the write-ahead log", () =>
  within(
    120_000,
    inTemporaryFolder((folder) =>
      withStore(folder, async (copy) => {
        const damages: ((store: Damaged) => Promise<void>)[] = [
          async ({ file }) => rm(await file(/\.ldb$/)),
          async ({ file }) => rm(await file(/\.log$/)),
          (damaged) => damaged.flip(/\.log$/, 0.5),
          (damaged) => damaged.flip(/\.log$/, 0.1, 64),
          (damaged) => damaged.flip(/\.log$/, 0.999),
        ];
        for (const damage of damages) {
          const damaged = await copy();
          await damage(damaged);
          const { store, reports } = await openDamaged(damaged);
          assert.is(reports.length, 1);
          const kept = await checkConsistent(damaged.folder, reports, store);
          assert.ok(kept > 0 && kept < COUNT, `${kept} kept`);
          assert.is(reports[0]?.kept, kept);
        }
      }),
    ),
  ));

test("openLevelStore keeps every record of a table whose index or end is damaged", () =>
  within(
    120_000,
    inTemporaryFolder((folder) =>
      withStore(folder, async (copy) => {
        const damages: readonly (readonly [what: RegExp, damage: (bytes: Buffer) => Buffer])[] = [
          [/its index is damaged/, (bytes) => flipped(bytes, bytes.length - 48 - 20)],
          [/its end is damaged/, (bytes) => flipped(bytes, bytes.length - 1)],
          [/its end is damaged/, (bytes) => bytes.subarray(0, -100)],
        ];
        for (const [what, damage] of damages) {
          const damaged = await copy();
          const table = await damaged.file(/\.ldb$/);
          await writeFile(table, damage(await readFile(table)));
          const { store, reports } = await openDamaged(damaged);
          assert.match(reports[0]?.damage.join() ?? "", what);
          assert.equal([reports[0]?.kept, reports[0]?.lost], [COUNT, 0]);
          assert.equal(store.repairs, reports);
          assert.is(await checkConsistent(damaged.folder, reports, store), COUNT);
        }
      }),
    ),
  ));

test("openLevelStore loses no more than the blocks of a table that are damaged or cut off", () =>
  within(
    120_000,
    inTemporaryFolder((folder) =>
      withStore(folder, async (copy) => {
        const damaged = await copy();
        const table = await damaged.file(/\.ldb$/);
        const { size } = await stat(table);
        await truncate(table, Math.floor(size * 0.9));
        const { store, reports } = await openDamaged(damaged);
        const kept = await checkConsistent(damaged.folder, reports, store);
        assert.ok(kept > COUNT * 0.5 && kept < COUNT, `${kept} kept`);
      }),
    ),
  ));

test("openLevelStore recognises an emptied table", () =>
  within(
    120_000,
    inTemporaryFolder((folder) =>
      withStore(folder, async (copy) => {
        const damaged = await copy();
        await truncate(await damaged.file(/\.ldb$/), 0);
        const { store, reports } = await openDamaged(damaged);
        assert.match(reports[0]?.damage.join() ?? "", /it is empty/);
        assert.ok((reports[0]?.lost ?? 0) > 0);
        await checkConsistent(damaged.folder, reports, store);
      }),
    ),
  ));

test("a store that is marked as damaged repairs its files at the next opening, whoever opens it", () =>
  within(
    120_000,
    inTemporaryFolder((folder) =>
      withStore(folder, async (copy) => {
        const damaged = await copy();
        // A block that no read of records comes by: an entry of an index.
        await damaged.flip(/\.ldb$/, 0.02, 64);
        await levelFolder(damaged.folder).markDamaged();
        const { store, reports } = await openDamaged(damaged);
        assert.is(reports.length, 1);
        await checkConsistent(damaged.folder, reports, store);
      }),
    ),
  ));

function flipped(bytes: Buffer, at: number): Buffer {
  bytes[at] = (bytes[at] ?? 0) ^ 0x5a;
  return bytes;
}

test("openLevelStore takes a torn end of the log for a write that was never acknowledged", () =>
  within(
    60_000,
    inTemporaryFolder((folder) =>
      withStore(folder, async (copy) => {
        const damaged = await copy();
        const log = await damaged.file(/\.log$/);
        await truncate(log, (await stat(log)).size - 50);
        const { store, reports } = await openDamaged(damaged);
        assert.is(reports.length, 0);
        assert.equal(
          await sequencesIn(store),
          Array.from({ length: COUNT - BATCH }, (_, i) => i),
        );
        await store.close();
      }),
    ),
  ));

test("a store never hands out a record whose bytes were flipped in a table, and repairs itself at the next opening", () =>
  within(
    170_000,
    inTemporaryFolder((folder) =>
      withStore(folder, async (copy) => {
        let noticed = 0;
        const expected = new Map(
          newRecords(COUNT, SPEC).map((record) => [record.id.sequence, JSON.stringify(record)]),
        );
        const places = [0.25, 0.5, 0.75].flatMap((share) => [[share, 1] as const, [share, 64] as const]);
        for (const [share, bytes] of places) {
          const damaged = await copy();
          await damaged.flip(/\.ldb$/, share, bytes);
          const { store, reports } = await openDamaged(damaged);
          const failure = await checkValues(store, expected);
          await store.close();
          if (failure === null && reports.length === 0) continue; // what no longer matters was hit
          noticed += 1;
          if (failure !== null) assert.is((failure as SluiceError).code, "store-corrupt");
          const { store: repaired, reports: found } = await openDamaged(damaged);
          assert.ok(reports.length + found.length > 0);
          assert.is(await checkValues(repaired, expected), null);
          await checkConsistent(damaged.folder, [...reports, ...found], repaired);
        }
        assert.ok(noticed >= 5, `${noticed} noticed`);
      }),
    ),
  ));

/** Reads all records: each must be what was stored. The failure where reading fails. */
async function checkValues(store: Store, expected: ReadonlyMap<number, string>): Promise<unknown> {
  try {
    for (let from = store.firstPosition; ;) {
      const slice = await store.read({ fromPosition: from, limit: 1_000 });
      for (const { position: _, chain: __, ...record } of slice.records) {
        assert.is(JSON.stringify(record), expected.get(record.id.sequence));
      }
      if (slice.records.length === 0) return null;
      from = slice.nextPosition;
    }
  } catch (error) {
    if (error instanceof assert.Assertion) throw error;
    return error;
  }
}

test("a store that meets damage while it is open repairs itself at the next write", () =>
  within(
    60_000,
    inTemporaryFolder((folder) =>
      withStore(folder, async (copy) => {
        const damaged = await copy();
        await damaged.flip(/\.ldb$/, 0.3, 512);
        const { store, reports } = await openDamaged(damaged);
        let failure: unknown = null;
        for (let from = 0; failure === null && from < COUNT; from += 500) {
          failure = await store.read({ fromPosition: from, limit: 500 }).then(
            () => null,
            (error: unknown) => error,
          );
        }
        assert.is((failure as SluiceError).code, "store-corrupt");
        assert.is((failure as SluiceError).retry, "backoff");
        assert.is(reports.length, 0);
        const [end] = await store.append([newRecord({ sequence: COUNT })]);
        assert.is(end?.status, "stored");
        assert.is(reports.length, 1);
        assert.ok((reports[0]?.lost ?? 0) > 0);
        assert.is((await sequencesIn(store)).length, store.recordCount);
        await store.close();
      }),
    ),
  ));

test.run();
