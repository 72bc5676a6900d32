import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import type { CapturedFrame } from "../../../src/actors/generator/capture.js";
import { createFfmpegCapture } from "../../../src/actors/generator/ffmpeg-capture.js";
import { parseConfiguration } from "../../../src/task/configuration.js";
import { parseSource } from "../../../src/actors/generator/source-spec.js";
import { within } from "../../support/within.js";
import { captureContract } from "../../contract/capture.js";
import { BINARIES, captureAll, childProcesses, folder, makeClip, runFfmpeg, small } from "./clips.js";
import { pause } from "../../support/pause.js";

const clip25 = makeClip("25.mp4", "25", 4);
const clipNtsc = makeClip("ntsc.mp4", "30000/1001", 4);
const clipRounded = makeClip("30.mkv", "30", 4);
const clipStream = join(folder, "25.ts");
runFfmpeg(["-i", clip25, "-c", "copy", clipStream]);
const clipTwice = join(folder, "twice.ts");
writeFileSync(clipTwice, Buffer.concat([readFileSync(clipStream), readFileSync(clipStream)]));

const stampsOf = (frames: readonly CapturedFrame[]): readonly (readonly number[])[] =>
  frames.map(({ number, passedOver, ptsUs, checksum }) => [number, passedOver, ptsUs, checksum]);

captureContract("ffmpeg on the demo clip", (work) =>
  work({
    port: createFfmpegCapture(),
    source: parseSource(join("apps", "demo", "demo.mp4")),
    // Frames larger than a pipe holds, so that ffmpeg waits for them to be taken.
    configuration: small({ width: 640, height: 360, fps: 2 }),
    frameCount: 24,
    async idle() {
      for (let turn = 0; turn < 100; turn++) await setImmediate();
    },
  }),
);

