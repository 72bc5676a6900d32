/** Frames and results that are others. */

import { parseNodeName } from "../../../src/task/identity.js";
import type { FrameRange } from "../../../src/task/task.js";
import {
  oneResult,
  eachResult,
  twoResults,
  oneStage,
  without,
  withFrames,
  type Tampering,
} from "./tampering.js";

export const CONTENTS: Readonly<Record<string, Tampering>> = {
  // ── Frames ──
  "two tasks have the same frames": {
    rule: "frames",
    forged: "frames",
    change: twoResults((before, at) => [before, withFrames(at, before)]),
  },
  "the frames of two tasks are swapped": {
    rule: "frames",
    forged: "frames",
    change: twoResults((before, at) => [withFrames(before, at), withFrames(at, before)]),
  },
  "frame times are moved": {
    rule: "content",
    forged: "content",
    change: oneResult((record) => ({ ...record, framePtsUs: record.framePtsUs.map((ptsUs) => ptsUs + 1) })),
  },
  "frames are left out between two tasks": {
    rule: "frames",
    forged: "frames",
    change: oneResult((record) => ({
      ...record,
      ...(record.frames && { frames: oneOn(record.frames) }),
    })),
  },
  "a frame is taken out of a task": {
    rule: "content",
    forged: "content",
    change: oneResult((record) => ({ ...record, frameCount: 1, framePtsUs: record.framePtsUs.slice(0, 1) })),
  },
  "the count of frames is another": {
    rule: "content",
    forged: "content",
    change: oneResult((record) => ({ ...record, frameCount: 3 })),
  },
  "the configuration has fewer frames in a task": {
    rule: "content",
    forged: "content",
    change: oneResult((record) => ({
      ...record,
      configuration: { ...record.configuration, framesPerTask: 1 },
    })),
  },

  // ── Results ──
  "the results of two tasks are swapped": {
    rule: "chain",
    forged: null,
    change: twoResults((before, at) => [
      { ...before, results: at.results },
      { ...at, results: before.results },
    ]),
  },
  "the detections are emptied": {
    rule: "chain",
    forged: null,
    change: oneStage("follow", ({ frames }) => ({ frames: frames.map(() => []) })),
  },
  "the frames of a result are emptied": {
    rule: "content",
    forged: "content",
    change: oneStage("follow", () => ({ frames: [] })),
  },
  "a detection is moved": {
    rule: "chain",
    forged: null,
    change: oneStage("follow", ({ frames }) => ({
      frames: frames.map((found) => found.map((each) => ({ ...each, x: each.x + 0.1 }))),
    })),
  },
  "a detection is added": {
    rule: "chain",
    forged: null,
    change: oneStage("detect", ({ frames }) => ({
      frames: frames.map(() => [{ x: 0, y: 0, width: 1, height: 1, score: 1, label: "person" }]),
    })),
  },
  "the result of a stage is taken out": {
    rule: "hops",
    forged: "hops",
    change: oneResult((record) => ({ ...without(record, "refine"), hops: record.hops })),
  },
  "a stage is taken out of a task": {
    rule: "hops",
    forged: "hops",
    change: oneResult((record) => without(record, "refine")),
  },
  "a stage is taken out of all tasks": {
    rule: "chain",
    forged: null,
    change: eachResult((record) => without(record, "refine")),
  },
  "a stage is renamed": {
    rule: "hops",
    forged: "hops",
    change: oneResult((record) => {
      const { refine = { type: "boxes", frames: [[], []] }, ...results } = record.results;
      return { ...record, results: { ...results, other: refine } };
    }),
  },
  "a stateful stage continued on alternating nodes": {
    rule: "continuity",
    forged: "continuity",
    change: eachResult((record) => ({
      ...record,
      hops: record.hops.map((hop) =>
        hop.stage === "follow" && record.id.sequence % 2 === 0
          ? { ...hop, node: parseNodeName("edge-1") }
          : hop,
      ),
    })),
  },
  "the first task continued": {
    rule: "continuity",
    forged: "continuity",
    change: eachResult((record) =>
      record.id.sequence > 0
        ? record
        : {
            ...record,
            results: Object.fromEntries(
              Object.entries(record.results).map(([stage, result]) => [
                stage,
                result.continuity === undefined ? result : { ...result, continuity: "continued" },
              ]),
            ),
          },
    ),
  },
  "a stateful stage is said to have restarted": {
    rule: "chain",
    forged: null,
    change: oneStage("follow", () => ({ continuity: "restarted" })),
  },
};

/** As if the frame before them had not been read. */
function oneOn({ after, first, last, ...range }: FrameRange): FrameRange {
  return { ...range, after: (after ?? -1) + 1, first: first + 1, last: last + 1 };
}
