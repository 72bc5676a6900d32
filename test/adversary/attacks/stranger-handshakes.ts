/** What somebody without a token can say at the door of a hub that listens beyond loopback. */

import { once } from "node:events";
import type { Socket } from "node:net";
import { WebSocket } from "ws";
import { generateToken, tokenText } from "../../../src/transport/security/token.js";
import { must, type ClusterAttack } from "../kit/attack.js";
import {
  byStranger,
  closed,
  handshakeFrames,
  hello,
  socketTo,
  UPGRADE,
  webSocketTo,
  type Place,
} from "../kit/stranger.js";
import { openWire } from "../kit/wire.js";

const PROOF = { type: "proof", proof: "x".repeat(43) };

async function refusedWith(
  place: Place,
  frames: readonly unknown[],
  codes: readonly string[],
): Promise<void> {
  const refused = await handshakeFrames(place, frames);
  must(refused !== null && codes.includes(refused.code), `it was answered ${JSON.stringify(refused)}`);
}

export const STRANGER_HANDSHAKES: readonly ClusterAttack[] = [
  byStranger("stranger.no-token", "a stranger joins without a token", "counted", async (place) => {
    await refusedWith(place, [hello()], ["token-missing"]);
  }),
  byStranger(
    "stranger.wrong-token",
    "a stranger joins with tokens that it made up, and with a real one's id",
    "counted",
    async (place, scene) => {
      const known = scene.edgeToken.split(".")[0];
      for (const token of [generateToken().id, known, "", "x".repeat(64), "../../etc/pa", "__proto__"]) {
        await refusedWith(place, [hello({ token }), PROOF], ["token-invalid", "token-missing"]);
      }
      const other = await openWire({
        url: scene.url,
        name: "stranger",
        token: tokenText(generateToken()),
      }).then(
        () => "joined",
        (error: unknown) => String(error),
      );
      must(other.includes("token"), other);
    },
  ),
  byStranger(
    "stranger.out-of-turn",
    "a stranger's frames come in any order but the right one",
    "counted",
    async (place) => {
      const codes = ["handshake-failed"];
      await refusedWith(place, [PROOF], codes);
      await refusedWith(place, [hello({ token: generateToken().id }), hello()], codes);
      await refusedWith(
        place,
        [hello({ token: generateToken().id }), hello({ token: generateToken().id }), PROOF],
        codes,
      );
    },
  ),
  byStranger(
    "stranger.odd-hellos",
    "a stranger's first frame is no hello, or an odd one",
    "counted",
    async (place) => {
      const token = generateToken().id;
      const deep = Buffer.from(`${"[".repeat(2_000)}${"]".repeat(2_000)}`);
      for (const frame of [
        Buffer.from("no JSON"),
        Buffer.from([0xff, 0xfe, 0x00]),
        Buffer.alloc(0),
        Buffer.alloc(5_000, 0x20),
        deep,
        Buffer.from("null"),
        Buffer.from('{"__proto__":{"type":"hello"}}'),
        hello({ token, name: "../controller" }),
        hello({ token, name: "a\u001b[2J" }),
        hello({ token, roles: ["king"] }),
        hello({ token, roles: Array.from({ length: 9 }, () => "edge") }),
        hello({ token, pid: -1 }),
        hello({ token, nonce: "short" }),
        hello({ token, url: "file:///etc/passwd" }),
        hello({ token, protocol: "1" }),
        { type: "welcome", proof: null, welcome: {} },
      ]) {
        await refusedWith(place, [frame], ["handshake-failed"]);
      }
      await refusedWith(place, [hello({ token, protocol: 99, protocolMin: 99 })], ["version-incompatible"]);
      await refusedWith(place, [hello({ token, cluster: "another" })], ["cluster-mismatch"]);
    },
  ),
  byStranger("stranger.http", "a stranger speaks HTTP of every kind", "counted", async (place, scene) => {
    for (const text of [
      "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nx",
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffff\r\n",
      "CONNECT internal:80 HTTP/1.1\r\nHost: internal:80\r\n\r\n",
      `GET / HTTP/1.1\r\n${"X: y\r\n".repeat(5_000)}\r\n`,
      "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
      "SSH-2.0-x\r\n",
      "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003",
      `${UPGRADE.replace("sluice.v1", "chat")}\r\n\r\n`,
      `${UPGRADE.replace("Version: 13", "Version: 7")}\r\n\r\n`,
    ]) {
      const socket = await socketTo(place);
      socket.write(text, "latin1");
      await letGoSoon(socket);
    }
    await scene.goesOn(1, 10_000);
  }),
  byStranger(
    "stranger.ws-frames",
    "a stranger breaks the rules of WebSocket: masks, reserved bits, lengths, fragments, texts",
    "counted",
    async (place, scene) => {
      for (const bytes of [
        [0x82, 0x01, 0x00],
        [0xf2, 0x80, 0, 0, 0, 0],
        [0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        [0x80, 0x80, 0, 0, 0, 0],
        [0x83, 0x80, 0, 0, 0, 0],
        [0x89, 0xfe, 0xff, 0xff, 0, 0, 0, 0],
        [0x81, 0x81, 0, 0, 0, 0, 0x41],
        [0x88, 0x81, 0, 0, 0, 0, 0x03],
      ]) {
        const socket = await socketTo(place);
        socket.write(`${UPGRADE}\r\n\r\n`);
        await within10(once(socket, "data"));
        socket.write(Uint8Array.from(bytes));
        await letGoSoon(socket);
      }
      await scene.goesOn(1, 10_000);
    },
  ),
  byStranger(
    "stranger.ws-pings",
    "a stranger sends a WebSocket's pings without end",
    "survived",
    async (place, scene) => {
      const socket = await webSocketTo(place);
      const payload = Buffer.alloc(125);
      for (let n = 0; n < 20_000 && socket.readyState === WebSocket.OPEN; n += 1) socket.ping(payload);
      await scene.goesOn(10, 15_000);
      socket.terminate();
    },
  ),
  byStranger(
    "stranger.to-an-edge",
    "a stranger dials an edge that listens for others",
    "counted",
    async (_, scene) => {
      await refusedWith(scene.edgePlace, [hello()], ["token-missing"]);
      await refusedWith(scene.edgePlace, [hello({ token: generateToken().id }), PROOF], ["token-invalid"]);
      await refusedWith(scene.edgePlace, [Buffer.from("no JSON")], ["handshake-failed"]);
    },
  ),
  byStranger(
    "stranger.token-by-time",
    "a stranger tells known ids of tokens from unknown ones by the time that the hub takes",
    "counted",
    async (place, scene) => {
      const known = scene.edgeToken.split(".")[0] ?? "";
      const times = { known: [] as number[], unknown: [] as number[] };
      // In turn, so that what the machine does besides befalls both.
      for (let turn = 0; turn < 40; turn += 1) {
        times.known.push(await refusalTime(place, known));
        times.unknown.push(await refusalTime(place, generateToken().id));
      }
      const ratio = lowerQuartile(times.known) / lowerQuartile(times.unknown);
      must(ratio < 1.4 && ratio > 0.7, `a known id takes ${ratio.toFixed(2)} times as long`);
    },
  ),
];

async function letGoSoon(socket: Socket): Promise<void> {
  socket.resume();
  await closed(socket).catch(() => must(false, "the connection is kept"));
}

function within10<Value>(work: Promise<Value>): Promise<Value | null> {
  const late = new Promise<null>((resolve) => void setTimeout(resolve, 10_000, null).unref());
  return Promise.race([work, late]);
}

/** From the proof to the refusal, in ms. */
async function refusalTime(place: Place, token: string): Promise<number> {
  const socket = await webSocketTo(place);
  socket.send(Buffer.from(JSON.stringify(hello({ token }))));
  await once(socket, "message");
  const sentMs = performance.now();
  socket.send(Buffer.from(JSON.stringify(PROOF)));
  await once(socket, "message");
  const ms = performance.now() - sentMs;
  socket.terminate();
  return ms;
}

function lowerQuartile(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 4)] ?? 0;
}
