/** Recordings that end before their end, on disk and in transfer. */

import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { createFfmpegCapture } from "../../../src/actors/generator/ffmpeg-capture.js";
import { parseSource } from "../../../src/actors/generator/source-spec.js";
import type { SluiceError } from "../../../src/task/errors.js";
import { within } from "../../support/within.js";
import { captureAll, folder, makeClip, runFfmpeg, small, testEach } from "./clips.js";

const clip = makeClip("cut.mp4", "25", 4);
const FRAGMENTED = ["-movflags", "frag_keyframe+empty_moov"];
const COPIES: Readonly<Record<string, readonly string[]>> = {
  "cut.ts": [],
  "cut.flv": [],
  "cut.mkv": [],
  "fragmented.mp4": FRAGMENTED,
  "faststart.mp4": ["-movflags", "+faststart"],
  "cut.avi": ["-bsf:v", "h264_mp4toannexb"],
};
for (const [name, more] of Object.entries(COPIES)) {
  runFfmpeg(["-i", clip, "-c", "copy", ...more, join(folder, name)]);
}
// Program streams: of MPEG-1, as ffmpeg makes them of that name, and of MPEG-2.
for (const name of ["cut.mpg", "cut.vob"]) runFfmpeg(["-i", clip, "-c:v", "mpeg2video", join(folder, name)]);
const FORMATS = [...Object.keys(COPIES), "cut.mpg"];
let fifos = 0;
const bytesOf = (name: string) => readFileSync(join(folder, name));

/** Sends a part of each file and breaks the connection off (`/drop/`) or keeps it open (`/stall/`); `/whole/` sends all. */
const server: RequestListener = ({ url = "", headers }, response) => {
  const [, verb = "", name = ""] = url.split("/");
  const bytes = bytesOf(name);
  if (verb === "unranged") {
    response.writeHead(200, { "content-length": bytes.length }).end(bytes);
    return;
  }
  const from = Number(/bytes=(\d+)-/.exec(headers.range ?? "")?.[1] ?? 0);
  const part = { "accept-ranges": "bytes", "content-length": bytes.length - from };
  const range = { "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
  response.writeHead(from > 0 ? 206 : 200, from > 0 ? { ...part, ...range } : part);
  if (verb === "whole") {
    response.end(bytes.subarray(from));
    return;
  }
  response.write(bytes.subarray(from, Math.max(from, Math.floor(bytes.length * 0.6))), () => {
    if (verb === "drop") response.destroy();
  });
};

async function served(work: (at: (verb: string, name: string) => string) => Promise<void>): Promise<void> {
  const http = createServer(server).listen(0, "127.0.0.1");
  await once(http, "listening");
  const { port } = http.address() as AddressInfo;
  try {
    await work((verb, name) => `http://127.0.0.1:${port}/${verb}/${name}`);
  } finally {
    http.closeAllConnections();
    http.close();
  }
}

testEach(
  "a recording that is cut off in its transfer gives what came and is source-ended-early, whatever its format",
  (ffmpeg) =>
    served(async (at) => {
      const each = async (name: string) => {
        const cut = await captureAll(at("drop", name), { ffmpeg });
        assert.is(cut.error?.code, "source-ended-early", `${name}: ${cut.error?.message ?? "no error"}`);
        assert.ok(cut.frames.length > 20 && cut.frames.length < 90, `${name}: ${cut.frames.length} frames`);
      };
      for (let index = 0; index < FORMATS.length; index += 3) {
        await Promise.all(FORMATS.slice(index, index + 3).map(each));
      }
      for (const name of ["cut.ts", "cut.mkv"]) {
        const { frames, error } = await captureAll(at("whole", name), { ffmpeg });
        assert.is(error, null, name);
        assert.is(frames.length, 100, name);
      }
    }),
);

testEach(
  "a recording that is cut off on disk is source-ended-early where its structure tells",
  async (ffmpeg) => {
    for (const name of [...FORMATS, "cut.vob"]) {
      assert.is((await captureAll(join(folder, name), { ffmpeg })).error, null, name);
      const path = join(folder, `half-${name}`);
      const bytes = bytesOf(name);
      writeFileSync(path, bytes.subarray(0, Math.floor(bytes.length * 0.6) - 1));
      const { frames, error } = await captureAll(path, { ffmpeg });
      assert.is(error?.code, "source-ended-early", `${name}: ${error?.message ?? "no error"}`);
      assert.ok(frames.length > 20 && frames.length < 90, `${name}: ${frames.length} frames`);
    }
  },
);

testEach("a recording over HTTP without a duration has an end where its server says its length", (ffmpeg) =>
  served(async (at) => {
    const { info, frames, error } = await captureAll(at("unranged", "cut.ts"), { ffmpeg });
    assert.is(error, null);
    assert.is(frames.length, 100);
    assert.equal([info?.durationUs, info?.measured], [null, true]);
  }),
);

testEach(
  "a recording over HTTP that stalls is said to, and given up after its limit with what came",
  (ffmpeg) =>
    served(async (at) => {
      const heard: string[] = [];
      let frames = 0;
      const end = new Promise<SluiceError | null>((resolve) => {
        const capture = createFfmpegCapture({ ffmpeg, stallMs: 1_000, stallTimeoutMs: 3_000 }).open(
          { source: parseSource(at("stall", "cut.mkv")), configuration: small(), after: null },
          {
            onInfo: () => void heard.push("info"),
            onFrame() {
              frames += 1;
              capture.request(1);
            },
            onStalled: () => void heard.push("stalled"),
            onEnd: resolve,
          },
        );
        capture.request(4);
      });
      const error = await within(20_000, end, "the end");
      assert.is(error?.code, "source-ended-early");
      assert.match(error?.message ?? "", /nothing has come for 3 s; results so far are kept/);
      assert.equal(heard, ["info", "stalled"]);
      assert.ok(frames > 0 && frames < 90, `${frames} frames`);
    }),
);

testEach(
  "a pipe whose writer stops is said to, and given up after its limit with what came",
  async (ffmpeg) => {
    const fifo = join(folder, `fifo-${fifos++}`);
    execFileSync("mkfifo", [fifo]);
    const bytes = bytesOf("cut.mkv");
    const heard: string[] = [];
    let frames = 0;
    const end = new Promise<SluiceError | null>((resolve) => {
      const capture = createFfmpegCapture({ ffmpeg, stallMs: 1_000, stallTimeoutMs: 3_000 }).open(
        { source: parseSource(fifo), configuration: small(), after: null },
        {
          onInfo: () => void heard.push("info"),
          onFrame() {
            frames += 1;
            capture.request(1);
          },
          onStalled: () => void heard.push("stalled"),
          onEnd: resolve,
        },
      );
      capture.request(4);
    });
    // It opens once it is read, and stays open behind what was written.
    const writer = await open(fifo, "w");
    try {
      await writer.write(bytes.subarray(0, Math.floor(bytes.length * 0.6)));
      const error = await within(20_000, end, "the end");
      assert.is(error?.code, "source-ended-early");
      assert.match(error?.message ?? "", /nothing has come for 3 s; results so far are kept/);
      assert.equal(heard, ["info", "stalled"]);
      assert.ok(frames > 0 && frames < 90, `${frames} frames`);
    } finally {
      await writer.close();
    }
  },
);

test.run();
