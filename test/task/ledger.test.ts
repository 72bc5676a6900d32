import * as fc from "fast-check";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import {
  addDrops,
  checkConservation,
  describeTotalLoss,
  createLedger,
  mergeLedgers,
  record,
  type Ledger,
  type LedgerEvent,
} from "../../src/task/ledger.js";
import { DROP_REASONS } from "../../src/task/task.js";

/** The tasks of a source in any order of settlement, with settlements repeated and settlements of tasks unknown. */
const histories: fc.Arbitrary<readonly LedgerEvent[]> = fc
  .array(
    fc.record({
      create: fc.boolean(),
      sequence: fc.nat(20),
      reason: fc.option(fc.constantFrom(...DROP_REASONS), { nil: null }),
    }),
    { maxLength: 80 },
  )
  .map((steps) => {
    let created = 0;
    return steps.map(({ create, sequence, reason }): LedgerEvent => {
      if (create) return { type: "created", sequence: created++ };
      return reason === null ? { type: "stored", sequence } : { type: "dropped", sequence, reason };
    });
  });

function ledgerOf(history: readonly LedgerEvent[]): Ledger {
  const ledger = createLedger();
  for (const event of history) record(ledger, event);
  return ledger;
}

test("record keeps created = stored + dropped + in flight after every event, in any order", () => {
  fc.assert(
    fc.property(histories, (history) => {
      const ledger = createLedger();
      for (const event of history) {
        record(ledger, event);
        assert.is(checkConservation(ledger), null);
      }
    }),
  );
});

test("record counts the first end of each task created, and every other as repeated", () => {
  fc.assert(
    fc.property(histories, (history) => {
      const state = new Map<number, string>();
      let repeated = 0;
      for (const event of history) {
        if (event.type === "created") state.set(event.sequence, "inFlight");
        else if (state.get(event.sequence) !== "inFlight") repeated += 1;
        else state.set(event.sequence, event.type === "stored" ? "stored" : event.reason);
      }
      const ends = [...state.values()];
      const ledger = ledgerOf(history);
      assert.is(ledger.created, state.size);
      assert.is(ledger.stored, ends.filter((end) => end === "stored").length);
      assert.is(ledger.inFlight, ends.filter((end) => end === "inFlight").length);
      for (const reason of DROP_REASONS) {
        assert.is(ledger.dropped[reason] ?? 0, ends.filter((end) => end === reason).length);
      }
      assert.is(ledger.repeated, repeated);
    }),
  );
});

test("record says whether an event changed the figures", () => {
  const ledger = createLedger();
  assert.ok(record(ledger, { type: "created", sequence: 0 }));
  assert.ok(record(ledger, { type: "stored", sequence: 0 }));
  assert.not.ok(record(ledger, { type: "dropped", sequence: 0, reason: "overflow" }));
  assert.equal({ ...ledger.dropped }, {});
});

test("record throws a RangeError for a task created twice", () => {
  const ledger = ledgerOf([{ type: "created", sequence: 0 }]);
  assert.throws(() => record(ledger, { type: "created", sequence: 0 }), RangeError);
});

test("mergeLedgers adds up sources and keeps the law", () => {
  fc.assert(
    fc.property(fc.array(histories, { maxLength: 4 }), (all) => {
      const ledgers = all.map(ledgerOf);
      const merged = mergeLedgers(ledgers);
      assert.is(checkConservation(merged), null);
      assert.is(
        merged.created,
        ledgers.reduce((sum, ledger) => sum + ledger.created, 0),
      );
      assert.is(
        merged.dropped.poison ?? 0,
        ledgers.reduce((sum, ledger) => sum + (ledger.dropped.poison ?? 0), 0),
      );
    }),
  );
});

test("addDrops adds reason by reason and changes neither", () => {
  const a = { poison: 1, noRoute: 2 };
  assert.equal(addDrops(a, { noRoute: 3, overflow: 4 }), { poison: 1, noRoute: 5, overflow: 4 });
  assert.equal(a, { poison: 1, noRoute: 2 });
});

test("checkConservation says what is lost", () => {
  const counts = { created: 10, stored: 6, dropped: { poison: 1, overflow: 1 }, inFlight: 1 };
  assert.is(
    checkConservation(counts),
    "Of 10 tasks created 6 are stored, 2 dropped and 1 in flight: 1 are lost",
  );
});

test("checkConservation says what is counted twice", () => {
  assert.match(
    checkConservation({ created: 1, stored: 2, dropped: {}, inFlight: 0 }) ?? "",
    "1 are counted twice",
  );
});

test("describeTotalLoss names the reasons where every task was dropped, and is silent otherwise", () => {
  const lost = { created: 5, stored: 0, dropped: { deadline: 4, noRoute: 1 }, inFlight: 0 };
  assert.is(describeTotalLoss(lost), "None of 5 tasks was stored: all were dropped (deadline 4, noRoute 1)");
  assert.is(describeTotalLoss({ ...lost, created: 6, stored: 1 }), null);
  assert.is(describeTotalLoss({ ...lost, created: 6, inFlight: 1 }), null);
  assert.is(describeTotalLoss({ created: 0, stored: 0, dropped: {}, inFlight: 0 }), null);
});

test.run();
