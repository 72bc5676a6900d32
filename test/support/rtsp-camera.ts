/** A camera that speaks RTSP with its media in the same connection, as far as ffmpeg needs it: H.264, sent at once. */

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { createServer as createSecureServer } from "node:tls";
import { RtspSplitter, type RtspMessage } from "../../src/actors/generator/rtsp-splitter.js";

export interface RtspCameraOptions {
  /** H.264 by Annex B, no B-frames. */
  readonly clip: string;
  /** Times that it is sent, one behind the other. Default 1. */
  readonly rounds?: number;
  /** What is wrong with the authorization of a request: values of `WWW-Authenticate`; null where it may pass. */
  readonly challenge?: (
    method: string,
    uri: string,
    authorization: string | null,
  ) => readonly string[] | null;
  /** Speaks RTSP over TLS, by these. */
  readonly tls?: { readonly key: string; readonly certificate: string };
  /** Answers each SETUP by this status. */
  readonly setup?: string;
  /** Answers each DESCRIBE by a redirect. */
  readonly redirectTo?: string;
}

export interface RtspCamera {
  readonly port: number;
  /** Method and address of each request. */
  readonly requests: readonly string[];
  close(): void;
}

const FPS = 25;
const CLOCK_HZ = 90_000;
/** Below the size of a packet on most networks. */
const PAYLOAD_BYTES_MAX = 1_200;

export async function startRtspCamera(options: RtspCameraOptions): Promise<RtspCamera> {
  const pictures = picturesOf(readFileSync(options.clip));
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const serve = (socket: Socket): void => {
    sockets.add(socket);
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
    const splitter = new RtspSplitter(
      () => {},
      (message) => {
        requests.push(`${message.method} ${message.uri}`);
        answer(socket, message, pictures, options);
      },
    );
    socket.on("data", (chunk: Buffer) => void splitter.accept(chunk));
  };
  const { tls } = options;
  const server =
    tls === undefined
      ? createServer(serve)
      : createSecureServer({ key: tls.key, cert: tls.certificate }, serve).on("tlsClientError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function answer(
  socket: Socket,
  message: RtspMessage,
  pictures: readonly (readonly Buffer[])[],
  { challenge, redirectTo, setup, rounds = 1 }: RtspCameraOptions,
): void {
  const reply = (status: string, headers: readonly string[] = [], body = ""): void => {
    const length = body === "" ? [] : [`Content-Length: ${body.length}`];
    const lines = [`RTSP/1.0 ${status}`, `CSeq: ${message.header("cseq") ?? ""}`, ...headers, ...length];
    socket.write(`${lines.join("\r\n")}\r\n\r\n${body}`);
  };
  const { method, uri } = message;
  if (method === "OPTIONS") return reply("200 OK", ["Public: OPTIONS, DESCRIBE, SETUP, PLAY"]);
  const wanted = challenge?.(method, uri, message.header("authorization")) ?? null;
  if (wanted !== null)
    return reply(
      "401 Unauthorized",
      wanted.map((value) => `WWW-Authenticate: ${value}`),
    );
  if (method === "DESCRIBE" && redirectTo !== undefined)
    return reply("302 Found", [`Location: ${redirectTo}`]);
  if (method === "DESCRIBE") {
    const media = "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\n";
    const session = `v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=cam\r\nt=0 0\r\n${media}a=control:track1\r\n`;
    return reply("200 OK", [`Content-Base: ${uri}/`, "Content-Type: application/sdp"], session);
  }
  if (method === "SETUP" && setup !== undefined) return reply(setup);
  if (method === "SETUP") {
    return reply("200 OK", ["Transport: RTP/AVP/TCP;unicast;interleaved=0-1", "Session: 1;timeout=60"]);
  }
  reply("200 OK", ["Session: 1"]);
  if (method === "PLAY") play(socket, pictures, rounds);
}

function play(socket: Socket, pictures: readonly (readonly Buffer[])[], rounds: number): void {
  let sequence = 0;
  for (let index = 0; index < pictures.length * rounds; index++) {
    const units = pictures[index % pictures.length] ?? [];
    const time = Math.round((index * CLOCK_HZ) / FPS);
    for (const [nth, unit] of units.entries()) {
      const last = nth === units.length - 1;
      for (const { payload, ends } of payloadsOf(unit)) {
        const packet = Buffer.alloc(16);
        packet[0] = 0x24;
        packet.writeUInt16BE(12 + payload.length, 2);
        packet[4] = 0x80;
        packet[5] = 96 | (ends && last ? 0x80 : 0);
        packet.writeUInt16BE((sequence += 1) & 0xffff, 6);
        packet.writeUInt32BE(time, 8);
        packet.writeUInt32BE(1, 12);
        socket.write(Buffer.concat([packet, payload]));
      }
    }
  }
  socket.end();
}

/** Whole, or as fragments FU-A (RFC 6184, 5.8). */
function payloadsOf(unit: Buffer): readonly { readonly payload: Buffer; readonly ends: boolean }[] {
  if (unit.length <= PAYLOAD_BYTES_MAX) return [{ payload: unit, ends: true }];
  const head = unit[0] ?? 0;
  const fragments: { payload: Buffer; ends: boolean }[] = [];
  for (let from = 1; from < unit.length; from += PAYLOAD_BYTES_MAX) {
    const ends = from + PAYLOAD_BYTES_MAX >= unit.length;
    const mark = (from === 1 ? 0x80 : 0) | (ends ? 0x40 : 0) | (head & 31);
    const indicator = Buffer.from([(head & 0xe0) | 28, mark]);
    fragments.push({
      payload: Buffer.concat([indicator, unit.subarray(from, from + PAYLOAD_BYTES_MAX)]),
      ends,
    });
  }
  return fragments;
}

/** The units of each picture, by start codes: one slice a picture, with what stands before it. */
function picturesOf(bytes: Buffer): readonly (readonly Buffer[])[] {
  const starts: number[] = [];
  for (
    let at = bytes.indexOf("\0\0\u0001", 0, "latin1");
    at >= 0;
    at = bytes.indexOf("\0\0\u0001", at + 3, "latin1")
  ) {
    starts.push(at + 3);
  }
  const pictures: Buffer[][] = [];
  let current: Buffer[] = [];
  for (const [index, start] of starts.entries()) {
    let end = (starts[index + 1] ?? bytes.length + 3) - 3;
    while (end > start && bytes[end - 1] === 0) end -= 1;
    const unit = bytes.subarray(start, end);
    const type = (unit[0] ?? 0) & 31;
    if (type === 6 || type === 9) continue;
    current.push(unit);
    if (type === 1 || type === 5) {
      pictures.push(current);
      current = [];
    }
  }
  return pictures;
}
