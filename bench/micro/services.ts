/**
 * The services, part by part, on one thread: ms for each frame of preparing, inference and reading the result.
 *
 * Measured: median, p95 and p99 of single runs on the demo clip, which is 640 x 360, and, where the folder of test data
 * is there, of YOLOX and UltraFace on the same frames. The first row is the baseline: copying a task's pixels, which
 * no service that runs a graph can do without.
 * Not measured: decoding, the trip to the worker thread and back, several services at once. Whole services are timed
 * with their parts beside them, so the parts need not add up: those rows run alone in warm caches.
 *
 * Usage: `node dist/bench/micro/services.js`, with `SLUICE_TEST_DATA` naming the folder of models
 */

import { join } from "node:path";
import { openSession } from "../../src/services/onnx-session.js";
import type { Service, ServiceInput } from "../../src/services/service.js";
import { service as colours } from "../../src/services/colour-classification.js";
import { service as faces } from "../../src/services/face-detection.js";
import { service as motion } from "../../src/services/motion-detection.js";
import { service as objects } from "../../src/services/object-detection.js";
import { service as tracking } from "../../src/services/tracking.js";
import { dominantColour } from "../../src/services/vision/colour.js";
import { COCO_LABELS } from "../../src/services/vision/coco-labels.js";
import { ComponentFinder } from "../../src/services/vision/connected-components.js";
import { openImageModel } from "../../src/services/vision/image-model.js";
import { Letterbox } from "../../src/services/vision/letterbox.js";
import { buildMotionGraph, motionGrid } from "../../src/services/vision/motion-graph.js";
import { OnnxGraph } from "../../src/services/vision/onnx-graph.js";
import { Resampler } from "../../src/services/vision/resample.js";
import { decodeUltraface, ultrafacePriorCount } from "../../src/services/vision/ultraface.js";
import { decodeYolox, yoloxRowCount } from "../../src/services/vision/yolox.js";
import { demoClip, tasksOf } from "../../test/support/clip.js";
import { dataFolder } from "../../test/support/data.js";
import { percentile, report, rounded, type Row } from "../report.js";

const FRAMES_PER_TASK = 4;
const RUNS = 60;
const WARM_UPS = 10;
const YOLOX = "yolox-nano-416.onnx";
const ULTRAFACE = "ultraface-rfb-320.onnx";

/** Three seconds of the clip in which two or three vehicles are in view. */
const inputs = tasksOf(demoClip().frames.slice(36, 66), FRAMES_PER_TASK);
const [sample] = inputs;
const [frame] = sample?.frames ?? [];
if (sample === undefined || frame === undefined) throw new Error("The demo clip has no frames");
const { width, height } = frame;

const figures: Record<string, Row> = {};
const pixels = new Uint8Array(FRAMES_PER_TASK * width * height * 3);
await row("copy the pixels (baseline)", FRAMES_PER_TASK, () => {
  for (const [index, { data }] of sample.frames.entries()) pixels.set(data, index * data.length);
});
await benchMotion();
await benchBoxes();
const folder = dataFolder([YOLOX, ULTRAFACE]);
if (folder !== null) {
  await benchYolox(folder);
  await benchUltraface(folder);
}
report(`Services, ms for each frame, one thread, ${RUNS} runs a row`, figures);

async function benchMotion(): Promise<void> {
  const { columns, rows } = motionGrid(width, height);
  const session = await openSession(buildMotionGraph({ width, height, changeMin: 12, differenceMin: 24 }), {
    inputs: { frames: { type: "uint8", shape: [null, height, width, 3] } },
    outputs: { mask: { type: "uint8", shape: [null, 1, rows, columns] } },
  });
  const feeds = {
    frames: { type: "uint8", data: pixels, shape: [FRAMES_PER_TASK, height, width, 3] },
  } as const;
  await row("motion-detection: graph", FRAMES_PER_TASK, () => session.run(feeds));
  const { mask } = await session.run(feeds);
  const cells = Uint8Array.from(mask?.data ?? [], Number).subarray(0, columns * rows);
  const finder = new ComponentFinder(columns, rows);
  await row("motion-detection: components", 1, () => finder.find(cells));
  await session.close();
  await whole("motion-detection: whole", motion, inputs, null);
}

