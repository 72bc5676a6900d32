/** Memory and time that an edge can take from a hub. */

import type { ByteWriter } from "../../../src/transport/codec/byte-writer.js";
import { encodeValue } from "../../../src/transport/codec/encode.js";
import { pause } from "../../support/pause.js";
import { must, type ClusterAttack } from "../kit/attack.js";
import type { HostileMember } from "../kit/member.js";
import { peakBytes } from "../kit/proc.js";
import type { Scene } from "../kit/scene.js";
import { begun } from "../kit/tasks.js";
import {
  chunkOf,
  credit,
  envelope,
  heartbeat,
  notice,
  openLarge,
  openParts,
  watch,
  type Wire,
} from "../kit/wire.js";

const MIB = 1024 * 1024;
/** More than the hub may take of all peers together. */
const GROWTH_MAX_BYTES = 350 * MIB;
const CHUNK_BYTES = 32 * 1024;

function attack(
  id: string,
  what: string,
  expected: ClusterAttack["expected"],
  play: ClusterAttack["play"],
): ClusterAttack {
  return { id, who: "edge", what, expected, against: "cluster", play };
}

/** The hub's memory grows no further while `send` sends, again and again, until it is over or the peer is put out. */
async function flood(scene: Scene, wire: Wire, rounds: number, send: (round: number) => void): Promise<void> {
  const before = peakBytes(scene.hub.pid);
  for (let round = 0; round < rounds && wire.isOpen; round += 1) {
    send(round);
    while (wire.isOpen && wire.unsent > 4 * MIB) await pause();
    const grown = peakBytes(scene.hub.pid) - before;
    must(grown <= GROWTH_MAX_BYTES, `the hub has grown by ${Math.round(grown / MIB)} MiB`);
  }
}

/** A large message that is begun and never ended, but for its last chunk. */
function unfinished(wire: Wire, id: number, bytes: number): void {
  wire.send(openLarge(id, bytes, 0));
  const chunk = Buffer.alloc(CHUNK_BYTES, id);
  for (let sent = 0; sent + CHUNK_BYTES < bytes; sent += CHUNK_BYTES) {
    wire.send(chunkOf(id, CHUNK_BYTES));
    wire.send(chunk);
  }
}

/** Values of few bytes: a tag, and a count or a length that is not there. */
const BOMBS: readonly ((writer: ByteWriter) => void)[] = [
  counted(0x89, 2 ** 40),
  counted(0x88, 2 ** 50),
  counted(0x8b, 1_000_000),
  counted(0x87, 8_000),
  (writer) => {
    writer.u8(0x90);
    writer.u8(0);
    writer.varint(0);
  },
  // Arrays within arrays, and an error whose cause is an error.
  (writer) => {
    for (let n = 0; n < 100; n += 1) counted(0x89, 1)(writer);
    writer.u8(1);
  },
  (writer) => {
    for (let n = 0; n < 200; n += 1) writer.bytes(Uint8Array.of(0x8d, 8, 0, 0));
  },
];

function counted(tag: number, count: number): (writer: ByteWriter) => void {
  return (writer) => {
    writer.u8(tag);
    writer.varint(count);
  };
}

