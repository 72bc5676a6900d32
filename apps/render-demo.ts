/** Renders the demo clip and its ground truth: `node dist/apps/render-demo.js [FOLDER]`, by default `apps/demo`. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findFfmpeg } from "../src/actors/generator/ffmpeg-binary.js";
import { drawFrame, FPS, FRAME_COUNT, HEIGHT, truthOf, WIDTH } from "./demo/scene.js";

const folder = process.argv[2] ?? join("apps", "demo");
const clip = join(folder, "demo.mp4");

const ffmpeg = spawn(
  findFfmpeg(),
  [
    ["-v", "error", "-nostdin", "-y"],
    ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", `${WIDTH}x${HEIGHT}`, "-r", String(FPS), "-i", "pipe:0"],
    ["-c:v", "libx264", "-preset", "slow", "-crf", "26", "-g", "50", "-pix_fmt", "yuv420p"],
    ["-colorspace", "smpte170m", "-color_range", "tv", "-movflags", "+faststart", "-bitexact", clip],
  ].flat(),
  { stdio: ["pipe", "ignore", "inherit"] },
);
const closed = once(ffmpeg, "close");

for (let index = 0; index < FRAME_COUNT; index++) {
  const pixels = new Uint8Array(WIDTH * HEIGHT * 3);
  drawFrame(index, pixels);
  if (!ffmpeg.stdin.write(pixels)) await once(ffmpeg.stdin, "drain");
}
ffmpeg.stdin.end();
const [code] = await closed;
if (code !== 0) throw new Error(`ffmpeg ended with ${String(code)}`);

const frames = Array.from({ length: FRAME_COUNT }, (_, index) => JSON.stringify(truthOf(index)));
writeFileSync(
  join(folder, "demo.truth.json"),
  `{"width":${WIDTH},"height":${HEIGHT},"fps":${FPS},"frames":[\n${frames.join(",\n")}\n]}\n`,
);
console.log(`${clip}: ${FRAME_COUNT} frames, ${statSync(clip).size} bytes`);