for (const ffmpeg of BINARIES) {
  for (const { clip, from, to, count } of [
    { clip: clip25, from: 25, to: 10, count: 40 },
    { clip: clip25, from: 25, to: 25, count: 100 },
    { clip: clip25, from: 25, to: 12.5, count: 50 },
    { clip: clip25, from: 25, to: 0.5, count: 2 },
    { clip: clip25, from: 25, to: 60, count: 100 },
    { clip: clipNtsc, from: 29.97, to: 7.5, count: 30 },
    { clip: clipRounded, from: 30, to: 30, count: 120 },
    { clip: clipRounded, from: 30, to: 20, count: 80 },
    { clip: clipStream, from: 25, to: 10, count: 40 },
  ]) {
    const name = `${clip.slice(folder.length + 1)} to ${to} fps`;
    test(`capture of ${name} gives ${count} frames of 4 s, evenly, none twice (${ffmpeg})`, async () => {
      const { frames, error } = await captureAll(clip, { ffmpeg, configuration: { fps: to } });
      assert.is(error, null);
      assert.ok(Math.abs(frames.length - count) <= (to === 7.5 ? 1 : 0), `${frames.length} frames`);
      const gaps = frames.slice(1).map((frame, index) => frame.ptsUs - (frames[index]?.ptsUs ?? 0));
      const tick = 1e6 / Math.min(from, to);
      // A frame stands at most half a source frame from its tick, so two are at most one further apart than ticks are.
      const slack = from > to ? 1e6 / from + 1_000 : 1_000;
      assert.ok(
        gaps.every((gap) => Math.abs(gap - tick) <= slack),
        gaps.join(),
      );
    });
  }

  test(`a motion gate changes no frame of a capture, and has a small grey picture of each (${ffmpeg})`, async () => {
    const plain = await captureAll(clip25, { ffmpeg, configuration: { fps: 10 } });
    const { motionGate = null } = parseConfiguration({ motionGate: true });
    // Larger than a pipe holds: it must be taken before ffmpeg comes to its grey picture.
    const large = await captureAll(clip25, {
      ffmpeg,
      configuration: { width: 320, height: 180, fps: 10, motionGate },
    });
    assert.equal([large.frames.length, large.error], [40, null]);
    for (const encoding of ["rgb", "jpeg"] as const) {
      const gated = await captureAll(clip25, { ffmpeg, configuration: { fps: 10, encoding, motionGate } });
      assert.is(gated.error, null);
      assert.equal(gated.frames.length, 40);
      if (encoding === "rgb") assert.equal(stampsOf(gated.frames), stampsOf(plain.frames));
      // The frames of this clip have the size of the grey pictures: each is its own.
      for (const [index, { grey }] of gated.frames.entries()) {
        const pixels = plain.frames[index]?.data ?? new Uint8Array(0);
        assert.is(grey?.length, pixels.length / 3);
        let apart = 0;
        for (const [cell, level] of (grey ?? new Uint8Array(0)).entries()) {
          const [red = 0, green = 0, blue = 0] = pixels.subarray(cell * 3, cell * 3 + 3);
          apart += Math.abs(level - (0.299 * red + 0.587 * green + 0.114 * blue));
        }
        assert.ok((apart * 3) / pixels.length < 2, `${(apart * 3) / pixels.length} levels apart`);
      }
    }
  });

  for (const clip of [clip25, clipRounded, clipStream]) {
    test(`a capture of ${clip.slice(folder.length + 1)} after a position loses and repeats nothing (${ffmpeg})`, async () => {
      const whole = await captureAll(clip, { ffmpeg, configuration: { fps: 10 } });
      for (const index of [0, 9, 24, 38, 39]) {
        const { number: frame = Number.NaN, ptsUs: sourceUs = Number.NaN } = whole.frames[index] ?? {};
        for (const seekable of [true, false]) {
          const { frames, error } = await captureAll(clip, {
            ffmpeg,
            configuration: { fps: 10 },
            after: { frame, sourceUs, seekable },
          });
          assert.is(error, null);
          assert.equal(stampsOf(frames), stampsOf(whole.frames.slice(index + 1)), `after frame ${index}`);
        }
      }
    });
  }

  test(`jpeg frames come one image each, smaller at lower quality (${ffmpeg})`, async () => {
    const sizes = await Promise.all(
      [30, 90].map(async (quality) => {
        const { frames } = await captureAll(clip25, {
          ffmpeg,
          configuration: { fps: 5, encoding: "jpeg", quality },
        });
        assert.is(frames.length, 20);
        for (const { data } of frames) {
          assert.equal([...data.subarray(0, 2), ...data.subarray(-2)], [0xff, 0xd8, 0xff, 0xd9]);
        }
        return frames.reduce((sum, { data }) => sum + data.length, 0);
      }),
    );
    assert.ok((sizes[0] ?? 0) < (sizes[1] ?? 0));
  });

  test(`a file of another kind is refused, whatever ffmpeg thinks of it (${ffmpeg})`, async () => {
    const audio = join(folder, "audio.mp3");
    runFfmpeg(["-f", "lavfi", "-i", "sine=d=0.2", "-f", "wav", audio]);
    const sound = join(folder, "sound.mp4");
    runFfmpeg(["-f", "lavfi", "-i", "sine=d=0.2", "-c:a", "aac", sound]);
    const text = join(folder, "text.mp4");
    writeFileSync(text, "no video at all\n".repeat(40));
    const cut = join(folder, "cut.mp4");
    writeFileSync(cut, readFileSync(clip25).subarray(0, 20_000));
    for (const [path, reason] of [
      [audio, /ffmpeg finds no video in it/],
      [sound, /no video stream/],
      [text, /no MP4/],
      [cut, /cut short/],
    ] as const) {
      const { error, frames } = await captureAll(path, { ffmpeg });
      assert.is(error?.code, "source-invalid");
      assert.match(error?.message ?? "", reason);
      assert.is(frames.length, 0);
    }
  });

  test(`a playlist in a video's clothes reaches no other file (${ffmpeg})`, async () => {
    const playlist = join(folder, "playlist.mp4");
    writeFileSync(playlist, "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n25.ts\n#EXT-X-ENDLIST\n");
    assert.is((await captureAll(playlist, { ffmpeg })).error?.code, "source-invalid");
    const script = join(folder, "script.mp4");
    writeFileSync(script, "ffconcat version 1.0\nfile 25.mp4\n");
    assert.is((await captureAll(script, { ffmpeg })).error?.code, "source-invalid");
  });

  test(`a truncated video gives its frames and ends with source-ended-early (${ffmpeg})`, async () => {
    const whole = makeClip("whole.mp4", "25", 4, ["-movflags", "+faststart"]);
    for (const path of [whole, clipRounded]) {
      const cut = join(folder, `cut-${path.slice(folder.length + 1)}`);
      const bytes = readFileSync(path);
      writeFileSync(cut, bytes.subarray(0, bytes.length / 2));
      const { error, frames } = await captureAll(cut, { ffmpeg });
      assert.is(error?.code, "source-ended-early");
      assert.ok(frames.length > 20 && frames.length < 80, `${frames.length} frames`);
    }
  });

  test(`test: is a source that moves, of a given length (${ffmpeg})`, async () => {
    const { frames, info } = await captureAll("test:320x180@25,duration=2", {
      ffmpeg,
      configuration: { fps: 10 },
    });
    assert.is(frames.length, 20);
    assert.is(info?.durationUs, null);
    assert.is(new Set(frames.map((frame) => frame.checksum)).size, 20);
  });
}

