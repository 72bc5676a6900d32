/** What a capture of an address shows to others of its machine, and where a hostile camera can lead it. */

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { createFfmpegCapture } from "../../../src/actors/generator/ffmpeg-capture.js";
import { openRelay } from "../../../src/actors/generator/relay.js";
import { parseSource, type NetworkAddress } from "../../../src/actors/generator/source-spec.js";
import { startRtspCamera } from "../../support/rtsp-camera.js";
import { within } from "../../support/within.js";
import {
  BINARIES,
  captureAll,
  childProcesses,
  folder,
  makeClip,
  runFfmpeg,
  small,
  testEach,
  type Captured,
} from "./clips.js";

if (BINARIES.length < 2)
  console.log("SKIPPED: an ffmpeg other than the carried one, as the machine has none");

const USER = "admin";
const PASSWORD = "p@ss#w/o?rd%";
const ENCODED = `${USER}:p%40ss%23w%2Fo%3Frd%25`;
const mp4 = readFileSync(makeClip("relay.mp4", "25", 1, ["-movflags", "+faststart"]));
const annexB = join(folder, "relay.h264");
runFfmpeg([
  "-i",
  makeClip("plain.mp4", "25", 8, ["-bf", "0"]),
  "-c",
  "copy",
  "-bsf:v",
  "h264_mp4toannexb",
  annexB,
]);

const md5 = (text: string) => createHash("md5").update(text).digest("hex");
const BASIC = `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString("base64")}`;

/** What a camera says to a wrong authorization, by scheme. */
const challenge = {
  basic: (_: string, __: string, given: string | null | undefined) =>
    given === BASIC ? null : ['Basic realm="cam"'],
  digest: (method: string, uri: string, given: string | null | undefined) => {
    const of = (name: string) => new RegExp(`${name}="([^"]*)"`).exec(given ?? "")?.[1];
    const wanted = md5(`${md5(`${USER}:cam:${PASSWORD}`)}:n0nce:${md5(`${method}:${uri}`)}`);
    const right = of("response") === wanted && of("uri") === uri && of("username") === USER;
    return right ? null : ['Digest realm="cam", nonce="n0nce"'];
  },
};

/** Captures a frame, looks at every process that has been started for it, and ends. */
async function commandLinesOf(source: string): Promise<string> {
  let lines = "";
  const seen = new Promise<void>((resolve, reject) => {
    const capture = createFfmpegCapture().open(
      // Frames larger than a pipe holds, so that ffmpeg waits for them to be taken.
      { source: parseSource(source), configuration: small({ width: 640, height: 360 }), after: null },
      {
        onInfo: () => {},
        onFrame() {
          if (lines !== "") return;
          lines = commandLines();
          capture.close();
          resolve();
        },
        onEnd: (error) => reject(error ?? new Error("It ended without a frame")),
      },
    );
    capture.request(1);
  });
  await within(20_000, seen, `a frame of ${source}`);
  return lines;
}

function commandLines(): string {
  const own = childProcesses();
  return [...own, ...own.flatMap(childrenOf)].map(visibleOf).join("\n");
}

function childrenOf(pid: number): readonly number[] {
  return readOf(`/proc/${pid}/task/${pid}/children`).split(" ").filter(Boolean).map(Number);
}

/** What `ps` shows of it, and to its own user its environment. */
function visibleOf(pid: number): string {
  return readOf(`/proc/${pid}/cmdline`) + readOf(`/proc/${pid}/environ`);
}

function readOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    // One of an earlier capture, that is gone meanwhile.
    return "";
  }
}

async function withHttp(
  listener: RequestListener,
  work: (port: number, server: Server) => Promise<void>,
): Promise<void> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    await work((server.address() as AddressInfo).port, server);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

function checkSecret(lines: string, scheme: string): void {
  assert.match(lines, new RegExp(`-i\\0?${scheme}://127\\.0\\.0\\.1:\\d+/[0-9a-f]{32}\\0`));
  for (const secret of [PASSWORD, "p%40ss", "p@ss", USER, "t0ken", "stream-1"])
    assert.not.match(lines, secret);
}

