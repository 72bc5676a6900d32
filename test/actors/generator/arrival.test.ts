/** Cameras over HTTP, whose pictures carry no time: each is timed by its arrival. */

import { readFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import type { CapturedFrame } from "../../../src/actors/generator/capture.js";
import { createFfmpegCapture } from "../../../src/actors/generator/ffmpeg-capture.js";
import { parseSource } from "../../../src/actors/generator/source-spec.js";
import { within } from "../../support/within.js";
import { BINARIES, folder, makeClip, runFfmpeg, small } from "./clips.js";

const EVERY_MS = 200;
const COUNT = 6;

const clip = makeClip("arrival.mp4", "25", 1);
runFfmpeg(["-i", clip, "-frames:v", "2", join(folder, "picture%d.jpg")]);
const pictures = [1, 2].map((number) => readFileSync(join(folder, `picture${number}.jpg`)));
const raw = join(folder, "arrival.h264");
runFfmpeg(["-i", clip, "-c", "copy", raw]);

/** Pictures in parts, as HTTP cameras send them, one each `EVERY_MS` until the client goes. */
function sendPictures(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "multipart/x-mixed-replace; boundary=frame" });
  let index = 0;
  const timer = setInterval(() => {
    const picture = pictures[index % 2] ?? Buffer.alloc(0);
    index += 1;
    response.write(`--frame\r\nContent-Type: image/jpeg\r\nContent-Length: ${picture.length}\r\n\r\n`);
    response.write(picture);
    response.write("\r\n");
  }, EVERY_MS);
  response.once("close", () => clearInterval(timer));
}

/** The first frames of what a server answers. */
async function captured(
  ffmpeg: string,
  answer: (response: ServerResponse) => void,
  count: number,
): Promise<readonly CapturedFrame[]> {
  const server = createServer((_, response) => answer(response));
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const frames: CapturedFrame[] = [];
  const all = new Promise<void>((resolve, reject) => {
    const capture = createFfmpegCapture({ ffmpeg }).open(
      { source: parseSource(`http://127.0.0.1:${port}/camera`), configuration: small(), after: null },
      {
        onInfo() {},
        onFrame(frame) {
          frames.push(frame);
          if (frames.length < count) return;
          capture.close();
          resolve();
        },
        onEnd: (error) => reject(error ?? new Error("It has ended")),
      },
    );
    capture.request(count);
  });
  try {
    await within(30_000, all, `${count} frames`);
  } finally {
    server.close();
    server.closeAllConnections();
  }
  return frames;
}

const spanMs = (frames: readonly CapturedFrame[]): number =>
  ((frames.at(-1)?.ptsUs ?? 0) - (frames[0]?.ptsUs ?? 0)) / 1_000;

test("pictures of an HTTP camera have the times of their arrival, from the first one on", async () => {
  for (const ffmpeg of BINARIES) {
    const frames = await captured(ffmpeg, sendPictures, COUNT);
    // ffmpeg would have made 40 ms apart of them.
    const wantedMs = (COUNT - 1) * EVERY_MS;
    assert.ok(spanMs(frames) > wantedMs * 0.8, `${spanMs(frames)} ms`);
    assert.equal(
      frames.map(({ number }) => number),
      Array.from({ length: COUNT }, (_, number) => number),
    );
  }
});

test("raw H.264 over HTTP that has a length is a recording, and keeps the times that ffmpeg counts", async () => {
  for (const ffmpeg of BINARIES) {
    const bytes = readFileSync(raw);
    const frames = await captured(
      ffmpeg,
      (response) => response.writeHead(200, { "content-length": bytes.length }).end(bytes),
      10,
    );
    assert.is(spanMs(frames), 9 * 40);
  }
});

test.run();
