/** A node under attack from one that has a token: nothing crashes, nothing is executed, and legitimate traffic goes on. */

import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { MemoryStore } from "../../src/storage/results/memory-store.js";
import { startNode } from "../../src/node/node.js";
import type { ActorRef } from "../../src/runtime/actor-ref.js";
import type { Behaviour } from "../../src/runtime/behaviour.js";
import { parseNodeName } from "../../src/runtime/address.js";
import { systemClock } from "../../src/runtime/clock.js";
import { CodedError } from "../../src/runtime/errors.js";
import { silentLogger } from "../../src/runtime/log.js";
import { encodeValue } from "../../src/transport/codec/encode.js";
import { dial } from "../../src/transport/cluster/dial.js";
import { RECORD } from "../../src/transport/link/records.js";
import { ByteWriter } from "../../src/transport/codec/byte-writer.js";
import { carrier, NEVER, scene } from "../support/hostile-scene.js";
import { within } from "../support/within.js";
import { pause } from "../support/pause.js";

test("an edge that publishes a routing table, spawns on the cloud or orders it about is denied, and counted", async () => {
  await scene(async ({ cloud, rogue, count }) => {
    const made: unknown[] = [];
    cloud.registerBehaviour("anything", (args) => {
      made.push(args);
      return { start: () => null, receive: () => null };
    });
    const { ask } = await rogue();
    const table = {
      term: 1e9,
      epoch: 1e9,
      publishedAtMs: 0,
      pipelines: new Map(),
      sources: new Map(),
      fallback: "rogue-0",
    };
    assert.is(
      await ask("/controller", (replyTo) => ({ type: "installTable", table, replyTo })),
      "permission-denied",
    );
    const spawn = { type: "spawn", behaviour: "anything", args: 1, options: { name: "x" } };
    assert.is(await ask("/guardian", (replyTo) => ({ ...spawn, replyTo })), "permission-denied");
    assert.is(await ask("/agent", (replyTo) => ({ type: "drain", replyTo })), "permission-denied");
    const removal = { type: "removeNode", node: "edge-1" };
    assert.is(await ask("/scheduler", (replyTo) => ({ ...removal, replyTo })), "permission-denied");
    const query = { type: "query", query: {} };
    assert.is(await ask("/distributor", (replyTo) => ({ ...query, replyTo })), "permission-denied");
    assert.equal(made, []);
    assert.is(count("denied"), 5);
    assert.is(count("denied:rogue-0"), 5);
  });
});

test("messages that are none, nested deeply, polluted or with paths for names change nothing, and are counted", async () => {
  await scene(async ({ rogue, count }) => {
    const { tell, ask } = await rogue();
    let deep: unknown = 1;
    for (let n = 0; n < 60; n++) deep = [deep];
    const task = (change: object) => ({ type: "submit", task: { id: {}, ...change } });
    const nonsense = [
      { type: "submit" },
      task({ pipelineId: "../../etc/passwd" }),
      task({ results: deep }),
      { type: "submit", task: JSON.parse('{"id":{"sourceId":"a","incarnation":-1}}') as unknown },
      task({ voucher: new Uint8Array(3) }),
    ];
    for (const message of nonsense) tell("/controller", message);
    tell("/distributor", { type: "store", task: { origin: "file:///etc/passwd" } });
    tell("/distributor", { type: "recordDrop", drop: { reason: "because" } });
    tell("/scheduler", { type: "resourcesSampled", sample: { node: "rogue-0" } });
    // In order behind all of them.
    assert.is(await ask("/nobody", (replyTo) => ({ replyTo })), "actor-stopped");
    assert.is(count("malformed"), 8);
    assert.is(({} as Record<string, unknown>)["polluted"], undefined);
  });
});

