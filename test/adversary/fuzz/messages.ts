/** Messages of prng, from a member that has joined, to every component. */

import type { ActorRef } from "../../../src/index.js";
import type { Prng } from "../../../src/simulation/prng.js";
import { KIND, writeAddress } from "../../../src/transport/cluster/envelope.js";
import { ByteWriter } from "../../../src/transport/codec/byte-writer.js";
import { encodeValue } from "../../../src/transport/codec/encode.js";
import { RECORD, RECORD_HEADER_BYTES } from "../../../src/transport/link/records.js";
import { openWire } from "../kit/wire.js";
import { EDGE_SHAPES, mutated, OPERATOR_SHAPES } from "./shapes.js";
import { withTarget } from "./target.js";

const BATCH = 200;
let joined = 0;

/** Sends `count` messages of prng to a hub and an edge that work meanwhile. @throws Breach */
export async function fuzzMessages(prng: Prng, role: "edge" | "operator", count: number): Promise<void> {
  await withTarget(async ({ hub, url, token, check }) => {
    const name = `fuzz-${role}`;
    const open = () =>
      openWire({ url, token: token([role]), name: `${name}-${(joined += 1)}`, roles: [role] });
    let wire = await open();
    const shapes = role === "edge" ? EDGE_SHAPES : OPERATOR_SHAPES;
    const sessionOf = (node: string): number =>
      [...(hub.cluster?.members.values() ?? [])].find((member) => member.name === node)?.session ?? 0;
    for (let sent = 0; sent < count; sent += BATCH) {
      if (!wire.isOpen) wire = await open();
      const writer = new ByteWriter();
      const frames: Uint8Array[] = [];
      for (let n = 0; n < BATCH; n += 1) {
        const shape = prng.pick(shapes);
        const to = sessionOf(prng.happens(0.9) ? "cloud" : "edge-1");
        frames.push(strangeMessage(prng, { writer, wire, to, shape }));
      }
      for (const frame of joinedFrames(frames)) wire.send(frame);
      while (wire.isOpen && wire.unsent > 1024 * 1024)
        await new Promise((resolve) => void setImmediate(resolve));
      // Today's failures of components end the hub, and what comes then would tell nothing more.
      if (sent % (50 * BATCH) === 0) await check();
    }
    await check();
    wire.close();
  });
}

function strangeMessage(
  prng: Prng,
  given: {
    readonly writer: ByteWriter;
    readonly wire: { readonly session: number; readonly name: string };
    readonly to: number;
    readonly shape: (typeof EDGE_SHAPES)[number];
  },
): Uint8Array {
  const { writer, wire, to, shape } = given;
  const ref = (address: string): ActorRef<unknown> => ({ address, tell: () => {}, toJSON: () => address });
  writer.begin();
  writer.u8(RECORD.data);
  writer.u32(0);
  writer.u32(wire.session);
  writer.u32(to);
  const kind = prng.happens(0.95)
    ? KIND.tell
    : prng.pick([KIND.ask, KIND.watch, KIND.unwatch, KIND.terminated, KIND.lost]);
  writer.u8(kind);
  if (kind !== KIND.tell) writer.varint(prng.between(0, 1_000));
  const path = prng.happens(0.9)
    ? shape.path
    : prng.pick(["/guardian", "/processors", "/nobody", "/controller/x", "/$ask/1"]);
  writeAddress(writer, path, prng.happens(0.95) ? null : prng.between(1, 2 ** 40));
  const start = writer.length;
  try {
    encodeValue(writer, mutated(prng, shape, wire.name, ref), []);
  } catch {
    // What its own encoder refuses, such as an undefined in a place for it: an empty message is sent.
    writer.abandon();
    return strangeMessage(prng, given);
  }
  if (prng.happens(0.05)) writer.bytes(Buffer.alloc(prng.between(0, 9), prng.between(0, 255)));
  writer.patchU32(1, writer.length - RECORD_HEADER_BYTES);
  const bodyBytes = writer.length - start;
  const { buffer, start: from, end } = writer.finish();
  const bytes = Buffer.from(buffer.subarray(from, end));
  // Of the message, not of the record around it: that would end the link.
  if (prng.happens(0.1) && bodyBytes > 0) {
    bytes[bytes.length - prng.between(1, bodyBytes)] = prng.between(0, 255);
  }
  return bytes;
}

/** Rows of records, none longer than a frame may be. */
function joinedFrames(records: readonly Uint8Array[]): readonly Uint8Array[] {
  const frames: Uint8Array[] = [];
  let row: Uint8Array[] = [];
  let bytes = 0;
  for (const one of records) {
    if (bytes + one.byteLength > 200_000) {
      frames.push(Buffer.concat(row));
      row = [];
      bytes = 0;
    }
    row.push(one);
    bytes += one.byteLength;
  }
  frames.push(Buffer.concat(row));
  return frames;
}
