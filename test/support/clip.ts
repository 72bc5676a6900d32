/** Decoded frames of a clip, straight from ffmpeg, and the demo clip with its ground truth. */

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { findFfmpeg } from "../../src/actors/generator/ffmpeg-binary.js";
import type { RgbFrame, ServiceInput } from "../../src/services/service.js";

const DEMO = fileURLToPath(new URL("../../../apps/demo/", import.meta.url));

export interface TruthBox {
  readonly id: string;
  readonly colour: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Share of it that nothing hides. */
  readonly visible: number;
  readonly moving: boolean;
}

/** Every frame of `file` for which ffmpeg's `select` is true (it counts them as `n`), in the clip's own size. */
export function decodeClip(
  file: string,
  options: { readonly select: string; readonly width: number; readonly height: number; readonly fps: number },
): RgbFrame[] {
  const { width, height, fps } = options;
  const { stdout, status, stderr } = spawnSync(
    findFfmpeg(),
    [
      ["-v", "error", "-nostdin", "-i", file, "-an", "-vf", `select='${options.select}'`, "-vsync", "0"],
      ["-f", "rawvideo", "-pix_fmt", "rgb24", "-"],
    ].flat(),
    { maxBuffer: 1 << 30 },
  );
  if (status !== 0) throw new Error(`ffmpeg cannot decode ${file}: ${stderr.toString()}`);
  const frameBytes = width * height * 3;
  if (stdout.length === 0 || stdout.length % frameBytes !== 0)
    throw new Error(`${file} is not ${width} x ${height}`);
  return Array.from({ length: stdout.length / frameBytes }, (_, index) => ({
    width,
    height,
    ptsUs: Math.round((index * 1e6) / fps),
    data: new Uint8Array(stdout.buffer, stdout.byteOffset + index * frameBytes, frameBytes),
  }));
}

/** When each frame of `file` is shown, in its own time, as ffmpeg's `showinfo` says. */
export function frameTimesUs(file: string): number[] {
  const { stderr, status } = spawnSync(
    findFfmpeg(),
    ["-nostdin", "-copyts", "-i", file, "-an", "-vf", "showinfo", "-f", "null", "-"],
    { encoding: "utf8", maxBuffer: 1 << 28 },
  );
  if (status !== 0) throw new Error(`ffmpeg cannot read ${file}: ${stderr}`);
  return [...stderr.matchAll(/ pts_time:\s*(-?[\d.]+)/g)].map(([, seconds]) =>
    Math.round(Number(seconds) * 1e6),
  );
}

/** What every frame of the demo clip shows. */
export function demoTruth(): { readonly fps: number; readonly frames: readonly (readonly TruthBox[])[] } {
  return JSON.parse(readFileSync(`${DEMO}demo.truth.json`, "utf8")) as ReturnType<typeof demoTruth>;
}

/** The demo clip at 10 fps with the truth of each frame. */
export function demoClip(): { readonly frames: RgbFrame[]; readonly truth: (readonly TruthBox[])[] } {
  const { frames: truth } = demoTruth();
  // Two of five, of 25 fps: frames 0, 3, 5, 8, ...
  return {
    frames: decodeClip(`${DEMO}demo.mp4`, { select: "lt(mod(n*2,5),2)", width: 640, height: 360, fps: 10 }),
    truth: truth.filter((_, index) => (index * 2) % 5 < 2),
  };
}

/** The inputs of a service that reads frames: `frames` in tasks of `framesPerTask`, a shorter last one left out. */
export function tasksOf(frames: readonly RgbFrame[], framesPerTask: number): ServiceInput[] {
  return Array.from({ length: Math.floor(frames.length / framesPerTask) }, (_, sequence) => {
    const own = frames.slice(sequence * framesPerTask, (sequence + 1) * framesPerTask);
    return {
      sourceId: "cam-1",
      incarnation: 1,
      sequence,
      frames: own,
      frameCount: own.length,
      framePtsUs: own.map((frame) => frame.ptsUs),
      previous: new Map(),
      continuity: "continued",
    };
  });
}
