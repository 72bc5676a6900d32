import * as fc from "fast-check";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import {
  addSequence,
  hasSequence,
  type SequenceRanges,
} from "../../../src/storage/results/sequence-ranges.js";

test("addSequence merges neighbours into one range", () => {
  const ranges = [5, 3, 4, 0, 9].reduce<SequenceRanges>(addSequence, []);
  assert.equal(ranges, [0, 0, 3, 5, 9, 9]);
  assert.equal([1, 2, 6, 7, 8].reduce(addSequence, ranges), [0, 9]);
});

test("hasSequence agrees with a set, and ranges stay apart and ascending", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 40 })), (sequences) => {
      const ranges = sequences.reduce<SequenceRanges>(addSequence, []);
      const set = new Set(sequences);
      for (let sequence = -1; sequence <= 41; sequence++) {
        assert.is(hasSequence(ranges, sequence), set.has(sequence));
      }
      for (let i = 1; i < ranges.length; i++) {
        const apart = i % 2 === 0 ? 2 : 0;
        assert.ok((ranges[i] ?? 0) - (ranges[i - 1] ?? 0) >= apart, String(ranges));
      }
    }),
  );
});

test.run();
