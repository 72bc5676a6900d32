/**
 * What the detection services do, written a second time as plainly as can be and sharing none of their code: an
 * independent word on what the boxes should be.
 */

import { InferenceSession, Tensor } from "onnxruntime-node";

export interface Image {
  readonly width: number;
  readonly height: number;
  /** uint8 HWC RGB. */
  readonly data: Uint8Array;
}

/** In pixels of the frame. */
export interface Corners {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  readonly score: number;
  readonly kind: number;
}

/** Loads a model with nothing but onnxruntime's errors in the output. */
export function openPlainly(file: string): Promise<InferenceSession> {
  return InferenceSession.create(file, { logSeverityLevel: 3, intraOpNumThreads: 1 });
}

/** One channel of the frame at a place between pixels, by the areas of the four around it. */
function sample({ width, height, data }: Image, x: number, y: number, channel: number): number {
  let sum = 0;
  for (const [column, row] of [
    [Math.floor(x), Math.floor(y)],
    [Math.floor(x) + 1, Math.floor(y)],
    [Math.floor(x), Math.floor(y) + 1],
    [Math.floor(x) + 1, Math.floor(y) + 1],
  ] as const) {
    const weight = (1 - Math.abs(x - column)) * (1 - Math.abs(y - row));
    const inX = Math.min(Math.max(column, 0), width - 1);
    const inY = Math.min(Math.max(row, 0), height - 1);
    sum += weight * (data[(inY * width + inX) * 3 + channel] ?? 0);
  }
  return sum;
}

/** YOLOX on one frame, classes suppressed apart from each other. */
export async function plainYolox(
  session: InferenceSession,
  frame: Image,
  scoreMin: number,
): Promise<Corners[]> {
  const side = 416;
  const scale = Math.min(side / frame.width, side / frame.height);
  const shownWidth = Math.floor(frame.width * scale);
  const shownHeight = Math.floor(frame.height * scale);
  const pixels = new Float32Array(3 * side * side).fill(114);
  for (let y = 0; y < shownHeight; y++) {
    for (let x = 0; x < shownWidth; x++) {
      const atX = ((x + 0.5) * frame.width) / shownWidth - 0.5;
      const atY = ((y + 0.5) * frame.height) / shownHeight - 0.5;
      for (const plane of [0, 1, 2])
        pixels[(plane * side + y) * side + x] = sample(frame, atX, atY, 2 - plane);
    }
  }
  const { output } = await session.run({ images: new Tensor("float32", pixels, [1, 3, side, side]) });
  const rows = output?.data;
  if (!(rows instanceof Float32Array)) throw new Error("The model gave no floats");
  const found: Corners[] = [];
  let index = 0;
  for (const stride of [8, 16, 32]) {
    for (let gridY = 0; gridY < side / stride; gridY++) {
      for (let gridX = 0; gridX < side / stride; gridX++) {
        const [x = 0, y = 0, w = 0, h = 0, objectness = 0, ...classes] = rows.subarray(
          index * 85,
          (index + 1) * 85,
        );
        index++;
        const best = Math.max(...classes);
        if (best * objectness < scoreMin) continue;
        const centreX = ((x + gridX) * stride) / scale;
        const centreY = ((y + gridY) * stride) / scale;
        const halfWidth = (Math.E ** w * stride) / scale / 2;
        const halfHeight = (Math.E ** h * stride) / scale / 2;
        found.push({
          left: Math.max(0, centreX - halfWidth),
          top: Math.max(0, centreY - halfHeight),
          right: Math.min(frame.width, centreX + halfWidth),
          bottom: Math.min(frame.height, centreY + halfHeight),
          score: best * objectness,
          kind: classes.indexOf(best),
        });
      }
    }
  }
  return withoutRivals(found, 0.45);
}

/** UltraFace on one frame. */
export async function plainUltraface(
  session: InferenceSession,
  frame: Image,
  scoreMin: number,
): Promise<Corners[]> {
  const [width, height] = [320, 240];
  const pixels: number[] = [];
  for (const channel of [0, 1, 2]) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const atX = ((x + 0.5) * frame.width) / width - 0.5;
        const atY = ((y + 0.5) * frame.height) / height - 0.5;
        pixels.push((sample(frame, atX, atY, channel) - 127) / 128);
      }
    }
  }
  const { scores, boxes } = await session.run({
    input: new Tensor("float32", Float32Array.from(pixels), [1, 3, height, width]),
  });
  if (!(scores?.data instanceof Float32Array) || !(boxes?.data instanceof Float32Array)) {
    throw new Error("The model gave no floats");
  }
  const found: Corners[] = [];
  for (let index = 0; index < 4420; index++) {
    const score = scores.data[index * 2 + 1] ?? 0;
    if (score < scoreMin) continue;
    const [left = 0, top = 0, right = 0, bottom = 0] = boxes.data.subarray(index * 4, index * 4 + 4);
    found.push({
      left: Math.max(0, left) * frame.width,
      top: Math.max(0, top) * frame.height,
      right: Math.min(1, right) * frame.width,
      bottom: Math.min(1, bottom) * frame.height,
      score,
      kind: 0,
    });
  }
  return withoutRivals(found, 0.5);
}

/** Takes the best, strikes its rivals out, and so on. */
function withoutRivals(all: readonly Corners[], overlapMax: number): Corners[] {
  const kept: Corners[] = [];
  let rest = [...all];
  while (rest.length > 0) {
    const best = rest.reduce((a, b) => (b.score > a.score ? b : a));
    kept.push(best);
    rest = rest.filter((box) => box !== best && (box.kind !== best.kind || overlap(box, best) <= overlapMax));
  }
  return kept;
}

function overlap(a: Corners, b: Corners): number {
  const area = (box: Pick<Corners, "left" | "top" | "right" | "bottom">) =>
    Math.max(0, box.right - box.left) * Math.max(0, box.bottom - box.top);
  const common = area({
    left: Math.max(a.left, b.left),
    top: Math.max(a.top, b.top),
    right: Math.min(a.right, b.right),
    bottom: Math.min(a.bottom, b.bottom),
  });
  return common / (area(a) + area(b) - common);
}
