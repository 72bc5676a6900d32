/** Closings of incarnations, and the frames of a source over its incarnations. */

import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { auditRun, type AuditInput } from "../../src/audit/audit.js";
import type { RecordsOrigin } from "../../src/audit/origin.js";
import { taskText } from "../../src/audit/findings.js";
import { MemoryStore } from "../../src/storage/results/memory-store.js";
import type { StoredClosing, StoredRecord } from "../../src/task/record.js";
import { parseSourceId } from "../../src/task/identity.js";
import { auditedRun } from "../support/audited-run.js";
import { NOW_MS } from "../support/records.js";

const CAM = parseSourceId("cam-1");
const FRAME_US = 10_000;

/** An incarnation of cam-1 whose tasks have a frame each, from `from` on; the first one is read on after the frame before it. */
function incarnation(number: number, count: number, from: number): readonly StoredRecord[] {
  return auditedRun({ incarnation: number, count }).map((record) => {
    if (record.type === "closed") return record;
    const frame = from + record.id.sequence;
    const us = frame * FRAME_US;
    const after = frame === 0 ? null : frame - 1;
    const frames = { after, first: frame, last: frame, passedOver: 0, firstUs: us, lastUs: us };
    return record.type === "result" ? { ...record, framePtsUs: [us], frames } : { ...record, frames };
  });
}

function closing(
  number: number,
  created: number,
  end: StoredClosing["end"],
  stored: number | null = null,
): StoredRecord {
  const counts = stored === null ? null : { stored, dropped: {}, redelivered: 0, framesSkipped: 0 };
  const id = { sourceId: CAM, incarnation: number, sequence: created };
  return { type: "closed", position: 0, id, end, counts, storedAtMs: NOW_MS };
}

async function found(...parts: readonly (readonly StoredRecord[])[]): Promise<readonly string[]> {
  return foundWhere({}, ...parts);
}

async function foundWhere(
  known: Pick<AuditInput, "ledgers" | "running">,
  ...parts: readonly (readonly StoredRecord[])[]
): Promise<readonly string[]> {
  const records = parts.flat().map((record, position) => ({ ...record, position }));
  const { findings } = await auditRun({ ...known, records });
  return findings.map(({ rule, task, source }) => `${rule} ${task === null ? source : taskText(task)}`);
}

test("an audit finds nothing where an incarnation goes on at the frame behind the one before, or begins anew", async () => {
  const on = [incarnation(1, 5, 0), [closing(1, 5, "recovered")], incarnation(2, 5, 5)];
  assert.equal(await found(...on, [closing(2, 5, "ended", 5)]), []);
  const anew = [incarnation(1, 5, 0), [closing(1, 5, "ended", 5)], incarnation(2, 5, 0)];
  assert.equal(await found(...anew), []);
  assert.equal(await found(incarnation(1, 5, 0), [closing(1, 5, "replaced")], incarnation(2, 5, 0)), []);
  const none = [closing(2, 0, "ended", 0)];
  const after = incarnation(3, 5, 0);
  assert.equal(await found(incarnation(1, 5, 0), [closing(1, 5, "recovered")], none, after), []);
});

test("an audit finds frames that are in two incarnations, and frames that none has", async () => {
  const before = [incarnation(1, 5, 0), [closing(1, 5, "recovered")]];
  assert.equal(await found(...before, incarnation(2, 5, 3)), ["frames cam-1/2/0"]);
  assert.equal(await found(...before, incarnation(2, 5, 0)), ["frames cam-1/2/0"]);
  assert.equal(await found(...before, incarnation(2, 5, 8)), ["frames cam-1/2/0"]);
});

test("an audit finds that the last tasks of a closed incarnation are missing, and any beyond them", async () => {
  const cut = incarnation(1, 5, 0).slice(0, 3);
  assert.equal(await found(cut, [closing(1, 5, "recovered")]), ["lost cam-1/1/3", "lost cam-1/1/4"]);
  assert.equal(await found(cut, [closing(1, 3, "ended", 3)]), []);
  assert.equal(await found(incarnation(1, 5, 0), [closing(1, 3, "recovered")]), ["closed cam-1/1/4"]);
  assert.equal(await found(cut, [closing(1, 3, "ended", 2)]), ["closed cam-1/1/3", "closed cam-1/1/3"]);
  assert.equal(await found(cut, [closing(1, 3, "ended", 3), closing(1, 3, "ended", 3)]), [
    "doubled cam-1/1/3",
  ]);
});

test("an audit takes no word of a former host about an incarnation that was sealed for another one", async () => {
  const ledger = { sourceId: CAM, incarnation: 1, created: 8, outstanding: [] };
  const of = async (end: StoredClosing["end"]): Promise<readonly string[]> =>
    foundWhere({ ledgers: [ledger] }, incarnation(1, 5, 0), [closing(1, 5, end)]);
  assert.equal(await of("takenOver"), []);
  const missing = [5, 6, 7].map((sequence) => `lost cam-1/1/${sequence}`);
  assert.equal(await of("recovered"), missing);
});

test("an audit finds an incarnation that another one followed and that nobody has closed", async () => {
  const later = [incarnation(2, 5, 5), [closing(2, 5, "ended", 5)]];
  assert.equal(await found(incarnation(1, 5, 0), ...later), ["closed cam-1"]);
  assert.equal(await found(incarnation(1, 5, 0), [closing(1, 5, "recovered")], incarnation(2, 5, 5)), []);
});

test("an audit that knows which sources run finds the last incarnation of any other that nobody has closed", async () => {
  const all = { running: new Set<never>() };
  const only = incarnation(1, 5, 0);
  assert.equal(await foundWhere(all, only), ["closed cam-1"]);
  assert.equal(await foundWhere(all, only, [closing(1, 5, "recovered")], incarnation(2, 5, 5)), [
    "closed cam-1",
  ]);
  assert.equal(await foundWhere(all, only, [closing(1, 5, "ended", 5)]), []);
  assert.equal(await foundWhere({ running: new Set([CAM]) }, only), []);
  assert.equal(await foundWhere({ ledgers: [] }, only), [], "it may run elsewhere");
});

test("an audit misses no closing that retention may have deleted, which may be older than tasks of its incarnation", async () => {
  const first = incarnation(1, 5, 0);
  const late = first.slice(4);
  const run = [first.slice(0, 4), [closing(1, 5, "recovered")], late, incarnation(2, 5, 5)].flat();
  const store = new MemoryStore();
  await store.append([...run, closing(2, 5, "ended", 5)]);
  await store.expire({ recordsMax: 7, limit: 100 });
  const statement = await store.statement();
  const { records } = await store.read({ fromPosition: 0, limit: 100 });
  const stated = { before: statement, after: statement, whole: true };
  const origin = (): Promise<RecordsOrigin> => Promise.resolve({ stated, file: null });
  const { findings } = await auditRun({ records, origin, ledgers: [], running: new Set() });
  assert.equal([records.length, findings], [7, []]);
});

test.run();
