/**
 * How well objects are followed: MOTA and IDF1 of the tracker (`test/support/tracking-score.ts`), with the number of times that a
 * thing got another id.
 *
 * Measured: the demo clip by motion (vehicles that move, against the known truth), 20 scenes of people who cross and hide each
 * other, in one stage and in two, and, where the folder of test data is there, the public sequence TUD-Campus with boxes of
 * YOLOX-nano. Boxes count from a score of 0.3 on, the default of `object-detection`.
 * Not measured: time; `bench/micro/services.ts` does.
 *
 * Usage: `node dist/bench/accuracy/tracking.js`, with `SLUICE_TEST_DATA` naming the folder of test data
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { service as motion } from "../../src/services/motion-detection.js";
import { service as tracking } from "../../src/services/tracking.js";
import type { Detection } from "../../src/task/service.js";
import { crossingScene } from "../../test/support/crossing-scene.js";
import { demoClip, tasksOf } from "../../test/support/clip.js";
import { dataFolder } from "../../test/support/data.js";
import { trackingScore, type Identified, type TrackingScore } from "../../test/support/tracking-score.js";
import { report, rounded, type Row } from "../report.js";

const SCORE_MIN = 0.3;
const SCENES = 20;
/** One stage: each box may start a track. */
const STAGES = { "one stage": 0, "two stages": 0.6 };

const rows: Record<string, Row> = { "demo clip, by motion": rowOf([await demo()]) };
for (const [name, scoreSure] of Object.entries(STAGES)) {
  const scenes = Array.from({ length: SCENES }, (_, index) => crossingScene(index + 1));
  const scored = scenes.map(({ truth, detections, ptsUs }) => scoreOf(truth, detections, ptsUs, scoreSure));
  rows[`people who cross, ${name}`] = rowOf(await Promise.all(scored));
}
const [TRUTH, BOXES] = ["tracking/campus-truth.csv", "tracking/campus-yolox-boxes.csv"];
const folder = dataFolder([TRUTH, BOXES]);
if (folder !== null) {
  const truth = boxesOf(join(folder, TRUTH));
  const found = boxesOf(join(folder, BOXES));
  const ptsUs = truth.map((_, frame) => frame * 40_000);
  for (const [name, scoreSure] of Object.entries(STAGES)) {
    rows[`TUD-Campus, YOLOX-nano, ${name}`] = rowOf([await scoreOf(truth, found, ptsUs, scoreSure)]);
  }
}
report("How well objects are followed (means over the scenes)", rows);

async function demo(): Promise<TrackingScore> {
  const { frames, truth } = demoClip();
  const detector = await motion.load({ parameters: {}, modelDir: null });
  const tracker = await tracking.load({ parameters: {}, modelDir: null });
  const found: Identified[][] = [];
  const tasks = tasksOf(frames, 4);
  for (const input of tasks) {
    const previous = new Map([["motion", await detector.process(input)]]);
    const result = await tracker.process({ ...input, frames: [], previous });
    found.push(...result.frames.map(identified));
  }
  await detector.close();
  await tracker.close();
  const shown = truth.slice(0, found.length);
  return trackingScore(
    shown.map((boxes) => boxes.filter(({ moving, visible }) => moving && visible >= 0.5)),
    found,
  );
}

async function scoreOf(
  truth: readonly (readonly Identified[])[],
  detections: readonly (readonly Detection[])[],
  ptsUs: readonly number[],
  scoreSure: number,
): Promise<TrackingScore> {
  const tracker = await tracking.load({ parameters: { scoreSure }, modelDir: null });
  const given = detections.map((boxes) => boxes.filter(({ score }) => score >= SCORE_MIN));
  const { frames } = await tracker.process({
    sourceId: "scene",
    incarnation: 1,
    sequence: 0,
    frames: [],
    frameCount: given.length,
    framePtsUs: ptsUs,
    previous: new Map([["boxes", { type: "boxes", frames: given }]]),
    continuity: "continued",
  });
  await tracker.close();
  return trackingScore(truth, frames.map(identified));
}

function identified(boxes: readonly Detection[]): Identified[] {
  return boxes.map((box) => ({ ...box, id: box.trackId ?? 0 }));
}

/** Of each frame its boxes, from lines of `frame,id,left,top,width,height,score`. */
function boxesOf(file: string): (Detection & Identified)[][] {
  const frames: (Detection & Identified)[][] = [];
  for (const line of readFileSync(file, "utf8").trim().split("\n")) {
    const [frame = 0, id = 0, x = 0, y = 0, width = 0, height = 0, score = 0] = line.split(",").map(Number);
    (frames[frame - 1] ??= []).push({ id, x, y, width, height, score, label: "person" });
  }
  return Array.from(frames, (boxes) => boxes ?? []);
}

function rowOf(scores: readonly TrackingScore[]): Row {
  const mean = (of: (score: TrackingScore) => number) =>
    rounded(scores.reduce((sum, score) => sum + of(score), 0) / scores.length);
  return {
    "MOTA, %": mean(({ mota }) => 100 * mota),
    "IDF1, %": mean(({ idf1 }) => 100 * idf1),
    misses: mean(({ misses }) => misses),
    "false boxes": mean(({ falseBoxes }) => falseBoxes),
    "changes of id": mean(({ idChanges }) => idChanges),
  };
}
