import * as fc from "fast-check";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { SequenceSet, withoutEach } from "../../src/audit/sequence-set.js";

const sequences = fc.array(fc.integer({ min: 0, max: 40 }));

test("SequenceSet agrees with a set: what is there, what is missing and which is the highest", () => {
  fc.assert(
    fc.property(sequences, fc.integer({ min: 0, max: 50 }), (added, end) => {
      const ranges = new SequenceSet();
      const set = new Set<number>();
      for (const sequence of added) {
        assert.is(ranges.add(sequence), !set.has(sequence));
        set.add(sequence);
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
