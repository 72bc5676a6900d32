import * as fc from "fast-check";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { SequenceSet, withoutEach } from "../../src/audit/sequence-set.js";

const first = fc.integer({ min: 0, max: 40 });
const added = fc.array(fc.record({ first, more: fc.constantFrom(0, 0, 0, 1, 7) }));

test("SequenceSet agrees with a set: what is there, what is missing and which is the highest", () => {
  fc.assert(
    fc.property(added, fc.integer({ min: 0, max: 60 }), (steps, end) => {
      const ranges = new SequenceSet();
      const set = new Set<number>();
      for (const { first: from, more } of steps) {
        if (more === 0) assert.is(ranges.add(from), !set.has(from));
        else ranges.addRange({ from, to: from + more });
        for (let one = from; one <= from + more; one += 1) set.add(one);
      }
      assert.is(ranges.highest, Math.max(-1, ...set));
      const missing = [...ranges.missingBelow(end)].flatMap(({ from, to }) =>
        Array.from({ length: to - from + 1 }, (_, index) => from + index),
      );
      const all = Array.from({ length: end }, (_, sequence) => sequence);
      assert.equal(
        missing,
        all.filter((sequence) => !set.has(sequence)),
      );
      for (const sequence of all) assert.is(ranges.has(sequence), set.has(sequence));
    }),
  );
});

test("withoutEach leaves of a range what is not taken out of it", () => {
  const parts = (without: readonly number[]) =>
    [...withoutEach({ from: 3, to: 9 }, without)].map(({ from, to }) => [from, to]);
  assert.equal(parts([]), [[3, 9]]);
  assert.equal(parts([1, 3, 4, 7, 12]), [
    [5, 6],
    [8, 9],
  ]);
  assert.equal(parts([3, 4, 5, 6, 7, 8, 9]), []);
});

test.run();