test("frames keep the times that a stream has twice, and are counted in it", async () => {
  for (const ffmpeg of BINARIES) {
    const once = await captureAll(clipStream, { ffmpeg });
    const own = once.frames.map(({ ptsUs }) => ptsUs);
    assert.is(own.length, 100);
    const { frames, info } = await captureAll(clipTwice, { ffmpeg });
    assert.is(info?.seekable, false);
    assert.equal(
      frames.map(({ ptsUs }) => ptsUs),
      [...own, ...own],
    );
    assert.equal(
      frames.map(({ number, passedOver }) => [number, passedOver]),
      Array.from({ length: 200 }, (_, number) => [number, 0]),
    );
    for (const index of [0, 60, 99, 100, 160, 199]) {
      const { number: frame = Number.NaN, ptsUs: sourceUs = Number.NaN } = frames[index] ?? {};
      const rest = await captureAll(clipTwice, { ffmpeg, after: { frame, sourceUs, seekable: false } });
      assert.equal(stampsOf(rest.frames), stampsOf(frames.slice(index + 1)), `after frame ${index}`);
    }
  }
});

test("frames are counted and sampled on where a stream changes its size and its format", async () => {
  const other = join(folder, "other.ts");
  const coded = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-pix_fmt", "yuv422p"];
  runFfmpeg(["-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=2", ...coded, other]);
  const changed = join(folder, "changed.ts");
  writeFileSync(changed, Buffer.concat([readFileSync(clipStream), readFileSync(other)]));
  for (const ffmpeg of BINARIES) {
    const [first, second] = [await captureAll(clipStream, { ffmpeg }), await captureAll(other, { ffmpeg })];
    const whole = await captureAll(changed, { ffmpeg });
    assert.equal(
      whole.frames.map(({ number }) => number),
      Array.from({ length: 150 }, (_, number) => number),
    );
    assert.equal(
      whole.frames.map(({ checksum }) => checksum),
      [...first.frames, ...second.frames].map(({ checksum }) => checksum),
    );
    const { number: frame = Number.NaN, ptsUs: sourceUs = Number.NaN } = whole.frames[120] ?? {};
    const rest = await captureAll(changed, { ffmpeg, after: { frame, sourceUs, seekable: false } });
    assert.equal(stampsOf(rest.frames), stampsOf(whole.frames.slice(121)));
  }
});