test("no process shows the password, the address or the query of an RTSP camera, whether by Basic or Digest", async () => {
  for (const scheme of ["basic", "digest"] as const) {
    const camera = await startRtspCamera({ clip: annexB, challenge: challenge[scheme] });
    try {
      const own = `rtsp://127.0.0.1:${camera.port}/stream-1?key=t0ken`;
      checkSecret(await commandLinesOf(own.replace("//", `//${ENCODED}@`)), "rtsp");
      assert.equal(camera.requests.slice(0, 3), [`OPTIONS ${own}`, `DESCRIBE ${own}`, `DESCRIBE ${own}`]);
      assert.ok(
        camera.requests.every((request) => request.includes(` ${own}`)),
        camera.requests.join(),
      );
    } finally {
      camera.close();
    }
  }
});

test("no process shows the password, the address or the query of a server of HTTP, whether by Basic or Digest", async () => {
  for (const scheme of ["basic", "digest"] as const) {
    const listener: RequestListener = ({ url = "", headers }, response) => {
      const wanted = challenge[scheme]("GET", url, headers.authorization);
      if (wanted === null) response.writeHead(200, { "content-length": mp4.length }).end(mp4);
      else response.writeHead(401, { "www-authenticate": wanted[0] }).end();
    };
    await withHttp(listener, async (port) => {
      checkSecret(await commandLinesOf(`http://${ENCODED}@127.0.0.1:${port}/stream-1.mp4?key=t0ken`), "http");
    });
  }
});

test("a wrong password is source-unreachable, with what the camera says and without the password", async () => {
  const camera = await startRtspCamera({ clip: annexB, challenge: challenge.digest });
  try {
    const { error } = await captureAll(`rtsp://${USER}:hunter2@127.0.0.1:${camera.port}/s`);
    assert.is(error?.code, "source-unreachable");
    assert.match(
      error?.message ?? "",
      /"rtsp:\/\/\*\*\*@127\.0\.0\.1:\d+\/s": the camera answers 401 Unauthorized: it does not take this user name and password/,
    );
    assert.not.match(error?.message ?? "", /hunter2/);
  } finally {
    camera.close();
  }
});

test("an RTSP camera without credentials gives its frames through the relay", async () => {
  const camera = await startRtspCamera({ clip: annexB });
  try {
    const { frames } = await captureAll(`rtsp://127.0.0.1:${camera.port}/s`);
    // ffmpeg holds the last ones back where a stream breaks off.
    assert.ok(frames.length >= 100, `${frames.length} of 200 frames`);
  } finally {
    camera.close();
  }
});

test("an RTSP camera that takes neither TCP nor UDP is source-unreachable, asked for both, and leaves no port open", async () => {
  const camera = await startRtspCamera({ clip: annexB, setup: "461 Unsupported Transport" });
  try {
    const { error } = await captureAll(`rtsp://127.0.0.1:${camera.port}/s`);
    assert.is(error?.code, "source-unreachable");
    assert.match(error?.message ?? "", /the camera answers 461 Unsupported Transport/);
    assert.is(camera.requests.filter((request) => request.startsWith("SETUP")).length, 2);
    assert.not.ok(process.getActiveResourcesInfo().includes("UDPWrap"));
  } finally {
    camera.close();
  }
});

/** What was asked for, and how it was authorized. */
interface Asked {
  readonly url: string;
  readonly host: string;
  readonly authorization: string | undefined;
}

const askedOf = ({ url = "", headers }: IncomingMessage): Asked => ({
  url,
  host: headers.host?.split(":")[0] ?? "",
  authorization: headers.authorization,
});

