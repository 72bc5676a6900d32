/** The demo clip through the whole program, against what is drawn in it. */

import { join } from "node:path";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { iou } from "../../src/services/vision/box.js";
import type { Detection } from "../../src/task/service.js";
import { demoTruth, type TruthBox } from "../support/clip.js";
import { runProgram } from "../support/program.js";
import { storedResults } from "../support/stored.js";
import { inTemporaryFolder } from "../support/temporary-folder.js";
import { within } from "../support/within.js";

type Box = Pick<TruthBox, "x" | "y" | "width" | "height">;

/** What is found where the vehicle is; its place in the list is the same in every stage that keeps the boxes. */
function bestOf(
  found: readonly Detection[],
  vehicle: Box,
): { readonly index: number; readonly overlap: number } {
  const overlaps = found.map((box) => iou(box, vehicle));
  const best = Math.max(0, ...overlaps);
  return { index: overlaps.indexOf(best), overlap: best };
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** A stored frame beside its truth. */
interface Seen {
  readonly truth: readonly TruthBox[];
  readonly motion: readonly Detection[];
  readonly colours: readonly Detection[];
  readonly tracks: readonly Detection[];
}

const { fps, frames: truth } = demoTruth();
const seen = await within(
  30_000,
  inTemporaryFolder(async (folder): Promise<readonly Seen[]> => {
    const store = join(folder, "store");
    const { exitCode, stderr } = await runProgram([
      "--store",
      store,
      "--json",
      "--source",
      "apps/demo/demo.mp4",
    ]);
    assert.is(exitCode, 0, stderr);
    return (await storedResults(store)).flatMap(({ framePtsUs, results }) =>
      framePtsUs.map((ptsUs, index) => {
        const at = (stage: string) => results[stage]?.frames[index] ?? [];
        const frame = (ptsUs * fps) / 1e6;
        assert.ok(Math.abs(frame - Math.round(frame)) < 0.01, `${ptsUs} us is a frame's time`);
        return {
          truth: truth[Math.round(frame)] ?? [],
          motion: at("motion"),
          colours: at("colours"),
          tracks: at("tracks"),
        };
      }),
    );
  }),
);

/** Vehicles that drive, mostly in sight and for the most part inside the picture, with what is found of each. */
const driving = seen.flatMap((frame) =>
  frame.truth
    .filter(({ moving, visible, width }) => moving && visible > 0.6 && width > 0.06)
    .map((vehicle) => ({ frame, vehicle, best: bestOf(frame.motion, vehicle) })),
);
const matched = driving.filter(({ best }) => best.overlap >= 0.5);

test("the demo is sampled at 10 of its 25 frames a second, to its end", () => {
  assert.is(seen.length, 120);
  assert.ok(driving.length > 180, `${driving.length} vehicles in all frames`);
});

test("nearly every vehicle that drives is found where it is", () => {
  assert.ok(matched.length >= 0.98 * driving.length, `${matched.length} of ${driving.length}`);
  const typical = median(matched.map(({ best }) => best.overlap));
  assert.ok(typical >= 0.9, `median overlap ${typical}`);
});

test("hardly anything is found where no vehicle is", () => {
  const found = seen.flatMap(({ motion, truth: vehicles }) => motion.map((box) => ({ box, vehicles })));
  const nowhere = found.filter(({ box, vehicles }) => bestVehicle(vehicles, box) < 0.2);
  assert.ok(nowhere.length <= 0.03 * found.length, `${nowhere.length} of ${found.length}`);
});

test("nearly every vehicle that is found is called by its colour", () => {
  const right = matched.filter(
    ({ frame, vehicle, best }) => frame.colours[best.index]?.label === vehicle.colour,
  );
  assert.ok(right.length >= 0.98 * matched.length, `${right.length} of ${matched.length}`);
});

test("each vehicle keeps one id; the one that stops may come back under a second", () => {
  const owners = new Map<number, string>();
  for (const id of ["red-1", "blue-1", "yellow-1", "green-1"]) {
    const counts = new Map<number, number>();
    for (const { truth: vehicles, tracks } of seen) {
      const vehicle = vehicles.find((one) => one.id === id);
      if (vehicle === undefined) continue;
      const best = bestOf(tracks, vehicle);
      const trackId = best.overlap >= 0.3 ? tracks[best.index]?.trackId : undefined;
      if (trackId !== undefined) counts.set(trackId, (counts.get(trackId) ?? 0) + 1);
    }
    const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
    const main = [...counts].sort((a, b) => b[1] - a[1]).slice(0, id === "blue-1" ? 2 : 1);
    const kept = main.reduce((sum, [, count]) => sum + count, 0);
    assert.ok(total > 30 && kept >= 0.95 * total, `${id}: ${JSON.stringify([...counts])}`);
    for (const [trackId] of main) {
      assert.is(owners.get(trackId), undefined, `track ${trackId} is of ${owners.get(trackId)} and ${id}`);
      owners.set(trackId, id);
    }
  }
});

test.run();

function bestVehicle(vehicles: readonly TruthBox[], box: Box): number {
  return Math.max(0, ...vehicles.map((vehicle) => iou(vehicle, box)));
}