export const EDGE_MEMORY: readonly ClusterAttack[] = [
  attack(
    "edge.control-to-the-deaf",
    "an edge reads nothing, and another sends it all that it can on the lane that has no credit",
    "survived",
    async (scene) => {
      const sink = await scene.wire();
      sink.send(credit(1e300));
      sink.stopReading();
      const spout = await scene.wire();
      const bytes = Buffer.alloc(8 * 1024, 7);
      const message = envelope(
        { from: spout.session, to: scene.sessionOf(sink.name), lane: "control" },
        "/x",
        (writer) => {
          writer.u8(0x8f);
          writer.u8(0);
          writer.varint(4_000);
          writer.bytes(bytes.subarray(0, 4_000));
        },
      );
      // 600 MiB, in messages of the lane that has no credit of its own.
      await flood(scene, spout, 600, () => {
        for (let n = 0; n < 250; n += 1) spout.send(message);
      });
    },
  ),
  attack(
    "edge.credit-without-end",
    "an edge grants credit without end and reads nothing; another sends it data",
    "counted",
    async (scene) => {
      const sink = await scene.wire();
      sink.send(credit(1e300));
      sink.stopReading();
      const spout = await scene.member();
      const before = peakBytes(scene.hub.pid);
      for (let round = 0; round < 100; round += 1) {
        for (let n = 0; n < 4; n += 1) spout.tell(`${sink.name}/x`, { data: new Uint8Array(2 * MIB) });
        const sent = spout.cluster.links[0]?.sentBytes ?? 0;
        while (spout.cluster.connected && (spout.cluster.links[0]?.queuedBytes ?? 0) > 16 * MIB) {
          await pause();
          if (!sinkLives(scene, sink.name)) break;
        }
        const grown = peakBytes(scene.hub.pid) - before;
        must(
          grown <= GROWTH_MAX_BYTES,
          `the hub has grown by ${Math.round(grown / MIB)} MiB at ${Math.round(sent / MIB)} MiB`,
        );
        if (!spout.cluster.connected || !sinkLives(scene, sink.name)) return;
      }
    },
  ),
  attack("edge.pings-unread", "an edge pings without end and reads no answer", "survived", async (scene) => {
    const wire = await scene.wire();
    wire.stopReading();
    const address = `sluice://${wire.name}/${"x".repeat(120)}/${"y".repeat(120)}`;
    const replyTo = { address, tell: () => {}, toJSON: () => address };
    const ping = envelope({ from: wire.session, to: scene.sessionOf("cloud") }, "/monitor", (writer) => {
      encodeValue(writer, { type: "ping", sentAtMs: 1, replyTo }, []);
    });
    await flood(scene, wire, 100, () => {
      for (let n = 0; n < 1_000; n += 1) wire.send(ping);
    });
  }),
  attack(
    "edge.heartbeats-unread",
    "an edge asks for heartbeats without end and reads none of them",
    "counted",
    async (scene) => {
      const wire = await scene.wire();
      wire.stopReading();
      const asking = heartbeat();
      const many = Buffer.concat(Array.from({ length: 5_000 }, () => asking));
      await flood(scene, wire, 3_000, () => wire.send(many));
      await wire.ended();
    },
  ),
  attack(
    "edge.introductions",
    "an edge has itself introduced to another one without end",
    "counted",
    async (scene) => {
      const wire = await scene.wire();
      const asking = notice({ type: "introduce", session: scene.sessionOf("edge-1") });
      const many = Buffer.concat(Array.from({ length: 1_000 }, () => asking));
      await flood(scene, wire, 100, () => wire.send(many));
      await scene.goesOn(1, 12_000);
    },
  ),
  attack(
    "edge.many-parts",
    "an edge begins messages of very many parts and ends none",
    "counted",
    async (scene) => {
      const wire = await scene.wire();
      await flood(scene, wire, 40, (round) => {
        for (let n = 0; n < 100; n += 1) wire.send(openParts(round * 100 + n, 4_096));
      });
      await wire.ended();
    },
  ),
  attack(
    "edge.unfinished-messages",
    "an edge begins large messages on many links and ends none",
    "counted",
    async (scene) => {
      for (let link = 0; link < 8; link += 1) {
        const wire = await scene.wire();
        await flood(scene, wire, 2, (round) => unfinished(wire, round + 1, 40 * MIB));
      }
      await scene.goesOn(1, 12_000);
      const grown = peakBytes(scene.hub.pid);
      must(grown <= 600 * MIB, `the hub holds ${Math.round(grown / MIB)} MiB`);
    },
  ),
  attack(
    "edge.message-too-large",
    "an edge begins a message that is larger than any may be",
    "counted",
    async (scene) => {
      for (const bytes of [65 * MIB, 2 ** 31, 2 ** 52]) {
        const wire = await scene.wire();
        wire.send(openLarge(1, bytes));
        await wire.ended();
      }
    },
  ),
  attack("edge.control-flood", "an edge floods the lane that has no credit", "counted", async (scene) => {
    const wire = await scene.wire();
    const message = envelope({ from: wire.session, to: scene.sessionOf("cloud") }, "/nobody", (writer) =>
      writer.u8(0),
    );
    const many = Buffer.concat(Array.from({ length: 1_000 }, () => message));
    await flood(scene, wire, 1_000, () => wire.send(many));
    must(!wire.isOpen || wire.unsent > 0, "it was let send a million of them");
    await wire.ended();
  }),
  attack("edge.watch-flood", "an edge watches more than a node can", "counted", async (scene) => {
    const wire = await scene.wire();
    const own = { from: wire.session, to: scene.sessionOf("cloud") };
    const twice = watch(own, 1, "/controller");
    wire.send(twice);
    wire.send(twice);
    await flood(scene, wire, 101, (round) => {
      wire.send(
        Buffer.concat(
          Array.from({ length: 1_000 }, (_, n) => watch(own, 2 + round * 1_000 + n, "/controller")),
        ),
      );
    });
  }),
  attack("edge.decode-bombs", "an edge sends few bytes that are much to decode", "counted", async (scene) => {
    const wire = await scene.wire();
    const own = { from: wire.session, to: scene.sessionOf("cloud") };
    for (let turn = 0; turn < 50; turn += 1)
      for (const bomb of BOMBS) wire.send(envelope(own, "/controller", bomb));
    const sets = envelope(own, "/controller", (writer) => {
      writer.u8(0x89);
      writer.varint(3_000);
      for (let n = 0; n < 3_000; n += 1) {
        writer.u8(0x8c);
        writer.varint(0);
      }
    });
    await flood(scene, wire, 50, () => wire.send(sets));
  }),
  attack(
    "edge.parked-tasks",
    "an edge sends large tasks of pipelines that no table has, for the hub to keep",
    "survived",
    async (scene) => {
      const rogue = await scene.member();
      const before = peakBytes(scene.hub.pid);
      for (let n = 0; n < 400 && rogue.cluster.connected; n += 1) {
        parked(rogue, n);
        if (n % 20 === 19) await rogue.arrived("cloud");
        const grown = peakBytes(scene.hub.pid) - before;
        must(grown <= GROWTH_MAX_BYTES, `the hub has grown by ${Math.round(grown / MIB)} MiB`);
      }
    },
  ),
  attack(
    "edge.all-at-once",
    "edges take what they can of all that a hub holds for others, at the same time",
    "counted",
    async (scene) => {
      const gangs = [];
      for (let n = 0; n < 4; n += 1) {
        gangs.push({ n, wire: await scene.wire(), rogue: await scene.member(), sink: await scene.wire() });
      }
      await Promise.all(
        gangs.map(async ({ n, wire, rogue, sink }) => {
          sink.send(credit(1e300));
          sink.stopReading();
          for (let round = 0; round < 40 && rogue.cluster.connected; round += 1) {
            // What is begun and never whole, what waits for a table, and what waits for somebody who does not read.
            if (round < 2 && wire.isOpen) unfinished(wire, round + 1, 40 * MIB);
            for (let k = 0; k < 4; k += 1) parked(rogue, n * 1_000 + round * 4 + k);
            rogue.tell(`${sink.name}/x`, { data: new Uint8Array(2 * MIB) });
            // And control messages, which need no credit.
            rogue.tell(`${sink.name}/x`, { data: new Uint8Array(MIB) }, "control");
            await rogue.arrived("cloud").catch(() => {});
          }
        }),
      );
    },
  ),
];

/** A task of 1.5 MB that the hub keeps, as it may soon be told of its pipeline. */
function parked(rogue: HostileMember, sequence: number): void {
  const id = { sourceId: `of-${rogue.name}`, incarnation: 1, sequence };
  const data = new Uint8Array(1_000 * 500 * 3);
  rogue.tell("cloud/controller", {
    type: "submit",
    forwarded: 1,
    task: begun(id, {
      pipelineId: "never",
      payload: { encoding: "rgb", width: 1_000, height: 500, frames: [{ ptsUs: 0, data }] },
    }),
  });
}

function sinkLives(scene: Scene, name: string): boolean {
  return scene.sessionOf(name) !== 0;
}
