/** Video as it is found: of each kind a capture gives the frames, times and pictures that a plain run of ffmpeg gives. */

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { findFfmpeg } from "../../../src/actors/generator/ffmpeg-binary.js";
import { test } from "../../support/test.js";
import { captureAll, folder, runFfmpeg } from "./clips.js";

interface Kind {
  readonly name: string;
  /** Of the file. */
  readonly file: string;
  /** Codes the scene, or makes `from` into another. */
  readonly args: readonly string[];
  readonly from?: string;
  /** Which stream is to be taken. Default the first. */
  readonly stream?: number;
  readonly frames: number;
}

const SIZE = "64x48";
const X264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"];
/** Where times of 33 bits begin again (ISO/IEC 13818-1, 2.4.3.7): in the middle of the scene. */
const WRAP_S = String(2 ** 33 / 90_000 - 0.5);
const AWKWARD = `-i it's "50%" %d [v].mp4`;

const KINDS: readonly Kind[] = [
  { name: "plain H.264", file: "plain.mp4", args: [...X264, "-g", "5"], frames: 10 },
  {
    name: "a variable rate",
    file: "variable.mkv",
    args: ["-vf", "select=lt(mod(n\\,5)\\,3)", "-vsync", "vfr", ...X264],
    frames: 6,
  },
  {
    name: "a rotation",
    file: "rotated.mp4",
    from: "plain.mp4",
    args: ["-c", "copy", "-metadata:s:v:0", "rotate=90"],
    frames: 10,
  },
  { name: "pixels that are no squares", file: "wide.mp4", args: ["-vf", "setsar=2/1", ...X264], frames: 10 },
  {
    name: "an odd size in 4:4:4",
    file: "odd.mp4",
    args: ["-vf", "scale=63:47", ...X264, "-pix_fmt", "yuv444p"],
    frames: 10,
  },
  {
    name: "H.265 of 10 bits",
    file: "hevc.mp4",
    args: [
      "-c:v",
      "libx265",
      "-preset",
      "ultrafast",
      "-x265-params",
      "log-level=error",
      "-pix_fmt",
      "yuv420p10le",
    ],
    frames: 10,
  },
  {
    name: "VP9",
    file: "vp9.webm",
    args: ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"],
    frames: 10,
  },
  {
    name: "AV1",
    file: "av1.mp4",
    args: ["-c:v", "libaom-av1", "-usage", "realtime", "-cpu-used", "8"],
    frames: 10,
  },
  {
    name: "a transport stream whose times begin again",
    file: "wrapped.ts",
    args: [...X264, "-output_ts_offset", WRAP_S],
    frames: 10,
  },
  {
    name: "an edit list",
    file: "edited.mp4",
    from: "plain.mp4",
    args: ["-c", "copy", "-t", "0.8"],
    frames: 8,
  },
  {
    name: "interlaced video",
    file: "fields.mp4",
    args: [...X264, "-flags", "+ilme+ildct", "-x264-params", "tff=1"],
    frames: 10,
  },
  {
    name: "several streams, the largest last",
    file: "several.mkv",
    args: [
      "-filter_complex",
      "[0:v]split[a][b];[a]scale=32:24[small]",
      "-map",
      "[small]",
      "-map",
      "[b]",
      ...X264,
      "-disposition:v",
      "0",
    ],
    stream: 1,
    frames: 10,
  },
  { name: "a name of signs", file: AWKWARD, from: "plain.mp4", args: ["-c", "copy"], frames: 10 },
];

/** What ffmpeg makes of a file by itself: times in microseconds and checksums of RGB pictures. */
function plainly(path: string, stream: number): { readonly times: number[]; readonly checksums: number[] } {
  const scaled = "showinfo,scale=64:36:flags=bilinear,format=rgb24";
  const args = ["-nostdin", "-copyts", "-i", `file:${path}`, "-map", `0:${stream}`, "-vf", scaled];
  const { stdout, stderr } = spawnSync(
    findFfmpeg(),
    [...args, "-vsync", "passthrough", "-f", "framecrc", "-"],
    {
      encoding: "utf8",
    },
  );
  return {
    times: [...stderr.matchAll(/ pts_time:(-?[\d.]+)/g)].map(([, time]) => Math.round(Number(time) * 1e6)),
    checksums: [...stdout.matchAll(/^0,.*(0x[0-9a-f]+)$/gm)].map(([, sum]) => Number(sum)),
  };
}

function make({ file, from, args }: Kind): string {
  const path = join(folder, file);
  const scene = ["-f", "lavfi", "-i", `testsrc2=s=${SIZE}:r=10:d=1`];
  runFfmpeg([...(from === undefined ? scene : ["-i", join(folder, from)]), ...args, `file:${path}`]);
  return path;
}

const coders = spawnSync(findFfmpeg(), ["-v", "error", "-encoders"], { encoding: "utf8" }).stdout;

for (const kind of KINDS) {
  const coder = kind.args[kind.args.indexOf("-c:v") + 1] ?? "";
  const known = kind.from !== undefined || coders.includes(` ${coder} `);
  if (!known) console.log(`SKIPPED: ${kind.name}, as this ffmpeg has no ${coder}`);
  (known ? test : test.skip)(`a capture of ${kind.name} gives what a plain run of ffmpeg gives`, async () => {
    const path = make(kind);
    const { times, checksums } = plainly(path, kind.stream ?? 0);
    const { frames, error } = await captureAll(path, { configuration: { fps: 240 } });
    assert.is(error, null);
    assert.is(frames.length, kind.frames);
    assert.equal(
      frames.map(({ checksum }) => checksum),
      checksums,
    );
    const ptsUs = frames.map((frame) => frame.ptsUs);
    assert.ok(
      ptsUs.every((us, index) => Math.abs(us - (times[index] ?? Number.NaN)) <= 1),
      `${ptsUs.join()} for ${times.join()}`,
    );
  });
}

test.run();
