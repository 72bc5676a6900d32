/** Cameras and servers by host name, plain and over TLS, with the ffmpeg of the machine and the one that is carried. */

import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo, Server } from "node:net";
import { join } from "node:path";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { makeCertificate, type Certificate } from "../../support/certificates.js";
import { startRtspCamera } from "../../support/rtsp-camera.js";
import { captureAll, folder, makeClip, runFfmpeg, testEach } from "./clips.js";

const mp4 = readFileSync(makeClip("named.mp4", "25", 1, ["-movflags", "+faststart"]));
const annexB = join(folder, "named.h264");
runFfmpeg([
  "-i",
  makeClip("named-plain.mp4", "25", 8, ["-bf", "0"]),
  "-c",
  "copy",
  "-bsf:v",
  "h264_mp4toannexb",
  annexB,
]);
const own = makeCertificate(folder, "localhost");
/** A camera's own, which knows nothing of how it is reached. */
const strange = makeCertificate(folder, "camera.invalid");

const clip: RequestListener = (_, response) =>
  void response.writeHead(200, { "content-length": mp4.length }).end(mp4);

async function served(
  server: Server & { closeAllConnections(): void },
  work: (port: number) => Promise<void>,
): Promise<void> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    await work((server.address() as AddressInfo).port);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

async function believing(file: string, work: () => Promise<void>): Promise<void> {
  process.env["SLUICE_SOURCE_CA"] = file;
  try {
    await work();
  } finally {
    delete process.env["SLUICE_SOURCE_CA"];
  }
}

const overTls = ({ key, certificate }: Certificate) => createSecureServer({ key, cert: certificate }, clip);

testEach("a server of HTTP is reached by its host name", (ffmpeg) =>
  served(createServer(clip), async (port) => {
    const { frames, error } = await captureAll(`http://localhost:${port}/clip.mp4`, { ffmpeg });
    assert.is(error, null);
    assert.is(frames.length, 25);
  }),
);

testEach("a camera of RTSP is reached by its host name", async (ffmpeg) => {
  const camera = await startRtspCamera({ clip: annexB });
  const { frames } = await captureAll(`rtsp://localhost:${camera.port}/s`, { ffmpeg });
  camera.close();
  // ffmpeg holds the last ones back where a stream breaks off.
  assert.ok(frames.length >= 100, `${frames.length} of 200 frames`);
});

testEach(
  "a camera of RTSP is opened without the loss of the key frame that it begins with",
  async (ffmpeg) => {
    const longGroup = join(folder, "long-group.h264");
    const clip50 = makeClip("long-group.mp4", "25", 2, ["-bf", "0", "-g", "1000"]);
    runFfmpeg(["-i", clip50, "-c", "copy", "-bsf:v", "h264_mp4toannexb", longGroup]);
    const camera = await startRtspCamera({ clip: longGroup });
    const { frames } = await captureAll(`rtsp://127.0.0.1:${camera.port}/s`, { ffmpeg });
    camera.close();
    // ffmpeg holds the last ones back where a stream breaks off.
    assert.ok(frames.length >= 45, `${frames.length} of 50 frames`);
  },
);

if (own !== null && strange !== null) {
  testEach(
    "a server of HTTPS is believed by a certificate of the user's file, and not without it",
    (ffmpeg) =>
      served(overTls(own), async (port) => {
        const source = `https://localhost:${port}/clip.mp4`;
        const { error } = await captureAll(source, { ffmpeg });
        assert.is(error?.code, "source-unreachable");
        assert.match(
          error?.message ?? "",
          /its certificate is not trusted, as it is signed by itself: .* name that in SLUICE_SOURCE_CA/,
        );
        await believing(own.file, async () => {
          assert.is((await captureAll(source, { ffmpeg })).frames.length, 25);
        });
      }),
  );

  testEach(
    "a camera of RTSP over TLS is believed by its own certificate, whatever its name",
    async (ffmpeg) => {
      const camera = await startRtspCamera({ clip: annexB, tls: strange });
      const source = `rtsps://localhost:${camera.port}/s`;
      try {
        assert.match((await captureAll(source, { ffmpeg })).error?.message ?? "", /not trusted/);
        await believing(strange.file, async () => {
          const { frames } = await captureAll(source, { ffmpeg });
          assert.ok(frames.length >= 100, `${frames.length} of 200 frames`);
        });
      } finally {
        camera.close();
      }
    },
  );

  test("a certificate of the file speaks for no other: neither another server's nor another name", () =>
    served(overTls(own), async (port) => {
      await believing(strange.file, async () => {
        const { error } = await captureAll(`https://localhost:${port}/clip.mp4`);
        assert.match(error?.message ?? "", /not trusted/);
      });
    }));
}

test("a file of certificates that has none is certificate-file-invalid, and named", () =>
  served(createServer(clip), async (port) => {
    const empty = join(folder, "no-certificates");
    writeFileSync(empty, "nothing\n");
    for (const [file, reason] of [
      [empty, /it holds no certificate in PEM/],
      [join(folder, "absent"), /ENOENT/],
    ] as const) {
      await believing(file, async () => {
        const { error } = await captureAll(`http://localhost:${port}/clip.mp4`);
        assert.is(error?.code, "certificate-file-invalid");
        assert.match(error?.message ?? "", reason);
        assert.ok(error?.message.includes(file));
      });
    }
  }));

test("a server that speaks no TLS is told from one that is not believed", () =>
  served(createServer(clip), async (port) => {
    const { error } = await captureAll(`https://localhost:${port}/clip.mp4`);
    assert.match(error?.message ?? "", /TLS cannot be agreed on/);
  }));

test.run();