testEach(
  "a redirect is followed on the same host and to a host that is listed, without the password there",
  async (ffmpeg) => {
    const asked: Asked[] = [];
    await withHttp(
      (request, response) => {
        const { port } = request.socket.address() as AddressInfo;
        asked.push(askedOf(request));
        if (request.url === "/own") response.writeHead(302, { location: "/clip" }).end();
        else if (request.url === "/other")
          response.writeHead(307, { location: `http://localhost:${port}/clip` }).end();
        else if (request.url === "/loop") response.writeHead(302, { location: "/loop" }).end();
        else if (askedOf(request).host === "127.0.0.1" && request.headers.authorization !== BASIC)
          response.writeHead(401, { "www-authenticate": "Basic realm=x" }).end();
        else response.writeHead(200, { "content-length": mp4.length }).end(mp4);
      },
      async (port) => {
        const at = (path: string) => `http://${ENCODED}@127.0.0.1:${port}${path}`;
        assert.is((await captureAll(at("/own"), { ffmpeg })).frames.length, 25);
        const refused = await captureAll(at("/other"), { ffmpeg });
        assert.match(refused.error?.message ?? "", /it redirects to another host, which is not allowed/);
        assert.match(
          (await captureAll(at("/loop"), { ffmpeg })).error?.message ?? "",
          /it redirects without end/,
        );
        assert.ok(asked.every(({ host }) => host === "127.0.0.1"));
        const listed = await captureListed(at("/other"), ["localhost"], ffmpeg);
        assert.is(listed.frames.length, 25);
        const elsewhere = asked.filter(({ host }) => host === "localhost");
        assert.ok(elsewhere.length > 0);
        assert.ok(elsewhere.every(({ authorization }) => authorization === undefined));
      },
    );
  },
);

testEach("a redirect to another port of the same host is one elsewhere", async (ffmpeg) => {
  const other: Asked[] = [];
  await withHttp(
    (request, response) => {
      other.push(askedOf(request));
      response.writeHead(200, { "content-length": mp4.length }).end(mp4);
    },
    (elsewhere) =>
      withHttp(
        (_, response) =>
          void response.writeHead(302, { location: `http://127.0.0.1:${elsewhere}/clip` }).end(),
        async (port) => {
          const { error } = await captureAll(`http://${ENCODED}@127.0.0.1:${port}/clip`, { ffmpeg });
          assert.match(error?.message ?? "", /it redirects to another host, which is not allowed/);
          assert.equal(other, []);
          const listed = await captureListed(
            `http://${ENCODED}@127.0.0.1:${port}/clip`,
            ["127.0.0.1"],
            ffmpeg,
          );
          assert.is(listed.frames.length, 25);
          assert.equal([...new Set(other.map(({ authorization }) => authorization))], [undefined]);
        },
      ),
  );
});

function captureListed(
  text: string,
  redirectHosts: readonly string[],
  ffmpeg: string,
): Promise<Pick<Captured, "frames">> {
  const source = parseSource(text);
  if (source.kind !== "http") throw new TypeError("It is no address of HTTP");
  const frames: Captured["frames"][number][] = [];
  const ended = new Promise<Pick<Captured, "frames">>((resolve, reject) => {
    const capture = createFfmpegCapture({ ffmpeg }).open(
      { source: { ...source, redirectHosts }, configuration: small(), after: null },
      {
        onInfo: () => {},
        onFrame(frame) {
          frames.push(frame);
          capture.request(1);
        },
        onEnd: (error) => (error === null ? resolve({ frames }) : reject(error)),
      },
    );
    capture.request(1);
  });
  return within(20_000, ended);
}

testEach("an RTSP camera that redirects is not followed", async (ffmpeg) => {
  const other = await startRtspCamera({ clip: annexB });
  const camera = await startRtspCamera({ clip: annexB, redirectTo: `rtsp://127.0.0.1:${other.port}/s` });
  try {
    const { error } = await captureAll(`rtsp://127.0.0.1:${camera.port}/s`, { ffmpeg });
    assert.match(error?.message ?? "", /it redirects to another host, which is not allowed/);
    assert.equal(other.requests, []);
  } finally {
    camera.close();
    other.close();
  }
});

