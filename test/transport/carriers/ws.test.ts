import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { WebSocket } from "ws";
import { systemClock } from "../../../src/runtime/clock.js";
import type { ChannelClosed, Listening } from "../../../src/transport/carrier.js";
import { createWsCarrier } from "../../../src/transport/carriers/ws.js";
import { TransportError } from "../../../src/transport/errors.js";
import { carrierContract } from "../../contract/carrier.js";
import { inTemporaryFolder } from "../../support/temporary-folder.js";
import { within } from "../../support/within.js";

const carrier = createWsCarrier({ clock: systemClock, headersTimeoutMs: 200 });

carrierContract("ws carrier", () =>
  Promise.resolve({
    carrier,
    url: "ws://127.0.0.1:0",
    nowhere: "ws://127.0.0.1:1",
    exclusive: true,
    end: () => Promise.resolve(),
  }),
);

/** Listens, lets `attack` loose on it, and checks that a node of good will still gets in. */
async function underAttack(
  attack: (port: number, closes: Promise<ChannelClosed>[]) => Promise<void>,
  options: Parameters<typeof createWsCarrier>[0] = { clock: systemClock, headersTimeoutMs: 200 },
): Promise<Listening["refusals"]> {
  const closes: Promise<ChannelClosed>[] = [];
  const listening = await createWsCarrier(options).listen({
    url: "ws://127.0.0.1:0",
    onChannel(channel) {
      closes.push(
        new Promise((resolve) => {
          channel.start({ onFrame: (frame) => channel.send(frame), onClose: resolve });
        }),
      );
    },
  });
  try {
    await attack(Number(new URL(listening.url).port), closes);
    const honest = await carrier.connect({ url: listening.url });
    const answer = new Promise<Uint8Array>((resolve) => {
      honest.start({ onFrame: resolve, onClose: () => {} });
    });
    honest.send(Uint8Array.of(42));
    assert.equal([...(await within(5_000, answer))], [42]);
    honest.destroy();
    return listening.refusals;
  } finally {
    await listening.close();
  }
}

function dial(port: number): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => resolve(socket));
    socket.on("error", () => {});
  });
}

const gone = (socket: Socket): Promise<void> =>
  within(
    5_000,
    new Promise((resolve) => {
      if (socket.closed) resolve();
      else socket.resume().once("close", () => resolve());
    }),
    "the end of a socket",
  );

const upgrade = (protocol: string): string =>
  `GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n` +
  `Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: ${protocol}\r\n\r\n`;

async function upgraded(port: number): Promise<Socket> {
  const socket = await dial(port);
  const answered = new Promise((resolve) => socket.once("data", resolve));
  socket.write(upgrade("sluice.v1"));
  await within(5_000, answered);
  return socket;
}

test("ws carrier survives garbage, requests of other kinds and incomplete ones, and counts them", async () => {
  const refusals = await underAttack(async (port) => {
    for (const text of [
      "\u0000\u0001\u0002garbage\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
      upgrade("other"),
    ]) {
      const socket = await dial(port);
      socket.write(text);
      await gone(socket);
    }
    const slow = await dial(port);
    slow.write("GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ");
    await gone(slow);
  });
  assert.equal(
    Object.keys(refusals).sort(),
    ["no-http", "no-websocket", "too-slow", "wrong-subprotocol"].sort(),
  );
});

test("ws carrier takes in who came while its process was held up for longer than anybody has to ask", async () => {
  const refusals = await underAttack(async (port) => {
    const socket = await dial(port);
    // It has been accepted, too; then nothing is read for a second.
    await dial(port);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000);
    socket.write(upgrade("sluice.v1"));
    const [answer] = (await within(5_000, once(socket, "data"))) as [Buffer];
    assert.match(answer.toString(), "101 Switching Protocols");
    socket.destroy();
  });
  assert.equal(Object.keys(refusals), []);
});

