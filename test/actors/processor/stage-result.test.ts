import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { parseStageResult } from "../../../src/actors/processor/stage-result.js";

const wanted = { output: "boxes", frameCount: 1 } as const;
const box = { x: 0.1, y: 0.2, width: 0.3, height: 0.4, score: 0.9, label: "car" };
const parse = (value: unknown) => parseStageResult(value, wanted);

test("parseStageResult keeps the declared fields and leaves out the rest", () => {
  const value = { type: "boxes", frames: [[{ ...box, trackId: 3, mask: () => {} }]], secret: 1 };
  assert.equal(parse(value), {
    ok: true,
    result: { type: "boxes", frames: [[{ ...box, trackId: 3 }]] },
  });
  assert.equal(parse({ type: "boxes", frames: [[]], continuity: "restarted" }), {
    ok: true,
    result: { type: "boxes", frames: [[]], continuity: "restarted" },
  });
});

for (const [value, problem] of [
  [undefined, "it must be an object: got undefined"],
  [[], 'its type must be "boxes": got undefined'],
  [{ type: "tracks", frames: [[]] }, 'its type must be "boxes": got "tracks"'],
  [{ type: "boxes" }, "it must have a list of detections for each of 1 frames: got undefined"],
  [{ type: "boxes", frames: [[], []] }, "it must have a list of detections for each of 1 frames: got 2"],
  [{ type: "boxes", frames: [{}] }, "frame 0 must be a list: got an object"],
  [{ type: "boxes", frames: [[null]] }, "frame 0, detection 0: it must be an object: got null"],
  [
    { type: "boxes", frames: [[box, { ...box, x: NaN }]] },
    'frame 0, detection 1: "x" must be a finite number: got null',
  ],
  [
    { type: "boxes", frames: [[{ ...box, y: "0" }]] },
    'frame 0, detection 0: "y" must be a finite number: got "0"',
  ],
  [
    { type: "boxes", frames: [[{ ...box, width: -1 }]] },
    'frame 0, detection 0: "width" must be 0 or more: got -1',
  ],
  [
    { type: "boxes", frames: [[{ ...box, score: Infinity }]] },
    'frame 0, detection 0: "score" must be a number from 0 to 1: got null',
  ],
  [{ type: "boxes", frames: [[{ ...box, label: 3 }]] }, 'frame 0, detection 0: "label" must be text: got 3'],
  [
    { type: "boxes", frames: [[{ ...box, trackId: "a" }]] },
    'frame 0, detection 0: "trackId" must be a finite number: got "a"',
  ],
  [
    { type: "boxes", frames: [[]], continuity: "new" },
    'its continuity must be "continued" or "restarted": got "new"',
  ],
] as const) {
  test(`parseStageResult refuses a result where ${problem}`, () => {
    assert.equal(parse(value), { ok: false, problem });
  });
}

test.run();
