import { join } from "node:path";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import {
  chooseStream,
  firstStream,
  parseVideoStream,
  type VideoStream,
} from "../../../src/actors/generator/video-stream.js";
import { dataFolder } from "../../support/data.js";
import { captureAll, folder, makeClip, runFfmpeg, testEach } from "./clips.js";

function streamsOf(...lines: readonly string[]): readonly VideoStream[] {
  return lines.map(parseVideoStream).filter((stream) => stream !== null);
}

test("chooseStream passes over a cover picture, whether ffmpeg knows it for one or not", () => {
  const film =
    "    Stream #0:1(und): Video: h264 (High) (avc1 / 0x31637661), yuv420p, 320x180 [SAR 1:1 DAR 16:9], 7 kb/s, 25 fps, 25 tbr, 12800 tbn, 50 tbc (default)";
  // As ffmpeg 5.1 and as a build of 2018 log the same cover.
  for (const [cover, first] of [
    [
      "  Stream #0:0[0x0]: Video: mjpeg (Baseline), yuvj420p(pc, bt470bg/unknown/unknown), 1920x1080 [SAR 1:1 DAR 16:9], 90k tbr, 90k tbn (attached pic)",
      1,
    ],
    [
      "    Stream #0:0: Video: mjpeg (Baseline), yuvj420p(pc, bt470bg/unknown/unknown), 1920x1080 [SAR 1:1 DAR 16:9], 90k tbr, 90k tbn, 90k tbc",
      0,
    ],
  ] as const) {
    const streams = streamsOf(cover, film);
    assert.is(chooseStream(streams)?.index, 1);
    assert.is(chooseStream(streams)?.description, "h264, 320x180, 25 fps");
    assert.equal(chooseStream(streams)?.native, { width: 320, height: 180, fps: 25 });
    assert.equal(streams[0]?.native, { width: 1_920, height: 1_080, fps: null });
    assert.is(firstStream(streams)?.index, first);
  }
});

test("chooseStream takes the largest, of equal ones the default and then the first", () => {
  const line = (index: number, size: string, more = "") =>
    `  Stream #0:${index}: Video: h264 (High), yuv420p, ${size} [SAR 1:1], 25 fps${more}`;
  const choice = (...lines: readonly string[]) => chooseStream(streamsOf(...lines))?.index;
  assert.is(choice(line(0, "80x46"), line(1, "320x180")), 1);
  assert.is(choice(line(0, "320x180"), line(1, "320x180")), 0);
  assert.is(choice(line(0, "320x180"), line(1, "320x180", " (default)")), 1);
  assert.is(choice(line(0, "640x360"), line(1, "320x180", " (default)")), 1);
  assert.is(choice(line(0, "3840x2160"), line(1, "320x180", " (default)")), 0);
  assert.is(choice("  Stream #0:0: Audio: aac (LC), 48000 Hz"), undefined);
});

const low = makeClip("low.mp4", "25", 1, ["-s", "80x46"]);
const twoSizes = join(folder, "two-sizes.mkv");
const inputs = ["-i", low, "-i", makeClip("high.mp4", "25", 2)];
// Neither is the default, which alone would decide.
runFfmpeg([...inputs, "-map", "0", "-map", "1", "-c", "copy", "-disposition:v", "0", twoSizes]);

testEach(
  "of two video streams the one that ffmpeg would take is captured, wherever a capture begins",
  async (ffmpeg) => {
    const { frames, info } = await captureAll(twoSizes, { ffmpeg });
    assert.is(frames.length, 50);
    assert.match(info?.description ?? "", /^h264, 160x90, 25 fps/);
    const after = { frame: 39, sourceUs: frames[39]?.ptsUs ?? Number.NaN, seekable: true };
    const rest = await captureAll(twoSizes, { ffmpeg, after });
    assert.equal(
      rest.frames.map(({ ptsUs, checksum }) => [ptsUs, checksum]),
      frames.slice(40).map(({ ptsUs, checksum }) => [ptsUs, checksum]),
    );
  },
);

const data = dataFolder(["inputs/cover-first.mp4", "inputs/lowfirst.mkv"]);
if (data !== null) {
  testEach(
    "a film whose cover comes first gives its 150 frames, and a large second stream its own",
    async (ffmpeg) => {
      for (const name of ["cover-first.mp4", "lowfirst.mkv"]) {
        const { frames, info, error } = await captureAll(join(data, "inputs", name), { ffmpeg });
        assert.is(error, null);
        assert.is(frames.length, 150, name);
        assert.match(info?.description ?? "", /^h264, 320x180, 25 fps/);
      }
    },
  );
}

test.run();
