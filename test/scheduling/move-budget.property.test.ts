import * as fc from "fast-check";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { MoveBudget } from "../../src/scheduling/move-budget.js";
import { parseSourceId } from "../../src/task/identity.js";

const SOURCES = ["a", "b", "c"].map((id) => parseSourceId(id));
const MINUTE_MS = 60_000;

const histories = fc.record({
  perSource: fc.double({ min: 0.5, max: 10, noNaN: true }),
  inAll: fc.double({ min: 0.5, max: 20, noNaN: true }),
  asks: fc.array(
    fc.record({ source: fc.constantFrom(...SOURCES), afterMs: fc.integer({ min: -50, max: 20_000 }) }),
    { maxLength: 200 },
  ),
});

test("MoveBudget lets through no more than twice its changes in any minute, of one source and of all, whatever the clock does", () => {
  fc.assert(
    fc.property(histories, ({ perSource, inAll, asks }) => {
      const budget = new MoveBudget({ perSource, inAll });
      const taken: { source: string; atMs: number }[] = [];
      let atMs = 0;
      for (const { source, afterMs } of asks) {
        atMs = Math.max(0, atMs + afterMs);
        if (budget.take(source, atMs) === null) taken.push({ source, atMs });
      }
      assert.is(budget.refused, asks.length - taken.length);
      const most = (perMinute: number) => Math.max(1, perMinute) + perMinute + 1e-6;
      for (const { atMs: from } of taken) {
        // A clock that was set back gives nothing again, so a minute is taken a little longer.
        const within = taken.filter((one) => one.atMs >= from && one.atMs < from + MINUTE_MS);
        assert.ok(within.length <= most(inAll), `${within.length} of ${inAll}`);
        for (const id of SOURCES) {
          const own = within.filter(({ source }) => source === id).length;
          assert.ok(own <= most(perSource), `${own} of ${perSource}`);
        }
      }
    }),
  );
});

test("MoveBudget lets a source through that waits for long enough, whatever was asked before", () => {
  fc.assert(
    fc.property(histories, ({ perSource, inAll, asks }) => {
      const budget = new MoveBudget({ perSource, inAll });
      let atMs = 0;
      for (const { source, afterMs } of asks) budget.take(source, (atMs = Math.max(0, atMs + afterMs)));
      const patient = SOURCES[0] ?? parseSourceId("a");
      assert.is(budget.take(patient, 1e9), null);
    }),
  );
});

test("MoveBudget refuses limits that are no numbers above 0", () => {
  assert.throws(() => new MoveBudget({ perSource: 0 }), /"perSource" must be a number above 0: got 0/);
  assert.throws(() => new MoveBudget({ inAll: Number.NaN }), /"inAll"/);
});

test.run();