test("a peer whose link breaks the rules is put out, and one that forges a sender is not heard", async () => {
  await scene(async ({ cloud, url, tokens, count }) => {
    const token = tokens.create({ roles: ["edge"], grants: [], expiresAtMs: NEVER });
    let joined = 0;
    /** A peer that has joined, and sends bytes instead of what a link would. */
    const raw = async (bytes: Uint8Array) => {
      const { handover } = await dial({
        carrier,
        connect: { url },
        identity: {
          cluster: null,
          name: `raw-${(joined += 1)}`,
          roles: ["edge"],
          url: null,
          version: "",
          pid: 1,
        },
        token,
        nonce: () => "n".repeat(20),
        clock: systemClock,
        handshakeMs: 2_000,
      });
      handover.channel.send(bytes);
      return handover;
    };
    const down = (name: string): Promise<string> =>
      within(
        5_000,
        new Promise((resolve) => {
          cloud.cluster?.subscribe((event) => {
            if (event.type === "memberDown" && event.member.name === name) resolve(event.reason);
          });
        }),
      );
    const record = (type: number, write: (writer: ByteWriter) => void): Uint8Array => {
      const writer = new ByteWriter(4_096);
      writer.begin();
      writer.u8(type);
      writer.u32(0);
      write(writer);
      writer.patchU32(1, writer.length - 5);
      const { buffer, start, end } = writer.finish();
      return buffer.subarray(start, end);
    };
    const broken: readonly Uint8Array[] = [
      new Uint8Array([99, 0, 0, 0, 0]),
      new Uint8Array([1, 255, 255, 255, 255]),
      new Uint8Array(200_000).fill(255),
      // A message of a terabyte, and a chunk of nothing.
      record(RECORD.open, (writer) => {
        writer.u32(1);
        writer.u8(1);
        writer.varint(1);
        writer.varint(2 ** 40);
        writer.u8(1);
        writer.varint(0);
      }),
      record(RECORD.chunk, (writer) => {
        writer.u32(77);
        writer.u32(0);
      }),
      record(RECORD.notice, (writer) => encodeValue(writer, { type: "goodbye" }, [])),
      record(RECORD.notice, (writer) => encodeValue(writer, { type: "event", event: {} }, [])),
    ];
    for (const [at, bytes] of broken.entries()) {
      const gone = down(`raw-${at + 1}`);
      const { channel } = await raw(bytes);
      // A chunk of nothing shows once its bytes are due.
      channel.send(new Uint8Array([1]));
      await gone;
    }
    assert.is(count("link-malformed"), broken.length);
    const session = cloud.cluster?.members.get(cloud.name)?.session ?? 0;
    const forger = await raw(
      record(RECORD.control, (writer) => {
        writer.u32(session);
        writer.u32(session);
        writer.u8(1);
        writer.text("/controller");
        writer.varint(0);
        encodeValue(writer, { type: "tick" }, []);
      }),
    );
    while (count("sender-forged") === 0) await pause();
    forger.channel.destroy();
  });
});

test("a program's own actor that fails on what an edge sends it is restarted as often, and its node goes on", async () => {
  await scene(async ({ cloud, rogue, failures }) => {
    const picky: Behaviour<
      number,
      { readonly values: readonly string[]; readonly replyTo: ActorRef<number> }
    > = {
      start: () => 0,
      receive(count, { values, replyTo }) {
        replyTo.tell(values.length);
        return count + 1;
      },
    };
    const own = cloud.system.spawn(picky, { name: "picky", restart: "permanent" });
    const { tell, ask } = await rogue();
    for (let time = 0; time < 6; time++) tell("/picky", { values: null });
    assert.is(await ask("/picky", (replyTo) => ({ values: 5, replyTo: { replyTo } })), "actor-failed");
    assert.is(await ask("/picky", (replyTo) => ({ values: ["a"], replyTo })), "answered");
    assert.equal(failures, []);
    assert.is(cloud.system.deadLetters.countByReason.failed, 7);
    assert.is(await cloud.system.ask<never, number>(own, (replyTo) => ({ values: [], replyTo }) as never), 0);
  });
});

test("a member that asks for direct links without end is heard so often and no more", async () => {
  await scene(async ({ cloud, url, tokens, count }) => {
    const { handover } = await dial({
      carrier,
      connect: { url },
      identity: { cluster: null, name: "asker", roles: ["edge"], url: null, version: "", pid: 1 },
      token: tokens.create({ roles: ["edge"], grants: [], expiresAtMs: NEVER }),
      nonce: () => "n".repeat(20),
      clock: systemClock,
      handshakeMs: 2_000,
    });
    const session = cloud.cluster?.members.get(parseNodeName("edge-1"))?.session ?? 0;
    const writer = new ByteWriter(256);
    for (let time = 0; time < 2_000; time++) {
      writer.begin();
      writer.u8(RECORD.notice);
      writer.u32(0);
      encodeValue(writer, { type: "introduce", session }, []);
      writer.patchU32(1, writer.length - 5);
      const { buffer, start, end } = writer.finish();
      handover.channel.send(buffer.slice(start, end));
    }
    while (count("introduction-refused:asker") < 500) await pause();
    handover.channel.destroy();
  });
});

test("a hub beyond loopback takes in nobody without tokens, and does not even start", async () => {
  const refused = await startNode({
    name: "open",
    listen: "ws://0.0.0.0:0",
    store: new MemoryStore(),
    log: silentLogger,
  }).catch((error: unknown) => error);
  assert.ok(refused instanceof CodedError && refused.code === "token-missing");
});

test.run();
