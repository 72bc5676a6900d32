import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { SampleDelays } from "../../../src/actors/scheduler/sample-delays.js";
import { parseNodeName } from "../../../src/task/identity.js";

const EDGE = parseNodeName("edge-1");
/** Of the clock of the node against this one's, in ms. */
const WRONG_MS = 5_000_000;

test("SampleDelays tells of a sample that waited for the link how much older it is, whatever its clock says", () => {
  const delays = new SampleDelays();
  assert.is(delays.observe(EDGE, WRONG_MS, 20), 0);
  assert.is(delays.observe(EDGE, WRONG_MS + 1_000, 1_010), 0, "it came sooner");
  assert.ok(delays.observe(EDGE, WRONG_MS + 2_000, 6_010) > 3_000, "it took 4 s longer");
});

test("SampleDelays follows a clock that was set: at once where it was set by much, and else within a minute", () => {
  const delays = new SampleDelays();
  for (const setMs of [-3_600_000, -4_000, 3_600_000]) {
    let late = Infinity;
    for (let atMs = 0; atMs < 60_000; atMs += 1_000)
      late = delays.observe(EDGE, WRONG_MS + setMs + atMs, atMs);
    assert.is(late, 0, `${setMs} ms`);
  }
});

test("SampleDelays knows nothing of a node that has left", () => {
  const delays = new SampleDelays();
  delays.observe(EDGE, WRONG_MS, 0);
  delays.forget(EDGE);
  assert.is(delays.observe(EDGE, WRONG_MS, 5_000), 0);
});

test.run();
