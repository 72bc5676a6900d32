/** What every store does over any history, compared with a plain array. */

import * as fc from "fast-check";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import {
  matchesQuery,
  outcomeOf,
  placeRecord,
  type NewRecord,
  type Store,
} from "../../src/storage/results/store.js";
import { CHAIN_START, chained } from "../../src/task/record-chain.js";
import type { ResultQuery, StoredRecord } from "../../src/task/record.js";
import { parseSourceId, taskKey } from "../../src/task/identity.js";
import { newRecord, NOW_MS } from "../support/records.js";
import { within } from "../support/within.js";

export interface StoreHarness {
  /** Runs `work` with a way to open the same store again and again; each one is closed before the next. */
  readonly use: (work: (open: () => Promise<Store>) => Promise<void>) => Promise<void>;
  /** Whether records outlive a close. */
  readonly durable: boolean;
}

export function storeModelTest(kind: string, { use, durable }: StoreHarness): void {
  test(`${kind} agrees with a plain array over any history`, () =>
    within(
      150_000,
      fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), (steps) =>
          use((open) => compareWithModel(open, steps, durable)),
        ),
        {
          numRuns: durable ? 40 : 200,
          // Found by this test: two deliveries of one deleted task in a batch, one a result and one a gap.
          examples: [[deletedThenTwice(false, true)], [deletedThenTwice(true, false)]],
        },
      ),
    ));
}

type Step =
  | { readonly type: "append"; readonly records: readonly NewRecord[] }
  | { readonly type: "query"; readonly query: ResultQuery }
  | {
      readonly type: "expire";
      readonly recordsMax: number;
      readonly olderThanMs: number;
      readonly limit: number;
    }
  | { readonly type: "reopen" };

const time = fc.integer({ min: 0, max: 40 }).map((offset) => NOW_MS + offset / 4);
const source = fc.constantFrom("a", "b", "b-1");
const record = fc
  .record({
    source,
    incarnation: fc.integer({ min: 0, max: 1 }),
    sequence: fc.integer({ min: 0, max: 12 }),
    storedAtMs: time,
    gap: fc.boolean(),
  })
  .map(newRecord);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constant("append" as const),
      records: fc.array(record, { maxLength: 8 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant("query" as const),
      query: fc.record(
        {
          sourceId: source.map(parseSourceId),
          sinceMs: time,
          untilMs: time,
          newestFirst: fc.boolean(),
          beforePosition: fc.integer({ min: 0, max: 40 }),
          limit: fc.integer({ min: 0, max: 9 }),
        },
        { requiredKeys: [] },
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant("expire" as const),
      recordsMax: fc.integer({ min: 0, max: 30 }),
      olderThanMs: time,
      limit: fc.integer({ min: 1, max: 6 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ type: "reopen" as const }) },
);

/** A result that retention deletes; then in one batch two more claims of the same task. */
function deletedThenTwice(...gaps: readonly boolean[]): Step[] {
  const task = { source: "b", incarnation: 1, sequence: 4 };
  return [
    { type: "append", records: [newRecord(task)] },
    { type: "expire", recordsMax: 0, olderThanMs: NOW_MS, limit: 1 },
    { type: "append", records: gaps.map((gap) => newRecord({ ...task, gap })) },
    { type: "reopen" },
  ];
}

/** Does the same to a store and to a plain array, and compares them after each step. */
async function compareWithModel(
  open: () => Promise<Store>,
  steps: readonly Step[],
  durable: boolean,
): Promise<void> {
  let store = await open();
  const settled = new Map<string, NewRecord>();
  let rows: StoredRecord[] = [];
  let chain = CHAIN_START;
  let first = 0;
  let next = 0;
  try {
    for (const one of steps) {
      switch (one.type) {
        case "append": {
          const appended = await store.append(one.records);
          for (const [index, offered] of one.records.entries()) {
            const key = taskKey(offered.id);
            const known = settled.get(key);
            if (known === undefined) {
              const placed = chained(placeRecord(offered, next++), chain);
              chain = placed.chain ?? chain;
              settled.set(key, offered);
              rows.push(placed);
              assert.equal(appended[index], { status: "stored", record: placed });
            } else {
              const held = rows.some((row) => taskKey(row.id) === key);
              const outcome = outcomeOf(held ? known : offered);
              assert.equal(appended[index], { status: "existing", outcome });
            }
          }
          break;
        }
        case "query": {
          const found = rows
            .filter((row) => matchesQuery(row, one.query))
            .sort((a, b) => a.storedAtMs - b.storedAtMs || a.position - b.position);
          if (one.query.newestFirst === true) found.reverse();
          const limit = one.query.limit ?? 1_000;
          assert.equal(await store.query(one.query), {
            records: found.slice(0, limit),
            more: found.length > limit,
          });
          break;
        }
        case "expire": {
          let due = 0;
          while (due < Math.min(one.limit, rows.length)) {
            const row = rows[due];
            if (rows.length - due <= one.recordsMax && (row?.storedAtMs ?? 0) >= one.olderThanMs) break;
            due += 1;
          }
          if (due > 0) first = (rows[due - 1]?.position ?? 0) + 1;
          rows = rows.slice(due);
          const { recordsMax, olderThanMs: storedBeforeMs, limit } = one;
          assert.is(await store.expire({ recordsMax, storedBeforeMs, limit }), due);
          break;
        }
        case "reopen":
          if (!durable) break;
          await store.close();
          store = await open();
          break;
      }
      assert.is(store.firstPosition, first);
      assert.is(store.nextPosition, next);
      assert.is(store.recordCount, rows.length);
    }
    assert.equal((await store.read({ fromPosition: 0, limit: 1_000 })).records, rows);
    const totals = Object.values(store.totals());
    const counted = totals.reduce(
      (sum, { stored, dropped }) => sum + stored + Object.values(dropped).reduce((a, b) => a + b, 0),
      0,
    );
    assert.is(counted, settled.size);
  } finally {
    await store.close();
  }
}