test("what sampling passes over is counted, and so adds up to the numbers of frames", async () => {
  for (const ffmpeg of BINARIES) {
    for (const clip of [clip25, clipTwice]) {
      const { frames } = await captureAll(clip, { ffmpeg, configuration: { fps: 7 } });
      let last = -1;
      for (const { number, passedOver } of frames) {
        assert.is(number, last + 1 + passedOver);
        last = number;
      }
      assert.ok(frames.length > 25);
    }
  }
});

test("a captured frame is in shared memory, of the size asked for, with times that grow", async () => {
  const { frames, info } = await captureAll(clip25);
  assert.equal(info, {
    description: "h264, 160x90, 25 fps, 4.0 s",
    durationUs: 4_000_000,
    seekable: true,
    native: { width: 160, height: 90, fps: 25 },
  });
  for (const [index, { data, ptsUs }] of frames.entries()) {
    assert.is(data.length, 64 * 36 * 3);
    assert.instance(data.buffer, SharedArrayBuffer);
    assert.is(ptsUs, index * 40_000);
  }
});

test("a source without timestamps of its own goes on from its start", async () => {
  const raw = join(folder, "raw.h264");
  runFfmpeg(["-i", clip25, "-c", "copy", raw]);
  const whole = await captureAll(raw);
  assert.is(whole.info?.durationUs, null);
  assert.is(whole.info?.native?.fps, null, "the rate is ffmpeg's own");
  const { frames } = await captureAll(raw, {
    after: { frame: 50, sourceUs: 2_000_000, seekable: false },
  });
  assert.equal(
    frames.map((frame) => frame.ptsUs),
    whole.frames.map((frame) => frame.ptsUs).filter((ptsUs) => ptsUs > 2_000_000),
  );
});

test("frames of a process that has ended are kept until they are requested, and the end is reported after them", async () => {
  let given = 0;
  const ends: number[] = [];
  const first = withResolvers();
  const ended = withResolvers();
  const capture = createFfmpegCapture().open(
    {
      source: parseSource("test:16x16@25,duration=1"),
      configuration: small({ width: 16, height: 16 }),
      after: null,
    },
    {
      onInfo: () => {},
      onFrame: () => {
        given += 1;
        if (given === 1) first.resolve();
      },
      onEnd: () => {
        ends.push(given);
        ended.resolve();
      },
    },
  );
  capture.request(1);
  await within(10_000, first.promise);
  // All 19 kB fit into the pipe, so nothing holds ffmpeg back.
  const gone = async () => {
    while (childProcesses().length > 0) await pause();
  };
  await within(10_000, gone());
  for (let turn = 0; turn < 20; turn++) await setImmediate();
  assert.equal({ given, ends }, { given: 1, ends: [] });
  capture.request(100);
  await within(5_000, ended.promise);
  assert.equal(ends, [25]);
});

function withResolvers(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { promise, resolve };
}

test("close kills and reaps ffmpeg, whenever it comes", async () => {
  const open = (onFrame: () => void) =>
    createFfmpegCapture().open(
      { source: parseSource(clip25), configuration: small({ width: 640, height: 360 }), after: null },
      { onInfo: () => {}, onFrame, onEnd: () => assert.unreachable("nothing is reported after close") },
    );
  for (let round = 0; round < 20; round++) {
    if (round % 4 === 0) {
      open(() => {}).close();
      continue;
    }
    const capture = await within(
      10_000,
      new Promise<ReturnType<typeof open>>((resolve) => {
        const opened = open(() => resolve(opened));
        // Blocked in its pipe, as it is asked for no second frame.
        opened.request(1);
      }),
    );
    capture.close();
    capture.close();
  }
  const gone = async () => {
    while (childProcesses().length > 0) await pause();
  };
  await within(5_000, gone(), "every ffmpeg to be gone");
});

