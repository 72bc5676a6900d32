import * as fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { UnderWay } from "../../../src/audit/rules/under-way.js";
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

test("UnderWay counts the most tasks at once, in whatever order their records come", () => {
  const times = fc.tuple(fc.nat(30), fc.nat(8));
  fc.assert(
    fc.property(fc.array(times, { minLength: 1 }), (spans) => {
      const underWay = new UnderWay();
      for (const [sequence, [fromMs, forMs]] of spans.entries()) {
        underWay.add(resultAt(sequence, fromMs, fromMs + forMs));
      }
      const countAt = (atMs: number) =>
        spans.filter(([fromMs, forMs]) => fromMs <= atMs && atMs < fromMs + forMs).length;
      const most = Math.max(...Array.from({ length: 40 }, (_, atMs) => countAt(atMs)));
      assert.is(underWay.worst?.count ?? 0, most);
      if (underWay.worst === null) return;
      // The task that it names was made when as many were under way.
      const [madeAtMs = -1] = spans[underWay.worst.newest.sequence] ?? [];
      assert.is(countAt(madeAtMs), most);
    }),
  );
});

test("UnderWay takes a task that another one follows at once for one at a time", () => {
  const underWay = new UnderWay();
  for (let sequence = 0; sequence < 100; sequence += 1) {
    underWay.add(resultAt(sequence, sequence, sequence + 1));
  }
  assert.is(underWay.worst?.count, 1);
});

test.run();
