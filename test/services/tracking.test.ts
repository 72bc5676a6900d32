import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import type { ServiceInput } from "../../src/services/service.js";
import { SERVICES } from "../../src/services/catalogue.js";
import { service as motion } from "../../src/services/motion-detection.js";
import { service } from "../../src/services/tracking.js";
import { iou } from "../../src/services/vision/box.js";
import type { Detection } from "../../src/task/service.js";
import { serviceContract } from "../contract/service.js";
import { demoClip, tasksOf } from "../support/clip.js";

const INTERVAL_US = 100_000;

/** Two things side by side that move to the right: the boxes of frame `index`. */
function pair(index: number): Detection[] {
  return [0.2, 0.6].map((y) => ({
    x: 0.1 + index * 0.01,
    y,
    width: 0.1,
    height: 0.1,
    score: 0.9,
    label: "motion",
  }));
}

function task(sequence: number, boxes = pair, changes: Partial<ServiceInput> = {}): ServiceInput {
  const indexes = [0, 1, 2].map((frame) => sequence * 3 + frame);
  return {
    sourceId: "cam-1",
    incarnation: 1,
    sequence,
    frames: [],
    frameCount: 3,
    framePtsUs: indexes.map((index) => index * INTERVAL_US),
    previous: new Map([["motion", { type: "boxes", frames: indexes.map(boxes) }]]),
    continuity: "continued",
    ...changes,
  };
}

async function track(inputs: readonly ServiceInput[], parameters = {}) {
  const instance = await service.load({ parameters, modelDir: null });
  const results = [];
  for (const input of inputs) results.push(await instance.process(input));
  await instance.close();
  return results;
}

function idsOf(frames: readonly (readonly Detection[])[]): (number | undefined)[][] {
  return frames.map((detections) => detections.map(({ trackId }) => trackId));
}

const declaration = SERVICES.get("tracking");
if (declaration === undefined) throw new Error("tracking is not in the catalogue");
serviceContract({ declaration, inputs: () => [task(0), task(1)] });

const BOTH = [
  [1, 2],
  [1, 2],
  [1, 2],
];

test("tracking gives ids from 1 and keeps them from task to task", async () => {
  const [first, second] = await track([task(0), task(1)]);
  assert.equal(idsOf(first?.frames ?? []), BOTH);
  assert.equal(idsOf(second?.frames ?? []), BOTH);
  assert.is(first?.continuity, "continued");
});

test("tracking counts ids for each source and incarnation apart", async () => {
  const results = await track([
    task(0),
    task(0, pair, { sourceId: "cam-2" }),
    task(0, pair, { incarnation: 2 }),
  ]);
  for (const { frames } of results) assert.equal(idsOf(frames), BOTH);
});

test("tracking starts new tracks after restarted, and uses no id of the source again", async () => {
  const [, second, third] = await track([task(0), task(1, pair, { continuity: "restarted" }), task(2)]);
  const renewed = [
    [3, 4],
    [3, 4],
    [3, 4],
  ];
  assert.is(second?.continuity, "restarted");
  assert.equal(idsOf(second?.frames ?? []), renewed);
  assert.equal(idsOf(third?.frames ?? []), renewed);
});

test("tracking evicts the source that was silent longest beyond sourcesMax, and says restarted when it is back", async () => {
  const results = await track([task(0), task(0, pair, { sourceId: "cam-2" }), task(1)], { sourcesMax: 1 });
  assert.is(results[2]?.continuity, "restarted");
});

test("tracking follows the vehicles of the demo clip under one id each, past the pillar too", async () => {
  const { frames, truth } = demoClip();
  const detector = await motion.load({ parameters: {}, modelDir: null });
  const tracker = await service.load({ parameters: {}, modelDir: null });
  const ids = new Map<string, Map<number, number>>();
  for (const input of tasksOf(frames, 4)) {
    const previous = new Map([["motion", await detector.process(input)]]);
    const result = await tracker.process({ ...input, frames: [], previous });
    for (const [index, detections] of result.frames.entries()) {
      for (const box of truth[input.sequence * 4 + index] ?? []) {
        const match = detections.find((detection) => iou(detection, box) >= 0.5);
        if (match?.trackId === undefined) continue;
        const counts = ids.get(box.id) ?? new Map<number, number>();
        counts.set(match.trackId, (counts.get(match.trackId) ?? 0) + 1);
        ids.set(box.id, counts);
      }
    }
  }
  await detector.close();
  await tracker.close();
  assert.equal([...ids.keys()].sort(), ["blue-1", "green-1", "red-1", "yellow-1"]);
  // Blue stands still for two seconds, and nothing moves then: it may have a second id.
  for (const [id, counts] of ids)
    assert.is(counts.size, id === "blue-1" ? 2 : 1, `${id}: ${[...counts.keys()].join(", ")}`);
  const all = [...ids.values()].flatMap((counts) => [...counts.keys()]);
  assert.is(new Set(all).size, all.length, "no two vehicles share an id");
});

test.run();
