import * as fc from "fast-check";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { PeakInFlight } from "../../../src/audit/rules/peak-in-flight.js";
import type { StoredResult } from "../../../src/task/record.js";
import { auditedRun } from "../../support/audited-run.js";

const [first] = auditedRun({ count: 1 });
if (first?.type !== "result") throw new Error("a gap");
const model = first;
const resultAt = (sequence: number, createdAtMs: number, storedAtMs: number): StoredResult => ({
  ...model,
  id: { ...model.id, sequence },
  createdAtMs,
  storedAtMs,
});

test("PeakInFlight counts the most tasks at once, in whatever order their records come", () => {
  const times = fc.tuple(fc.nat(30), fc.nat(8));
  fc.assert(
    fc.property(fc.array(times, { minLength: 1 }), (spans) => {
      const peak = new PeakInFlight();
      for (const [sequence, [fromMs, forMs]] of spans.entries()) {
        peak.add(resultAt(sequence, fromMs, fromMs + forMs));
      }
      const countAt = (atMs: number) =>
        spans.filter(([fromMs, forMs]) => fromMs <= atMs && atMs < fromMs + forMs).length;
      const most = Math.max(...Array.from({ length: 40 }, (_, atMs) => countAt(atMs)));
      assert.is(peak.worst?.count ?? 0, most);
      if (peak.worst === null) return;
      // The task that it names was created when as many were in flight.
      const [madeAtMs = -1] = spans[peak.worst.newest.sequence] ?? [];
      assert.is(countAt(madeAtMs), most);
    }),
  );
});

test("PeakInFlight takes a task that another one follows at once for one at a time", () => {
  const peak = new PeakInFlight();
  for (let sequence = 0; sequence < 100; sequence += 1) {
    peak.add(resultAt(sequence, sequence, sequence + 1));
  }
  assert.is(peak.worst?.count, 1);
});

test.run();