test("ws carrier closes a channel that breaks the protocol: text, no mask, a frame too long", async () => {
  const codes: string[] = [];
  await underAttack(async (port, closes) => {
    const text = new WebSocket(`ws://127.0.0.1:${port}`, ["sluice.v1"]);
    text.on("error", () => {});
    await within(5_000, new Promise((resolve) => void text.once("open", resolve)));
    text.send("words");
    codes.push((await within(5_000, closes[0] ?? Promise.reject(new Error("none")))).code);
    for (const bytes of [
      // A binary frame of one byte without a mask, and one of 2^40 bytes.
      [0x82, 0x01, 0x00],
      [0x82, 0xff, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 1, 2, 3, 4],
    ]) {
      const socket = await upgraded(port);
      socket.write(Buffer.from(bytes));
      codes.push((await within(5_000, closes.at(-1) ?? Promise.reject(new Error("none")))).code);
      socket.destroy();
    }
  });
  assert.equal(codes, ["protocol-error", "protocol-error", "frame-too-large"]);
});

test("ws carrier accepts a node beside 1,000 idle connections, and closes those", async () => {
  await underAttack(async (port) => {
    const idle = await Promise.all(Array.from({ length: 1_000 }, () => dial(port)));
    // They have sent nothing; the listener ends them as it does half a request.
    await Promise.all(idle.map(gone));
  });
});

test("ws carrier accepts a node beside more silent connections than it keeps, and closes the oldest of those", async () => {
  const refusals = await underAttack(
    async (port) => {
      const sockets = await Promise.all(Array.from({ length: 40 }, () => dial(port)));
      await Promise.all(sockets.slice(0, 20).map(gone));
    },
    // Longer than anybody waits here.
    { clock: systemClock, headersTimeoutMs: 60_000, strangersPerAddress: 10 },
  );
  assert.ok((refusals["too-many-connections"] ?? 0) >= 30, JSON.stringify(refusals));
});

test("ws carrier lets go of a connection that it refuses, also of one that reads nothing and keeps its own end open", async () => {
  await underAttack(async (port) => {
    for (const text of [upgrade("other"), "no request at all\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"]) {
      const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
      socket.on("error", () => {}).pause();
      socket.write(text);
      // Its writes fail once nobody is at the other end any more.
      const writing = setInterval(() => socket.write("x"), 20);
      await within(10_000, new Promise((resolve) => void socket.once("close", resolve)), text);
      clearInterval(writing);
    }
  });
});

test("ws carrier over TLS trusts the authority that it is given, and no other", () =>
  inTemporaryFolder(async (folder) => {
    const [key, certificate] = [join(folder, "key.pem"), join(folder, "certificate.pem")];
    try {
      const make = `req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1`;
      execFileSync("openssl", [...make.split(" "), "-keyout", key, "-out", certificate], { stdio: "ignore" });
    } catch {
      console.log("SKIPPED: there is no openssl to make a certificate with");
      return;
    }
    const tls = { certificate: readFileSync(certificate, "utf8"), key: readFileSync(key, "utf8") };
    const listening = await carrier.listen({
      url: "wss://127.0.0.1:0",
      tls,
      onChannel: (channel) => channel.start({ onFrame: (frame) => channel.send(frame), onClose: () => {} }),
    });
    try {
      const channel = await carrier.connect({ url: listening.url, tls: { authorities: tls.certificate } });
      const answer = new Promise<Uint8Array>((resolve) => {
        channel.start({ onFrame: resolve, onClose: () => {} });
      });
      channel.send(new Uint8Array(100_000).fill(3));
      assert.is((await within(5_000, answer)).byteLength, 100_000);
      channel.destroy();
      const refused = await carrier.connect({ url: listening.url }).catch((error: unknown) => error);
      assert.ok(refused instanceof TransportError && refused.code === "connect-failed");
      assert.match(refused.message, "name its authority with --tls-ca");
      const plain = await carrier
        .connect({ url: listening.url.replace("wss", "ws") })
        .catch((error: unknown) => error);
      assert.ok(plain instanceof TransportError);
    } finally {
      await listening.close();
    }
  }));

test.run();
