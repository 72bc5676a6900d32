/** A real video through a real model, against the same model run straight through onnxruntime on plainly decoded frames. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { iou } from "../../src/services/vision/box.js";
import { findFfmpeg } from "../../src/actors/generator/ffmpeg-binary.js";
import { COCO_LABELS } from "../../src/services/vision/coco-labels.js";
import type { Detection } from "../../src/task/service.js";
import { decodeClip, frameTimesUs } from "../support/clip.js";
import { dataFolder } from "../support/data.js";
import { openPlainly, plainYolox } from "../support/plain-vision.js";
import { runProgram } from "../support/program.js";
import { summaryOf } from "../support/run-summary.js";
import { storedResults } from "../support/stored.js";

const MODEL = "yolox-nano-416.onnx";
const VIDEO = "bottle-detection.mp4";
const data = dataFolder([MODEL, VIDEO]);
const [WIDTH, HEIGHT, FPS] = [640, 360, 29.83];
const TASKS = 15;

const folder = mkdtempSync(join(tmpdir(), "sluice-bottles-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

/** Some seconds of it in which the bottles move, not encoded again. */
function cutVideo(): string {
  const clip = join(folder, "bottles.mp4");
  const from = ["-v", "error", "-nostdin", "-ss", "9", "-i", join(data ?? "", VIDEO)];
  const { status, stderr } = spawnSync(findFfmpeg(), [...from, "-t", "8", "-an", "-c", "copy", clip]);
  if (status !== 0) throw new Error(stderr.toString());
  return clip;
}

interface StoredFrame {
  readonly ptsUs: number;
  readonly objects: readonly Detection[];
  readonly tracks: readonly Detection[];
}

/** What the program stores of `clip`, frame by frame. */
async function detect(clip: string): Promise<readonly StoredFrame[]> {
  const store = join(folder, "store");
  const { exitCode, stdout, stderr } = await runProgram(
    [
      ["--source", clip, "--store", store, "--json", "--fps", "5", "--limit", String(TASKS)],
      ["--pipeline", "apps/pipelines/object-detection.yaml", "--model-dir", data ?? ""],
    ].flat(),
  );
  assert.is(exitCode, 0, stderr);
  assert.is(summaryOf(stdout).tasks.stored, TASKS);
  return (await storedResults(store)).flatMap(({ framePtsUs, results }) =>
    framePtsUs.map((ptsUs, index) => ({
      ptsUs,
      objects: results["objects"]?.frames[index] ?? [],
      tracks: results["tracks"]?.frames[index] ?? [],
    })),
  );
}

if (data === null) {
  test.skip("the bottles are found where the model itself puts them", () => {});
  test.skip("each bottle keeps its id from frame to frame", () => {});
} else {
  const clip = cutVideo();
  const stored = await detect(clip);

  test("the bottles are found where the model itself puts them", async () => {
    assert.is(stored.length, TASKS * 2);
    const timesUs = frameTimesUs(clip);
    const indices = stored.map(({ ptsUs }) =>
      timesUs.findIndex((timeUs) => Math.abs(timeUs - ptsUs) < 1_000),
    );
    assert.ok(!indices.includes(-1), `the times ${stored.map(({ ptsUs }) => ptsUs).join(" ")} are of frames`);
    const select = indices.map((index) => `eq(n,${index})`).join("+");
    const frames = decodeClip(clip, { select, width: WIDTH, height: HEIGHT, fps: FPS });
    assert.is(frames.length, stored.length);

    const session = await openPlainly(join(data, MODEL));
    let bottles = 0;
    for (const [index, frame] of frames.entries()) {
      // The least score of the pipeline.
      const expected = await plainYolox(session, frame, 0.3);
      const found = stored[index]?.objects ?? [];
      assert.equal(
        found.map(({ label }) => label),
        expected.map(({ kind }) => COCO_LABELS[kind]),
      );
      for (const [at, box] of found.entries()) {
        const want = expected[at];
        if (want === undefined) throw new Error("No box to compare with");
        assert.ok(Math.abs(box.score - want.score) < 0.01, `score ${box.score} for ${want.score}`);
        for (const [got, wanted] of [
          [box.x * WIDTH, want.left],
          [box.y * HEIGHT, want.top],
          [(box.x + box.width) * WIDTH, want.right],
          [(box.y + box.height) * HEIGHT, want.bottom],
        ] as const) {
          assert.ok(Math.abs(got - wanted) < 1, `${got} pixels for ${wanted} in frame ${index}`);
        }
        if (box.label === "bottle") bottles += 1;
      }
    }
    await session.release();
    assert.ok(bottles > 2 * frames.length, `${bottles} bottles in ${frames.length} frames`);
  });

  test("each bottle keeps its id from frame to frame", () => {
    let pairs = 0;
    let kept = 0;
    for (const [index, { tracks }] of stored.entries()) {
      const ids = tracks.map(({ trackId }) => trackId);
      assert.is(new Set(ids).size, ids.length, "no id twice in a frame");
      for (const box of tracks) {
        // Bottles stand apart: what overlaps by half is the same one.
        const same = stored[index + 1]?.tracks.find((next) => iou(box, next) >= 0.5);
        if (same === undefined) continue;
        pairs += 1;
        if (same.trackId === box.trackId) kept += 1;
      }
    }
    assert.ok(pairs > 30, `${pairs} boxes are seen again in the next frame`);
    assert.ok(kept >= 0.98 * pairs, `${kept} of ${pairs} keep their id`);
  });
}

test.run();