test("a missing file, a directory, an empty file and an unreadable device are named in the error", async () => {
  const empty = join(folder, "empty.mp4");
  writeFileSync(empty, "");
  for (const [path, code, text] of [
    [join(folder, "none.mp4"), "source-missing", /no such file: check the path/],
    [folder, "source-invalid", /it is a directory/],
    [empty, "source-invalid", /it is empty/],
    ["/dev/video99", "source-missing", /no such file/],
  ] as const) {
    const { error } = await captureAll(path);
    assert.is(error?.code, code);
    assert.match(error?.message ?? "", text);
    assert.ok(error?.message.includes(`"${path}"`));
    assert.not.match(error?.message ?? "", /\n/);
  }
});

test("an ffmpeg that knows -fps_mode but not -vsync is understood", async () => {
  const strict = join(folder, "strict-ffmpeg");
  const script = [
    "#!/bin/sh",
    "n=$#",
    'while [ "$n" -gt 0 ]; do',
    "  a=$1; shift; n=$((n - 1))",
    "  case $a in -vsync) echo \"Unrecognized option 'vsync'.\" >&2; exit 1 ;; -fps_mode) a=-vsync ;; esac",
    '  set -- "$@" "$a"',
    "done",
    `exec "${BINARIES[0] ?? ""}" "$@"`,
  ];
  writeFileSync(strict, script.join("\n"), { mode: 0o755 });
  for (const round of [1, 2]) {
    const { frames, error } = await captureAll(clip25, { ffmpeg: strict });
    assert.is(error, null);
    assert.is(frames.length, 100, `round ${round}`);
  }
});

test("an ffmpeg that a signal ends before it has said a word is started again, and not for ever", async () => {
  const ended = join(folder, "ended-ffmpeg");
  const starts = join(folder, "starts");
  const script = (times: number) => [
    "#!/bin/sh",
    `echo start >>"${starts}"`,
    `if [ "$(wc -l <"${starts}")" -le ${times} ]; then kill -TERM "$PPID"; exit 1; fi`,
    `exec "${BINARIES[0] ?? ""}" "$@"`,
  ];
  writeFileSync(ended, script(2).join("\n"), { mode: 0o755 });
  const { frames, error } = await captureAll(clip25, { ffmpeg: ended });
  assert.is(error, null);
  assert.is(frames.length, 100);
  writeFileSync(ended, script(1_000).join("\n"));
  const hopeless = await captureAll(clip25, { ffmpeg: ended });
  assert.is(hopeless.error?.code, "ffmpeg-missing");
  assert.match(hopeless.error?.message ?? "", /it was killed/);
});

test("an ffmpeg that cannot be started is ffmpeg-missing", async () => {
  const { error } = await captureAll(clip25, { ffmpeg: join(folder, "none") });
  assert.is(error?.code, "ffmpeg-missing");
});

test("a file that loops is played over and over, and its times go on", async () => {
  const clip = makeClip("short.mp4", "25", 1);
  const frames: CapturedFrame[] = [];
  const twice = new Promise<void>((resolve, reject) => {
    const capture = createFfmpegCapture().open(
      { source: parseSource(`loop:${clip}`), configuration: small({ fps: 25 }), after: null },
      {
        onInfo: () => {},
        onFrame(frame) {
          frames.push(frame);
          capture.request(1);
          if (frames.length === 40) resolve(capture.close());
        },
        onEnd: (error) => reject(error ?? new Error("it has ended")),
      },
    );
    capture.request(1);
  });
  await within(20_000, twice, "more frames than the file has");
  const times = frames.map(({ ptsUs }) => ptsUs);
  assert.equal(
    times.slice(1).map((time, index) => Math.round((time - (times[index] ?? 0)) / 1_000)),
    Array.from({ length: 39 }, () => 40),
  );
});

test.run();
