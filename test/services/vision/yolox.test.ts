import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { decodeYolox, yoloxRowCount } from "../../../src/services/vision/yolox.js";
import { OutputError } from "../../../src/services/vision/model-output.js";
import { Letterbox } from "../../../src/services/vision/letterbox.js";

const INPUT = { width: 64, height: 64 };
const FIELDS = 6;
const OPTIONS = { classCount: 1, classes: [0], scoreMin: 0.3 };

/** One class; `row` is what the first cell says: centre, size, objectness and class. */
function output(row: readonly number[]): Float32Array {
  const values = new Float32Array(yoloxRowCount(INPUT) * FIELDS);
  values.set(row);
  return values;
}

const refusal = (row: readonly number[]): string => {
  try {
    decodeYolox(output(row), INPUT, OPTIONS);
    return "";
  } catch (error) {
    return error instanceof OutputError ? error.message : String(error);
  }
};

test("decodeYolox refuses scores that are no numbers or no probabilities", () => {
  assert.is(refusal([1, 1, 1, 1, Number.NaN, 0.9]), "its scores must be numbers: got NaN");
  assert.is(refusal([1, 1, 1, 1, 0.9, Number.NaN]), "its scores must be numbers: got NaN");
  assert.match(
    refusal([1, 1, 1, 1, 4, 0.9]),
    /^its scores must be probabilities, 0 to 1: got 4\.000; export it with/,
  );
  assert.match(refusal([1, 1, 1, 1, 0.9, 2.5]), /got 2\.500/);
  assert.match(refusal([1, 1, 1, 1, -3, 0.9]), /got -3\.000/);
  // The rounding of a sigmoid.
  const [found] = decodeYolox(output([1, 1, 1, 1, 1.000_01, 1.000_01]), INPUT, OPTIONS);
  assert.is(found?.score, 1);
});

test("decodeYolox refuses boxes that are no numbers, and cuts infinite ones at the frame", () => {
  for (const at of [0, 1, 2, 3]) {
    const row = [1, 1, 1, 1, 0.9, 0.9];
    row[at] = Number.NaN;
    assert.is(refusal(row), "its boxes must be numbers: got NaN");
  }
  const letterbox = new Letterbox({ width: 128, height: 64 }, INPUT);
  for (const size of [Infinity, 1_000, 88]) {
    const [found] = decodeYolox(output([1, 1, size, size, 0.9, 0.9]), INPUT, OPTIONS);
    assert.equal(found && letterbox.toFrame(found.box), { x: 0, y: 0, width: 1, height: 1 });
  }
  const [nowhere] = decodeYolox(output([Infinity, 1, 1, 1, 0.9, 0.9]), INPUT, OPTIONS);
  assert.is(nowhere && letterbox.toFrame(nowhere.box), null);
});

test.run();
