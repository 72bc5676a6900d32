/** What every store does, run against each implementation. */

import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { iterateRecords } from "../../src/storage/results/read-store.js";
import { seal } from "../../src/storage/results/record-codec.js";
import { pageAfter, placeRecord, type Store } from "../../src/storage/results/store.js";
import { CHAIN_START, chained } from "../../src/task/record-chain.js";
import type { ResultQuery, StoredRecord } from "../../src/task/record.js";
import { parseSourceId } from "../../src/task/identity.js";
import { newRecord, newRecords, NOW_MS } from "../support/records.js";
import { within } from "../support/within.js";
import { hubStateContract } from "./hub-state.js";
import { storeModelTest, type StoreHarness } from "./store-model.js";

function lastOf(records: readonly StoredRecord[]): StoredRecord {
  const last = records.at(-1);
  if (last === undefined) throw new Error("no records");
  return last;
}

/** As a new store chains them. */
function chainedFrom(records: readonly StoredRecord[]): readonly StoredRecord[] {
  let chain = CHAIN_START;
  return records.map((record) => {
    const next = chained(record, chain);
    chain = next.chain ?? chain;
    return next;
  });
}

export function storeContract(kind: string, { use, durable }: StoreHarness): void {
  const storeTest = (
    name: string,
    work: (store: Store, reopen: () => Promise<Store>) => Promise<void>,
  ): void =>
    test(`${kind} ${name}`, () =>
      within(
        60_000,
        use(async (open) => {
          let store = await open();
          try {
            await work(store, async () => {
              await store.close();
              return (store = await open());
            });
          } finally {
            await store.close();
          }
        }),
      ));

  hubStateContract(storeTest, durable);

  storeTest(
    "identity is the same for as long as the store exists, and no other store's",
    async (store, reopen) => {
      const identity = await store.identity();
      assert.match(identity, /^[0-9a-f]{32}$/);
      assert.is(await store.identity(), identity);
      const again = await reopen();
      assert.is((await again.identity()) === identity, durable);
    },
  );

  storeTest("beginTerm gives each scheduler a number that none before it had", async (store, reopen) => {
    assert.equal([await store.beginTerm(), await store.beginTerm()], [1, 2]);
    const again = await reopen();
    assert.is(await again.beginTerm(), durable ? 3 : 1);
  });

  storeTest("append gives records positions from 0 on and hands them back as stored", async (store) => {
    assert.is(store.nextPosition, 0);
    const records = [newRecord({ sequence: 0 }), newRecord({ sequence: 1, gap: true })];
    const appended = await store.append(records);
    assert.equal(
      appended,
      chainedFrom(records.map(placeRecord)).map((record) => ({ status: "stored", record })),
    );
    assert.is(store.nextPosition, 2);
    assert.is(store.recordCount, 2);
    assert.equal(await positions(store, 0), [0, 1]);
    const { records: read } = await store.read({ fromPosition: 0, limit: 10 });
    assert.equal(
      read,
      appended.map((one) => (one.status === "stored" ? one.record : null)),
    );
  });

  storeTest("append of a settled task changes nothing and returns its first outcome", async (store) => {
    await store.append([newRecord({ sequence: 4 }), newRecord({ sequence: 5, gap: true })]);
    const before = store.totals();
    const again = await store.append([
      newRecord({ sequence: 4, gap: true }),
      newRecord({ sequence: 5 }),
      newRecord({ sequence: 4 }),
    ]);
    assert.equal(again, [
      { status: "existing", outcome: { status: "stored" } },
      { status: "existing", outcome: { status: "dropped", reason: "poison" } },
      { status: "existing", outcome: { status: "stored" } },
    ]);
    assert.equal(store.totals(), before);
    assert.is(store.nextPosition, 2);
  });

  storeTest("append stores a task once that occurs twice in one batch", async (store) => {
    const appended = await store.append([newRecord({ sequence: 7, gap: true }), newRecord({ sequence: 7 })]);
    assert.equal(
      appended.map((one) => one.status),
      ["stored", "existing"],
    );
    assert.equal(store.totals(), { "cam-1": { stored: 0, dropped: { poison: 1 } } });
  });

  storeTest("append tells apart tasks of other sources and incarnations", async (store) => {
    await store.append([
      newRecord({ sequence: 1 }),
      newRecord({ sequence: 1, incarnation: 2 }),
      newRecord({ sequence: 1, source: "cam-10" }),
      newRecord({ sequence: 11 }),
    ]);
    assert.is(store.recordCount, 4);
  });

  storeTest("append of nothing is allowed", async (store) => {
    assert.equal(await store.append([]), []);
    assert.is(store.nextPosition, 0);
  });

  storeTest("appends asked for at once take their positions one after the other", async (store) => {
    const batches = await Promise.all(
      [0, 1, 2, 3].map((batch) => store.append(newRecords(50, { source: `cam-${batch}` }))),
    );
    const given = batches.flat().map((one) => (one.status === "stored" ? one.record.position : -1));
    assert.equal(
      given,
      Array.from({ length: 200 }, (_, position) => position),
    );
  });

  storeTest("read pages through positions without gap or repetition, whole and by source", async (store) => {
    for (let batch = 0; batch < 10; batch++) {
      await store.append(
        Array.from({ length: 30 }, (_, i) =>
          newRecord({ source: `cam-${i % 3}`, sequence: batch * 30 + i, gap: i % 7 === 0 }),
        ),
      );
    }
    assert.equal(
      await positions(store, 0, 7),
      Array.from({ length: 300 }, (_, position) => position),
    );
    assert.equal(await positions(store, 290), [290, 291, 292, 293, 294, 295, 296, 297, 298, 299]);
    const ofOne = await positions(store, 100, 7, "cam-1");
    assert.equal(
      ofOne,
      Array.from({ length: 67 }, (_, i) => 100 + i * 3),
    );
  });

  storeTest("read at or behind the end is empty and stays where it was asked", async (store) => {
    await store.append(newRecords(3));
    for (const fromPosition of [3, 1_000]) {
      const slice = await store.read({ fromPosition, limit: 10 });
      assert.equal(slice, { records: [], nextPosition: fromPosition, firstPosition: 0 });
    }
    assert.is((await store.read({ fromPosition: 1, limit: 0 })).nextPosition, 1);
  });

  storeTest("read by a source that is unknown reaches the end at once", async (store) => {
    await store.append(newRecords(3));
    const slice = await store.read({ fromPosition: 0, limit: 10, sourceId: parseSourceId("nobody") });
    assert.equal(slice, { records: [], nextPosition: 3, firstPosition: 0 });
  });

  storeTest("query pages by time where a whole batch shares one time", async (store) => {
    await store.append(newRecords(25, { storedAtMs: NOW_MS }));
    await store.append(newRecords(25, { source: "cam-2", storedAtMs: NOW_MS }));
    const seen: number[] = [];
    let query: ResultQuery = { sinceMs: NOW_MS, limit: 7 };
    for (;;) {
      const { records, more } = await store.query(query);
      seen.push(...records.map((record) => record.position));
      const last = records.at(-1);
      if (!more || last === undefined) break;
      query = pageAfter(query, last);
    }
    assert.equal(
      seen,
      Array.from({ length: 50 }, (_, position) => position),
    );
  });

  storeTest(
    "query pages from the newest record back, through a batch that shares one time",
    async (store) => {
      await store.append(newRecords(10, { storedAtMs: NOW_MS }));
      await store.append(newRecords(10, { source: "cam-2", storedAtMs: NOW_MS + 5 }));
      const backwards = async (query: ResultQuery): Promise<readonly number[]> => {
        const seen: number[] = [];
        for await (const { position } of iterateRecords(store, { ...query, newestFirst: true }))
          seen.push(position);
        return seen;
      };
      const all = Array.from({ length: 20 }, (_, index) => 19 - index);
      assert.equal(await backwards({}), all);
      assert.equal(await backwards({ limit: 3 }), [19, 18, 17]);
      assert.equal(await backwards({ sinceMs: NOW_MS + 1 }), all.slice(0, 10));
      assert.equal(await backwards({ sourceId: parseSourceId("cam-1"), limit: 2 }), [9, 8]);
      let query: ResultQuery = { newestFirst: true, limit: 3 };
      const paged: number[] = [];
      for (let more = true; more;) {
        const page = await store.query(query);
        paged.push(...page.records.map(({ position }) => position));
        query = pageAfter(query, lastOf(page.records));
        more = page.more;
      }
      assert.equal(paged, all);
    },
  );

  storeTest(
    "query from a position on is in order of position, though the clock stepped back",
    async (store) => {
      const times = [50, 40, 30, 60, 10].map((ms) => NOW_MS + ms);
      await store.append(times.map((storedAtMs, sequence) => newRecord({ sequence, storedAtMs })));
      await store.append([newRecord({ source: "cam-2", sequence: 0 })]);
      const page = await store.query({ fromPosition: 1, limit: 2 });
      assert.equal([page.records.map(({ position }) => position), page.more], [[1, 2], true]);
      const next = await store.query(
        pageAfter({ fromPosition: 1, sourceId: parseSourceId("cam-1") }, lastOf(page.records)),
      );
      assert.equal([next.records.map(({ position }) => position), next.more], [[3, 4], false]);
    },
  );

  storeTest(
    "statement keeps the chain over retention, and what was deleted apart from what is held",
    async (store) => {
      await store.append(newRecords(6));
      const before = await store.statement();
      assert.equal([before.firstPosition, before.nextPosition, before.recordCount], [0, 6, 6]);
      await store.expire({ recordsMax: 4, limit: 100 });
      const { records } = await store.read({ fromPosition: 0, limit: 10 });
      const after = await store.statement();
      assert.equal(after.expired, [{ sourceId: "cam-1", incarnation: 1, sequences: [0, 1] }]);
      assert.equal(after.totals, before.totals);
      const [first] = records;
      assert.is(first?.chain, first && chained(first, after.firstChain).chain);
      assert.is(lastOf(records).chain, after.lastChain);
      assert.not(after.mac === before.mac);
    },
  );

  storeTest("query finds late records though the clock stepped back", async (store) => {
    await store.append([newRecord({ sequence: 0, storedAtMs: NOW_MS + 1_000 })]);
    await store.append([newRecord({ sequence: 1, storedAtMs: NOW_MS })]);
    const { records } = await store.query({ sinceMs: NOW_MS, untilMs: NOW_MS + 2_000 });
    assert.equal(
      records.map(({ id }) => id.sequence),
      [1, 0],
    );
    assert.equal((await store.query({ untilMs: NOW_MS + 1 })).records.length, 1);
  });

  storeTest("expire by count deletes the oldest in bounded steps and keeps totals", async (store) => {
    await store.append(newRecords(20));
    const totals = store.totals();
    assert.is(await store.expire({ recordsMax: 5, limit: 10 }), 10);
    assert.is(await store.expire({ recordsMax: 5, limit: 10 }), 5);
    assert.is(await store.expire({ recordsMax: 5, limit: 10 }), 0);
    assert.is(store.firstPosition, 15);
    assert.is(store.recordCount, 5);
    assert.equal(store.totals(), totals);
    const slice = await store.read({ fromPosition: 3, limit: 2 });
    assert.equal(
      slice.records.map(({ position }) => position),
      [15, 16],
    );
    assert.is(slice.firstPosition, 15);
    assert.is((await store.query({})).records.length, 5);
    assert.equal(await positions(store, 0, 10, "cam-1"), [15, 16, 17, 18, 19]);
  });

  storeTest("expire by bytes deletes the oldest until no more than so many are left", async (store) => {
    await store.append(newRecords(20));
    const { records } = await store.read({ fromPosition: 0, limit: 20 });
    const sizes = records.map((record) => Buffer.byteLength(seal(record)));
    const newestFive = sizes.slice(-5).reduce((sum, size) => sum + size, 0);
    assert.is(await store.expire({ bytesMax: newestFive, limit: 10 }), 10);
    assert.is(await store.expire({ bytesMax: newestFive, limit: 10 }), 5);
    assert.is(await store.expire({ bytesMax: newestFive, limit: 10 }), 0);
    await store.append([newRecord({ sequence: 20 })]);
    assert.ok((await store.expire({ bytesMax: newestFive, limit: 10 })) >= 1);
    await store.expire({ bytesMax: 0, limit: 100 });
    assert.is(store.recordCount, 0);
  });

  storeTest("expire by age deletes up to the first younger record", async (store) => {
    for (let i = 0; i < 10; i++) await store.append([newRecord({ sequence: i, storedAtMs: NOW_MS + i })]);
    assert.is(await store.expire({ storedBeforeMs: NOW_MS + 4, limit: 100 }), 4);
    assert.is(await store.expire({ storedBeforeMs: NOW_MS + 4, limit: 100 }), 0);
    assert.is(await store.expire({ limit: 100 }), 0);
    assert.is(store.firstPosition, 4);
  });

  storeTest("a task that retention has deleted is not stored again", async (store) => {
    await store.append(newRecords(10));
    await store.expire({ recordsMax: 2, limit: 100 });
    const again = await store.append([newRecord({ sequence: 3 }), newRecord({ sequence: 10 })]);
    assert.equal(
      again.map((one) => one.status),
      ["existing", "stored"],
    );
    assert.is(store.totals()["cam-1"]?.stored, 11);
  });

  storeTest("positions go on after retention has deleted every record", async (store) => {
    await store.append(newRecords(5));
    await store.expire({ recordsMax: 0, limit: 100 });
    assert.is(store.recordCount, 0);
    assert.equal(await store.read({ fromPosition: 0, limit: 5 }), {
      records: [],
      nextPosition: 5,
      firstPosition: 5,
    });
    await store.append([newRecord({ sequence: 5 })]);
    assert.equal(await positions(store, 0), [5]);
  });

  storeTest("expired tells where what retention has deleted had come to", async (store, reopen) => {
    const frames = { after: 1, first: 2, last: 3, passedOver: 0, firstUs: 200_000, lastUs: 300_000 };
    const [first, second, gap] = [0, 1, 2].map((sequence) => newRecord({ sequence, gap: sequence === 2 }));
    const other = newRecord({ source: "cam-1-b", sequence: 7, incarnation: 2 });
    assert.ok(first?.type === "result" && second?.type === "result" && gap !== undefined);
    const id = { ...second.id, sequence: 3 };
    const closed = { type: "closed", id, end: "takenOver", counts: null, storedAtMs: NOW_MS } as const;
    await store.append([{ ...first, frames }, gap, closed, other, { ...second, frames }]);
    const cam = second.id.sourceId;
    assert.equal(await store.expired(cam), []);
    await store.expire({ recordsMax: 3, limit: 100 });
    const newest = { sequence: 0, frames, spacingUs: 100_000 };
    const lastTaskAtMs = NOW_MS - 40;
    const tail = { position: 1, end: null, newest, lastTaskAtMs };
    assert.equal(await store.expired(cam), [{ incarnation: 1, sequences: [0, 0, 2, 2], tail }]);
    for (const recordsMax of [2, 1, 0]) await store.expire({ recordsMax, limit: 1 });
    const after = [
      {
        incarnation: 1,
        sequences: [0, 2],
        tail: { position: 4, end: "takenOver", newest: { ...newest, sequence: 1 }, lastTaskAtMs },
      },
    ];
    assert.equal(await store.expired(cam), after);
    const ofOther = { position: 3, end: null, newest: null, lastTaskAtMs };
    assert.equal(await store.expired(other.id.sourceId), [
      { incarnation: 2, sequences: [7, 7], tail: ofOther },
    ]);
    const { expired } = await store.statement();
    assert.equal(
      new Map(expired.map(({ sourceId, incarnation, takenOver }) => [sourceId, { incarnation, takenOver }])),
      new Map<string, unknown>([
        [other.id.sourceId, { incarnation: 2, takenOver: undefined }],
        [cam, { incarnation: 1, takenOver: true }],
      ]),
    );
    if (durable) assert.equal(await (await reopen()).expired(cam), after);
  });

  if (durable) {
    storeTest(
      "reopened knows its records, totals and positions, also behind deleted ones",
      async (store, reopen) => {
        await store.append(newRecords(10));
        await store.expire({ recordsMax: 0, limit: 100 });
        const totals = store.totals();
        const again = await reopen();
        assert.is(again.nextPosition, 10);
        assert.is(again.firstPosition, 10);
        assert.equal(again.totals(), totals);
        const appended = await again.append([newRecord({ sequence: 9 }), newRecord({ sequence: 10 })]);
        assert.equal(
          appended.map((one) => one.status),
          ["existing", "stored"],
        );
        assert.equal(await positions(again, 0), [10]);
      },
    );

    storeTest("close waits for the writes under way", async (store, reopen) => {
      const writing = store.append(newRecords(200));
      const again = await reopen();
      assert.is((await writing).length, 200);
      assert.is(again.recordCount, 200);
    });
  }

  storeModelTest(kind, { use, durable });
}

async function positions(
  store: Store,
  fromPosition: number,
  limit = 100,
  source?: string,
): Promise<number[]> {
  const found: number[] = [];
  let from = fromPosition;
  for (;;) {
    const slice = await store.read({
      fromPosition: from,
      limit,
      ...(source === undefined ? {} : { sourceId: parseSourceId(source) }),
    });
    found.push(...slice.records.map((record) => record.position));
    if (slice.nextPosition >= store.nextPosition || slice.nextPosition === from) return found;
    from = slice.nextPosition;
  }
}
