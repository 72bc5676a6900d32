import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { clippedToFrame, iou } from "../../../src/services/vision/box.js";

test("iou is overlap over union", () => {
  const box = { x: 0, y: 0, width: 2, height: 2 };
  assert.is(iou(box, box), 1);
  assert.is(iou(box, { x: 1, y: 1, width: 2, height: 2 }), 1 / 7);
  assert.is(iou(box, { x: 2, y: 0, width: 2, height: 2 }), 0);
  assert.is(iou(box, { x: 0, y: 0, width: 0, height: 0 }), 0);
});

test("clippedToFrame cuts at the borders and gives null for what is outside", () => {
  assert.equal(clippedToFrame(-0.5, 0.25, 0.5, 2), { x: 0, y: 0.25, width: 0.5, height: 0.75 });
  assert.is(clippedToFrame(1, 0, 2, 1), null);
  assert.is(clippedToFrame(0.5, 0.5, 0.5, 0.7), null);
});

test.run();
