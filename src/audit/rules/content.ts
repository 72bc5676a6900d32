/**
 * Rule `content`: what a result says of its frames agrees. There are as many times as frames, in order, as many lists of
 * detections in each stage's result, no more than its configuration puts into a task, and the numbers and times are those of its range.
 */

import type { StoredResult } from "../../task/record.js";
import type { AuditRule } from "../rule.js";

export const content: AuditRule<"content"> = {
  code: "content",
  createCheck: (_, findings) => ({
    onRecord({ record, repeated }) {
      if (record.type !== "result" || repeated) return;
      for (const problem of contradictionsIn(record)) findings.add(record.id, problem);
    },
  }),
};

function* contradictionsIn(record: StoredResult): Generator<string> {
  const { frameCount, framePtsUs, frames, results, configuration } = record;
  if (framePtsUs.length !== frameCount) {
    yield `It has ${frameCount} frames, and times of ${framePtsUs.length}`;
  }
  if (!(frameCount >= 1 && frameCount <= configuration.framesPerTask)) {
    yield `It has ${frameCount} frames: wanted 1 to ${configuration.framesPerTask}`;
  }
  if (framePtsUs.some((ptsUs, index) => index > 0 && !(ptsUs > (framePtsUs[index - 1] ?? 0)))) {
    yield "The times of its frames do not grow";
  }
  if (frames !== undefined && (frames.firstUs !== framePtsUs[0] || frames.lastUs !== framePtsUs.at(-1))) {
    yield `Its frames are from ${frames.firstUs} to ${frames.lastUs} us, and their times are others`;
  }
  if (
    frames !== undefined &&
    frames.last - (frames.after ?? -1) !== frameCount + frames.passedOver + (frames.gated ?? 0)
  ) {
    const { last, passedOver, gated = 0 } = frames;
    yield `It is of the frames behind ${frames.after ?? "the beginning"} up to ${last}, and has ${frameCount} of them, with ${passedOver} passed over${gated === 0 ? "" : ` and ${gated} gated`}`;
  }
  for (const [stage, { frames: lists }] of Object.entries(results)) {
    if (lists.length !== frameCount)
      yield `Stage "${stage}" has results of ${lists.length} frames of ${frameCount}`;
  }
}
