import { createServer as createHttpServer } from "node:http";
import { createServer, type AddressInfo } from "node:net";
import { readFileSync } from "node:fs";
import { once } from "node:events";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { silentServer } from "../../support/silent-server.js";
import { captureAll, makeClip } from "./clips.js";

const SECRET = "hunter2";

test("an RTSP address that nobody listens on is source-unreachable, without its credentials", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const { error } = await captureAll(`rtsp://admin:${SECRET}@127.0.0.1:${port}/stream?token=${SECRET}`);
  assert.is(error?.code, "source-unreachable");
  assert.is(error?.retry, "backoff");
  assert.match(error?.message ?? "", /Connection refused/);
  assert.match(error?.message ?? "", new RegExp(`"rtsp://\\*\\*\\*@127.0.0.1:${port}/stream\\?\\.\\.\\."`));
  assert.not.match(error?.message ?? "", new RegExp(SECRET));
});

test("an RTSP server that never answers is given up after the connect timeout", async () => {
  const server = silentServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const { error } = await captureAll(`rtsp://127.0.0.1:${port}/stream`, { connectTimeoutMs: 400 });
  assert.is(error?.code, "source-unreachable");
  assert.match(error?.message ?? "", /no answer within 0.4 s/);
  server.close();
});

test("a video over HTTP is read, and one that is not there is source-unreachable", async () => {
  const bytes = readFileSync(makeClip("http.mp4", "25", 1, ["-movflags", "+faststart"]));
  const server = createHttpServer((request, response) => {
    if (request.url === "/clip.mp4") response.writeHead(200, { "content-length": bytes.length }).end(bytes);
    else response.writeHead(404).end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const found = await captureAll(`http://127.0.0.1:${port}/clip.mp4`);
  assert.is(found.error, null);
  assert.is(found.frames.length, 25);
  assert.is(found.info?.durationUs, 1_000_000);
  const missing = await captureAll(`http://u:${SECRET}@127.0.0.1:${port}/none.mp4`);
  assert.is(missing.error?.code, "source-unreachable");
  assert.match(missing.error?.message ?? "", /404/);
  assert.not.match(missing.error?.message ?? "", new RegExp(SECRET));
  server.closeAllConnections();
  server.close();
});

test.run();
