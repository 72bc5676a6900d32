/** A peer that proves its token and then sends bytes of its own making, below any actor: records, envelopes, rubbish. */

import { once } from "node:events";
import { WebSocket } from "ws";
import type { Lane, Role } from "../../../src/index.js";
import { KIND, writeAddress } from "../../../src/transport/cluster/envelope.js";
import { ByteWriter } from "../../../src/transport/codec/byte-writer.js";
import { encodeValue } from "../../../src/transport/codec/encode.js";
import { DialerHandshake } from "../../../src/transport/link/dialer-handshake.js";
import { RECORD, RECORD_HEADER_BYTES } from "../../../src/transport/link/records.js";
import { within } from "../../support/within.js";

export interface WireOptions {
  readonly url: string;
  readonly token: string | null;
  readonly name: string;
  readonly roles?: readonly Role[];
}

export interface Wire {
  readonly name: string;
  /** That the hub gave it. */
  readonly session: number;
  send(bytes: Uint8Array): void;
  /** Of what was sent, bytes that the socket has not taken. */
  readonly unsent: number;
  /** Reads nothing more, and heartbeats on. */
  stopReading(): void;
  readonly isOpen: boolean;
  /** Resolves once the hub has ended it. */
  ended(): Promise<void>;
  close(): void;
}

const HEARTBEAT_MS = 200;

/** @throws TransportError why the hub refuses it */
export async function openWire({ url, token, name, roles = ["edge"] }: WireOptions): Promise<Wire> {
  const socket = new WebSocket(url, ["sluice.v1"], { perMessageDeflate: false, generateMask: () => {} });
  socket.on("error", () => {});
  const handshake = new DialerHandshake({
    identity: { cluster: null, name, roles, url: null, version: "", pid: 0 },
    token,
    nonce: () => "hostile-nonce-of-twenty-four",
  });
  const welcome = new Promise<{ readonly session: number }>((resolve, reject) => {
    socket.on("open", () => socket.send(handshake.start()));
    socket.on("close", () => reject(new Error("closed")));
    const onFrame = (data: unknown): void => {
      if (!Buffer.isBuffer(data)) return;
      const step = handshake.receive(data);
      if (step.type === "send") {
        socket.send(step.frame);
        return;
      }
      socket.off("message", onFrame);
      if (step.type === "failed") reject(step.error);
      else resolve(Object(step.welcome) as { readonly session: number });
    };
    socket.on("message", onFrame);
  });
  const { session } = await within(20_000, welcome, `"${name}" to be welcome`);
  const beat = setInterval(() => {
    if (socket.readyState === WebSocket.OPEN) socket.send(heartbeat());
  }, HEARTBEAT_MS);
  socket.once("close", () => clearInterval(beat));
  return {
    name,
    session,
    send: (bytes) => socket.send(bytes),
    get unsent() {
      return socket.bufferedAmount;
    },
    stopReading: () => socket.pause(),
    get isOpen() {
      return socket.readyState === WebSocket.OPEN;
    },
    async ended() {
      // One that does not read does not see the end.
      socket.resume();
      if (socket.readyState === WebSocket.CLOSED) return;
      await within(20_000, once(socket, "close"), `the hub to end "${name}"`);
    },
    close() {
      clearInterval(beat);
      socket.terminate();
    },
  };
}

/** One record of a link: `u8 type, u32 length`, and what `write` writes. */
export function record(type: number, write: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter();
  writer.begin();
  writer.u8(type);
  writer.u32(0);
  write(writer);
  writer.patchU32(1, writer.length - RECORD_HEADER_BYTES);
  const { buffer, start, end } = writer.finish();
  return buffer.subarray(start, end);
}

export function heartbeat(sentAtMs = Date.now(), echoedMs = 0, heldMs = 0): Uint8Array {
  return record(RECORD.heartbeat, (writer) => {
    writer.f64(sentAtMs);
    writer.f64(echoedMs);
    writer.f64(heldMs);
  });
}

export function credit(limit: number): Uint8Array {
  return record(RECORD.credit, (writer) => writer.f64(limit));
}

export function notice(value: unknown): Uint8Array {
  return record(RECORD.notice, (writer) => encodeValue(writer, value, []));
}

interface Envelope {
  readonly from: number;
  readonly to: number;
  readonly lane?: Lane;
}

/** A message to `path` of the member with session `to`. */
export function envelope(
  { from, to, lane = "control" }: Envelope,
  path: string,
  write: (writer: ByteWriter) => void,
): Uint8Array {
  return record(RECORD[lane], (writer) => {
    writer.u32(from);
    writer.u32(to);
    writer.u8(KIND.tell);
    writeAddress(writer, path, null);
    write(writer);
  });
}

export function watch({ from, to }: Envelope, id: number, path: string): Uint8Array {
  return record(RECORD.control, (writer) => {
    writer.u32(from);
    writer.u32(to);
    writer.u8(KIND.watch);
    writer.varint(id);
    writeAddress(writer, path, null);
  });
}

/** Begins a message of `bytes` in one part. */
export function openLarge(id: number, bytes: number, lane: 0 | 1 = 1): Uint8Array {
  return record(RECORD.open, (writer) => {
    writer.u32(id);
    writer.u8(lane);
    writer.varint(1);
    writer.varint(bytes);
    writer.u8(0);
    writer.varint(0);
  });
}

/** Begins a message of so many parts of a byte each. */
export function openParts(id: number, parts: number): Uint8Array {
  return record(RECORD.open, (writer) => {
    writer.u32(id);
    writer.u8(1);
    writer.varint(parts);
    for (let part = 0; part < parts; part += 1) {
      writer.varint(1);
      writer.u8(0);
    }
    writer.varint(0);
  });
}

/** Says that the next frame is so many bytes of message `id`. */
export function chunkOf(id: number, bytes: number): Uint8Array {
  return record(RECORD.chunk, (writer) => {
    writer.u32(id);
    writer.u32(bytes);
  });
}
