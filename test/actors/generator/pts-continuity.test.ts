import { test } from "uvu";
import * as assert from "uvu/assert";
import { PtsContinuity } from "../../../src/actors/generator/pts-continuity.js";

/** Times are in ms here. */
function shifted(continuity: PtsContinuity, ptsMs: number, capturedAtMs: number): number {
  const frame = { ptsUs: ptsMs * 1_000, checksum: 0, data: new Uint8Array(0), capturedAtMs };
  return continuity.shift(frame).ptsUs / 1_000;
}

test("PtsContinuity leaves the times of the first connection as they are", () => {
  const continuity = new PtsContinuity();
  continuity.reconnect();
  assert.equal([shifted(continuity, 7_000, 0), shifted(continuity, 7_040, 40)], [7_000, 7_040]);
});

test("PtsContinuity moves a new connection behind the last frame by the time that passed between them", () => {
  const continuity = new PtsContinuity();
  shifted(continuity, 7_000, 100);
  continuity.reconnect();
  assert.equal([shifted(continuity, 0, 600), shifted(continuity, 40, 640)], [7_500, 7_540]);
  continuity.reconnect();
  assert.is(shifted(continuity, 90_000, 1_640), 8_540);
});

test("PtsContinuity grows by one microsecond at least, whatever the clock says", () => {
  const continuity = new PtsContinuity();
  shifted(continuity, 7_000, 100);
  continuity.reconnect();
  assert.is(shifted(continuity, 0, 50), 7_000.001);
});

test.run();
