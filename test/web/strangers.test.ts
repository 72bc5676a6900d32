/** What strangers, readers that do not read, and other nodes may not do to a hub's page and its answers. */

import { createServer, request, type IncomingMessage } from "node:http";
import { createServer as createTlsServer, request as tlsRequest } from "node:https";
import { connect, type AddressInfo, type Socket } from "node:net";
import { once } from "node:events";
import * as assert from "uvu/assert";
import { silentLogger } from "../../src/runtime/log.js";
import { createMemoryTokens } from "../../src/transport/security/memory-tokens.js";
import { sendAnswer, type Answer, type Sink } from "../../src/web/answer.js";
import { createDoor, getRoute } from "../../src/web/door.js";
import { hubOf } from "../support/door-hub.js";
import { makeCertificate } from "../support/certificates.js";
import { inTemporaryFolder } from "../support/temporary-folder.js";
import { test } from "../support/test.js";
import { VirtualClock } from "../support/virtual-clock.js";
import { withWebHub } from "../support/web-hub.js";
import { within } from "../support/within.js";

const stream = (body: (sink: Sink) => Promise<void>): Answer => ({
  status: 200,
  contentType: "text/plain",
  body,
});
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

test("sign-ins whose bodies never end keep nobody else from signing in, and no probe from its answer", () =>
  withWebHub({}, async ({ web, url }) => {
    const port = Number(new URL(url).port);
    const sockets: Socket[] = [];
    try {
      for (let n = 0; n < 64; n += 1) {
        const socket = connect(port, "127.0.0.1").on("error", () => {});
        sockets.push(socket);
        await once(socket, "connect");
        socket.write(
          `POST /session HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\norigin: ${url}\r\ncontent-length: 100\r\n\r\n{`,
        );
      }
      const health = await fetch(`${url}/health`);
      const body = JSON.stringify({ code: web.newCode() });
      const signedIn = await fetch(`${url}/session`, { method: "POST", headers: { origin: url }, body });
      assert.equal([health.status, signedIn.status], [200, 200]);
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  }));

test("a stream whose reader has gone before it begins ends at once", async () => {
  const ended: string[] = [];
  let begin: () => void = () => {};
  const done = new Promise<void>((resolve) => (begin = resolve));
  const server = createServer((asked, response) => {
    response.on("close", () => {
      const body = async (sink: Sink): Promise<void> => {
        while (sink.isOpen) await sink.write("more");
        await sink.closed;
        ended.push("ended");
      };
      void sendAnswer(response, stream(body), false).then(begin);
    });
    asked.resume();
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const sent = request({ port, host: "127.0.0.1" }).on("error", () => {});
  sent.end();
  server.once("request", () => sent.destroy());
  await within(5_000, done, "the end of the stream");
  assert.equal(ended, ["ended"]);
  server.close();
});

test("a stream that nobody reads is let go of after half a minute, and one that is read is not", async () => {
  const clock = new VirtualClock();
  const door = createDoor({ tokens: null, clock, log: silentLogger });
  const seen = { isOver: false, writes: 0 };
  const body = async (sink: Sink): Promise<void> => {
    for (; sink.isOpen; seen.writes += 1) await sink.write("x".repeat(65_536));
    seen.isOver = true;
  };
  door.open(new Map([["/stream", getRoute(() => stream(body), "operators")]]), hubOf());
  const server = createServer((asked, response) => door.handle(asked, response, () => {}));
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const sent = request({ port, host: "127.0.0.1", path: "/stream" }).on("error", () => {});
  sent.end();
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  response.on("error", () => {});
  // What is read here may be what the system held: time passes as the other end goes on.
  const read = async (): Promise<void> => {
    for (const { writes } = { ...seen }; seen.writes === writes && !seen.isOver; await turn())
      while (response.read() !== null);
  };
  for (let checks = 0; checks < 30; checks += 1) {
    await within(20_000, read(), "another piece of the stream");
    clock.advance(2_000);
  }
  assert.is(seen.isOver, false);
  const unread = async (): Promise<void> => {
    while (!seen.isOver) {
      clock.advance(2_000);
      await turn();
    }
  };
  await within(20_000, unread(), "the end of the stream");
  // What it has not read would keep it open.
  sent.destroy();
  server.closeAllConnections();
  server.close();
});

test("a stream ends with the token that it was opened with", () =>
  inTemporaryFolder(async (folder) => {
    const made = makeCertificate(folder, "localhost");
    if (made === null) return;
    const clock = new VirtualClock();
    const tokens = createMemoryTokens();
    const token = tokens.create({ roles: ["operator"], grants: [], expiresAtMs: clock.now() + 3_600_000 });
    const door = createDoor({ tokens, clock, log: silentLogger });
    const body = async (sink: Sink): Promise<void> => {
      await sink.write("first");
      await sink.closed;
    };
    door.open(new Map([["/stream", getRoute(() => stream(body), "operators")]]), hubOf());
    const { key, certificate } = made;
    const server = createTlsServer({ key, cert: certificate }, (asked, response) =>
      door.handle(asked, response, () => {}),
    );
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const headers = { host: "hub.example", authorization: `Bearer ${token}` };
    const sent = tlsRequest({
      port,
      host: "127.0.0.1",
      servername: "localhost",
      path: "/stream",
      headers,
      ca: certificate,
    });
    sent.on("error", () => {}).end();
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    const seen = { isOver: false };
    response.on("error", () => {}).on("close", () => (seen.isOver = true));
    response.resume();
    for (let checks = 0; checks < 20; checks += 1) {
      clock.advance(2_000);
      await turn();
    }
    assert.is(seen.isOver, false);
    tokens.revoke(token.slice(0, token.indexOf(".")));
    const ended = async (): Promise<void> => {
      while (!seen.isOver) {
        clock.advance(2_000);
        await turn();
      }
    };
    await within(20_000, ended(), "the end of the stream");
    server.closeAllConnections();
    server.close();
  }));

test.run();