testEach(
  "a playlist or a script over HTTP opens nothing further, neither file nor address",
  async (ffmpeg) => {
    const asked: string[] = [];
    const bodies = (port: number): Readonly<Record<string, string>> => ({
      "/hls": `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:${port}/next.ts\n#EXT-X-ENDLIST\n`,
      "/hls-file": `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://${folder}/relay.mp4\n#EXT-X-ENDLIST\n`,
      "/concat": `ffconcat version 1.0\nfile ${folder}/relay.mp4\n`,
      "/concat-http": `ffconcat version 1.0\nfile http://127.0.0.1:${port}/next.mp4\n`,
      "/dash.mpd": `<?xml version="1.0"?><MPD type="static" mediaPresentationDuration="PT1S" profiles="urn:mpeg:dash:profile:isoff-main:2011"><Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1"><BaseURL>http://127.0.0.1:${port}/next.mp4</BaseURL></Representation></AdaptationSet></Period></MPD>`,
      "/session.sdp":
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=video 9 RTP/AVP 96\r\n",
      "/text": "the secret of this machine\n".repeat(40),
    });
    await withHttp(
      ({ url = "", socket }, response) => {
        asked.push(url);
        response.end(bodies((socket.address() as AddressInfo).port)[url] ?? mp4);
      },
      async (port) => {
        for (const path of Object.keys(bodies(port))) {
          const { error, frames } = await captureAll(`http://127.0.0.1:${port}${path}`, { ffmpeg });
          assert.is(error?.code, "source-invalid", `${path}: ${error?.message ?? ""}`);
          assert.is(frames.length, 0, path);
        }
        assert.not.ok(
          asked.some((url) => url.startsWith("/next")),
          asked.join(),
        );
      },
    );
  },
);

const addressOf = (text: string): NetworkAddress => {
  const source = parseSource(text);
  if (source.kind !== "http" && source.kind !== "rtsp") throw new TypeError(text);
  return source;
};

test("a relay serves no other user of the machine, who may have read its address in a process list", async () => {
  if (process.getuid?.() !== 0) return;
  await withHttp(
    (_, response) => void response.end("a picture"),
    async (port) => {
      const relay = await openRelay(addressOf(`http://127.0.0.1:${port}/x`));
      const { port: relayPort, pathname } = new URL(relay.url);
      const askAs = (uid: number) => {
        const child = spawn(
          "/bin/bash",
          [
            "-c",
            'exec 3<>"/dev/tcp/127.0.0.1/$0"; printf "GET $1 HTTP/1.0\r\n\r\n" >&3; cat <&3',
            relayPort,
            pathname,
          ],
          { uid, gid: uid },
        );
        let heard = "";
        child.stdout.on("data", (chunk: Buffer) => (heard += chunk.toString("latin1")));
        return within(
          10_000,
          once(child, "close").then(() => heard),
          "what it heard",
        );
      };
      assert.match(await askAs(0), /a picture/);
      assert.is(await askAs(65_534), "");
      relay.close();
    },
  );
});

test("a relay serves nobody who does not know its path, and nobody at all once it is closed", async () => {
  await withHttp(
    (_, response) => void response.end("a picture"),
    async (port) => {
      const relay = await openRelay(addressOf(`http://127.0.0.1:${port}/x`));
      const { origin } = new URL(relay.url);
      assert.is(await (await fetch(relay.url)).text(), "a picture");
      for (const path of ["/", "/x", `/${"0".repeat(32)}`, `${new URL(relay.url).pathname}/..`]) {
        assert.is((await fetch(origin + path)).status, 404, path);
      }
      assert.is((await fetch(relay.url, { method: "POST" })).status, 404);
      relay.close();
      relay.close();
      assert.ok((await fetch(relay.url).catch(() => "refused")) === "refused");
    },
  );
  const camera = await startRtspCamera({ clip: annexB });
  const relay = await openRelay(addressOf(`rtsp://127.0.0.1:${camera.port}/s`));
  const socket = connect(Number(new URL(relay.url).port), "127.0.0.1");
  socket.write(`OPTIONS rtsp://127.0.0.1/s RTSP/1.0\r\nCSeq: 1\r\n\r\n`);
  await within(5_000, once(socket, "close"), "the relay to hang up");
  assert.equal(camera.requests, []);
  relay.close();
  camera.close();
});

test.run();
