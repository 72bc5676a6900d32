/** Cameras of RTSP and HTTP that want a password, from the command line to the store: what is said, tried again and kept secret. */

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { folder, makeClip, runFfmpeg } from "../actors/generator/clips.js";
import { runProgram, startProgram } from "../support/program.js";
import { startRtspCamera } from "../support/rtsp-camera.js";
import { storedRecords } from "../support/stored.js";
import { test } from "../support/test.js";

const SECRET = "hunter2@#";
const IN_ADDRESS = `admin:${encodeURIComponent(SECRET)}`;
const BASIC = `Basic ${Buffer.from(`admin:${SECRET}`).toString("base64")}`;

const clip = makeClip("password.mp4", "25", 2, ["-bf", "0"]);
const annexB = join(folder, "password.h264");
runFfmpeg(["-i", clip, "-c", "copy", "-bsf:v", "h264_mp4toannexb", annexB]);
runFfmpeg(["-i", clip, "-frames:v", "1", join(folder, "password.jpg")]);
const picture = readFileSync(join(folder, "password.jpg"));

/** A camera that takes the password, as long as nobody has changed it. */
interface Camera {
  readonly address: string;
  takesIt: boolean;
  /** Told of each time that it has refused the password. */
  onRefused: () => void;
  close(): void;
}

async function startRtsp(takesIt: boolean): Promise<Camera> {
  const server = await startRtspCamera({
    clip: annexB,
    challenge(_method, _uri, authorization) {
      if (authorization === BASIC && camera.takesIt) return null;
      if (authorization === BASIC) camera.onRefused();
      return ['Basic realm="cam"'];
    },
  });
  const camera: Camera = {
    address: `rtsp://${IN_ADDRESS}@127.0.0.1:${server.port}/live`,
    takesIt,
    onRefused() {},
    close: () => server.close(),
  };
  return camera;
}

/** Its pictures come in parts; after each twenty it hangs up. */
async function startHttp(takesIt: boolean): Promise<Camera> {
  const server = createServer((request, response) => {
    const known = request.headers.authorization === BASIC;
    if (!known || !camera.takesIt) {
      if (known) camera.onRefused();
      response.writeHead(401, { "www-authenticate": 'Basic realm="cam"' }).end();
      return;
    }
    response.writeHead(200, { "content-type": "multipart/x-mixed-replace; boundary=frame" });
    let left = 20;
    const timer = setInterval(() => {
      response.write(`--frame\r\nContent-Type: image/jpeg\r\nContent-Length: ${picture.length}\r\n\r\n`);
      response.write(picture);
      response.write("\r\n");
      if ((left -= 1) === 0) response.destroy();
    }, 50);
    response.once("close", () => clearInterval(timer));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const camera: Camera = {
    address: `http://${IN_ADDRESS}@127.0.0.1:${(server.address() as AddressInfo).port}/video`,
    takesIt,
    onRefused() {},
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
  return camera;
}

/** Nobody reads the password, as it is or as it is written in an address or a header. */
function checkSecret(...texts: readonly string[]): void {
  for (const text of texts) {
    for (const secret of [SECRET, encodeURIComponent(SECRET), "hunter2", BASIC.slice("Basic ".length)]) {
      assert.not.ok(text.includes(secret), text);
    }
  }
}

for (const [kind, start] of [
  ["RTSP", startRtsp],
  ["HTTP", startHttp],
] as const) {
  test(`a camera of ${kind} that does not take its password any more is tried again, says so, and prints no secret`, async () => {
    const camera = await start(true);
    const store = join(folder, `store-${kind}`);
    const program = startProgram(
      ["--single", "--source", camera.address, "--frames-per-task", "2", "--store", store],
      { timeoutMs: 120_000 },
    );
    try {
      await program.prints(/: (?:rtsp|http):[^\n]* \(/);
      camera.takesIt = false;
      await program.prints(
        /reconnecting \(attempt \d+\): [^\n]*401[^\n]*it does not take this user name and password/,
      );
      await new Promise<void>((resolve) => (camera.onRefused = resolve));
      camera.takesIt = true;
      await program.prints(/this user name and password[^]*source is back after/);
      checkSecret(...program.children().map(({ command }) => command));
    } finally {
      program.signal("SIGTERM");
    }
    const { stdout, stderr, exitCode } = await program.ended;
    camera.close();
    assert.is(exitCode, 0, stderr);
    checkSecret(stdout, stderr);
    const records = await storedRecords(store);
    const outages = records.flatMap((record) => (record.type === "gap" ? (record.outage ?? []) : []));
    assert.ok(outages.some(({ ended, fromMs, toMs }) => ended && toMs > fromMs));
    checkSecret(JSON.stringify(records));
  });

  test(`a camera of ${kind} that never takes its password ends with exit 1 and says so, without it`, async () => {
    const camera = await start(false);
    const { stdout, stderr, exitCode } = await runProgram([
      "--single",
      "--source",
      camera.address,
      "--store",
      "memory:",
    ]);
    camera.close();
    assert.is(exitCode, 1);
    assert.match(stderr, /401[^\n]*: it does not take this user name and password/);
    checkSecret(stdout, stderr);
  });
}

test.run();
