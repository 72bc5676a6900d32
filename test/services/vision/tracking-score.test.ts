import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { trackingScore, type Identified } from "../../support/tracking-score.js";

function at(id: string | number, x: number): Identified {
  return { id, x, y: 0.1, width: 0.1, height: 0.2 };
}

/** Two things that stand for four frames. */
const TRUTH = Array.from({ length: 4 }, () => [at("a", 0.1), at("b", 0.5)]);

test("trackingScore is 1 where each thing keeps an id of its own", () => {
  const found = TRUTH.map(() => [at(7, 0.5), at(3, 0.1)]);
  assert.equal(trackingScore(TRUTH, found), { mota: 1, idf1: 1, misses: 0, falseBoxes: 0, idChanges: 0 });
});

test("trackingScore counts misses, false boxes and changes of id over the true boxes", () => {
  const found = [
    [at(1, 0.1), at(2, 0.5)],
    [at(1, 0.1)],
    [at(1, 0.1), at(3, 0.5), at(4, 0.8)],
    [at(1, 0.1), at(3, 0.5)],
  ];
  const score = trackingScore(TRUTH, found);
  assert.equal([score.misses, score.falseBoxes, score.idChanges], [1, 1, 1]);
  assert.is(score.mota, 1 - 3 / 8);
  // Paired as a-1 and b-3 (or b-2 for one frame less): 4 and 2 of 8 true and 8 found boxes.
  assert.is(score.idf1, (2 * 6) / (8 + 8));
});

test("trackingScore keeps a pair while it fits, though another box fits better", () => {
  const truth = [[at("a", 0.1)], [at("a", 0.1)]];
  const score = trackingScore(truth, [[at(1, 0.1)], [at(2, 0.1), at(1, 0.12)]]);
  assert.equal([score.falseBoxes, score.idChanges], [1, 0]);
});

test("trackingScore gives a box to one thing at most", () => {
  const truth = [[at("a", 0.1)], [at("a", 0.1), at("b", 0.11)], [at("a", 0.1), at("b", 0.11)]];
  const score = trackingScore(truth, [[at(1, 0.1)], [at(1, 0.11)], [at(1, 0.11)]]);
  assert.is(score.misses, 2);
});

test("trackingScore of nothing found is 0, and worse than that for what is false alone", () => {
  const nothing = trackingScore(
    TRUTH,
    TRUTH.map(() => []),
  );
  assert.equal([nothing.mota, nothing.idf1, nothing.misses], [0, 0, 8]);
  const wrong = trackingScore(
    TRUTH,
    TRUTH.map(() => [at(1, 0.8)]),
  );
  assert.equal([wrong.mota, wrong.idf1], [-0.5, 0]);
});

test.run();