async function benchBoxes(): Promise<void> {
  const detector = await motion.load({ parameters: {}, modelDir: null });
  const boxed: ServiceInput[] = [];
  for (const input of inputs) {
    boxed.push({ ...input, previous: new Map([["motion", await detector.process(input)]]) });
  }
  await detector.close();
  const boxCount = boxed.flatMap((input) => input.previous.get("motion")?.frames.flat() ?? []).length;
  if (boxCount === 0) throw new Error("There must be boxes to track and to name the colours of");
  await whole("tracking: whole", tracking, boxed, null);
  await whole("colour-classification: whole", colours, boxed, null);
  const box = { x: 0.2, y: 0.2, width: 0.3, height: 0.3 };
  await row("colour-classification: one box of 192 x 108", 1, () => dominantColour(sampleFrame(), box, 0.6));
  const graph = new OnnxGraph("nothing");
  const value = graph.input("value", "float32", [1]);
  graph.output("same", value, "float32", [1]);
  const session = await openSession(graph.encode(), {
    inputs: { value: { type: "float32", shape: [1] } },
    outputs: { same: { type: "float32", shape: [1] } },
  });
  const feeds = { value: { type: "float32", data: new Float32Array(1), shape: [1] } } as const;
  await row("colour-classification: a graph of nothing", 1, () => session.run(feeds));
  await session.close();
}

async function benchYolox(modelDir: string): Promise<void> {
  let output = new Float32Array(0);
  const model = await openImageModel({
    path: join(modelDir, YOLOX),
    inputName: "images",
    outputs: { output: { type: "float32", shape: [1, null, 85] } },
    elementCounts: (size) => ({ output: yoloxRowCount(size) * 85 }),
    // Decoded apart, below.
    decode(outputs) {
      output = new Float32Array(outputs.get("output") ?? output);
      return [];
    },
  });
  const letterbox = new Letterbox({ width, height }, model.size);
  await row("object-detection: letterbox", 1, () => letterbox.write(sampleFrame().data, model.tensor));
  await row("object-detection: model", 1, () => model.run());
  const options = { classCount: 80, classes: COCO_LABELS.map((_, index) => index), scoreMin: 0.3 };
  await row("object-detection: decode", 1, () => decodeYolox(output, model.size, options));
  await model.close();
  await whole("object-detection: whole", objects, inputs, modelDir);
}

async function benchUltraface(modelDir: string): Promise<void> {
  let [scores, boxes] = [new Float32Array(0), new Float32Array(0)];
  const model = await openImageModel({
    path: join(modelDir, ULTRAFACE),
    inputName: "input",
    outputs: {
      scores: { type: "float32", shape: [1, null, 2] },
      boxes: { type: "float32", shape: [1, null, 4] },
    },
    elementCounts: (size) => ({
      scores: ultrafacePriorCount(size) * 2,
      boxes: ultrafacePriorCount(size) * 4,
    }),
    // Decoded apart, below.
    decode(outputs) {
      scores = new Float32Array(outputs.get("scores") ?? scores);
      boxes = new Float32Array(outputs.get("boxes") ?? boxes);
      return [];
    },
  });
  const plane = model.size.width * model.size.height;
  const planes = [0, plane, 2 * plane].map((from) => model.tensor.subarray(from, from + plane));
  const [red = model.tensor, green = model.tensor, blue = model.tensor] = planes;
  const resampler = new Resampler({ width, height }, model.size);
  await row("face-detection: resize", 1, () =>
    resampler.write(sampleFrame().data, [red, green, blue], model.size.width, {
      offset: 127,
      factor: 1 / 128,
    }),
  );
  await row("face-detection: model", 1, () => model.run());
  await row("face-detection: decode", 1, () => decodeUltraface(scores, boxes, 0.7));
  await model.close();
  await whole("face-detection: whole", faces, inputs, modelDir);
}

function sampleFrame() {
  if (frame === undefined) throw new Error("The demo clip has no frames");
  return frame;
}

/** A service on one task after another, as its worker gives them. Each task must come back with all of its frames. */
async function whole(
  name: string,
  service: Service,
  tasks: readonly ServiceInput[],
  modelDir: string | null,
): Promise<void> {
  const instance = await service.load({ parameters: {}, modelDir });
  let sequence = 0;
  await row(name, FRAMES_PER_TASK, async () => {
    const task = tasks[sequence % tasks.length];
    if (task === undefined) throw new Error("No task");
    const framePtsUs = task.frames.map((_, index) => (sequence * FRAMES_PER_TASK + index) * 100_000);
    const { frames } = await instance.process({ ...task, sequence: sequence++, framePtsUs });
    if (frames.length !== FRAMES_PER_TASK) throw new Error(`${name} lost frames`);
  });
  await instance.close();
}

async function row(name: string, frameCount: number, run: () => unknown): Promise<void> {
  const timesMs: number[] = [];
  for (let index = 0; index < WARM_UPS + RUNS; index++) {
    const startedAt = performance.now();
    await run();
    if (index >= WARM_UPS) timesMs.push((performance.now() - startedAt) / frameCount);
  }
  const at = (share: number) => rounded(percentile(timesMs, share));
  figures[name] = { "p50 ms": at(0.5), "p95 ms": at(0.95), "p99 ms": at(0.99) };
}
