import * as fc from "fast-check";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import type { Detection } from "../../../src/task/service.js";
import { iou } from "../../../src/services/vision/box.js";
import { suppressNonMaxima } from "../../../src/services/vision/nms.js";

const share = fc.double({ min: 0, max: 1, noNaN: true });
const detection = fc.record({
  x: share,
  y: share,
  width: share,
  height: share,
  score: share,
  label: fc.constantFrom<string>("car", "bus"),
});

test("suppressNonMaxima keeps the best of boxes that overlap, of each label", () => {
  const box = { x: 0, y: 0, width: 0.5, height: 0.5 };
  const best = { ...box, score: 0.9, label: "car" };
  const rival = { ...box, x: 0.05, score: 0.8, label: "car" };
  const other = { ...box, x: 0.05, score: 0.7, label: "bus" };
  const apart = { ...box, x: 0.5, score: 0.6, label: "car" };
  assert.equal(suppressNonMaxima([apart, other, rival, best], { iouMax: 0.45, countMax: 10 }), [
    best,
    other,
    apart,
  ]);
  assert.equal(suppressNonMaxima([apart, other, rival, best], { iouMax: 0.45, countMax: 2 }), [best, other]);
});

test("suppressNonMaxima: what stays does not overlap too much, and what goes has a better one that does", () => {
  fc.assert(
    fc.property(fc.array(detection, { maxLength: 30 }), share, (all, iouMax) => {
      const kept = suppressNonMaxima(all, { iouMax, countMax: 100 });
      const rivals = (a: Detection, b: Detection) => a.label === b.label && iou(a, b) > iouMax;
      for (const [index, one] of kept.entries()) {
        for (const other of kept.slice(index + 1)) {
          assert.ok(!rivals(one, other));
          assert.ok(one.score >= other.score);
        }
      }
      for (const gone of all.filter((one) => !kept.includes(one))) {
        assert.ok(kept.some((one) => one.score >= gone.score && rivals(one, gone)));
      }
    }),
  );
});

test.run();
