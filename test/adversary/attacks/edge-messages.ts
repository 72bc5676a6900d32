/** What an edge may say: messages that none knows, orders that are not its to give, and bytes that are no messages. */

import { sampleOf } from "../kit/tasks.js";
import { KIND } from "../../../src/transport/cluster/envelope.js";
import { RECORD } from "../../../src/transport/link/records.js";
import { must, type ClusterAttack } from "../kit/attack.js";
import { edgeAttack } from "../kit/edge-attack.js";
import { chunkOf, envelope, heartbeat, notice, openLarge, record } from "../kit/wire.js";

export const EDGE_MESSAGES: readonly ClusterAttack[] = [
  edgeAttack(
    "edge.sample-lies",
    "an edge samples itself with numbers and names that cannot be",
    async (rogue) => {
      for (const change of [
        { atMs: 1e300 },
        { cpuShare: -1e300, cpuCount: 1e300 },
        { queued: Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`s${n}`, 1e300])) },
        {
          links: {
            "edge-1": { rttMs: -1, bandwidthMbps: 1e300 },
            constructor: { rttMs: 0, bandwidthMbps: null },
          },
        },
        { residentBytes: Number.NaN },
      ]) {
        rogue.tell("cloud/scheduler", {
          type: "resourcesSampled",
          sample: { ...sampleOf(rogue.name), ...change },
        });
      }
      await rogue.arrived("cloud");
    },
    "survived",
  ),
  edgeAttack(
    "edge.unknown-types",
    "an edge tells every component what none of them knows",
    async (rogue, scene) => {
      const types = [
        "tick",
        "replan",
        "flushDue",
        "stageCompleted",
        "__proto__",
        "constructor",
        "toString",
        "",
        7,
        null,
      ];
      const paths = [
        "controller",
        "scheduler",
        "distributor",
        "monitor",
        "agent",
        "guardian",
        "processors",
        "listener",
      ];
      for (const path of [...paths, "source-cam-1", "schedule-listener", "observer-1", "controller/child"]) {
        for (const type of types)
          rogue.tell(`cloud/${path}`, { type, task: {}, replyTo: rogue.ref("cloud/controller") });
        rogue.tell(`cloud/${path}`, null);
        rogue.tell(`cloud/${path}`, [1, 2, 3]);
      }
      await rogue.arrived("cloud");
      await scene.goesOn(1, 10_000);
    },
  ),
  edgeAttack(
    "edge.orders",
    "an edge publishes a table, orders agents and asks for results",
    async (rogue) => {
      const table = {
        term: 2 ** 40,
        epoch: 2 ** 40,
        publishedAtMs: 0,
        pipelines: new Map(),
        sources: new Map(),
        fallback: rogue.name,
      };
      for (const node of ["cloud", "edge-1"]) {
        for (const [path, message] of [
          ["controller", { type: "installTable", table }],
          ["agent", { type: "drain" }],
          ["agent", { type: "drainSource", sourceId: "cam-1" }],
          ["agent", { type: "freeName", name: "edge-1" }],
          ["guardian", { type: "spawn", behaviour: "x", args: 1, options: { name: "x" } }],
        ] as const) {
          const reply = await rogue.ask(`${node}/${path}`, (replyTo) => ({ ...message, replyTo }));
          must(
            reply === "permission-denied",
            `${node}/${path} answered "${message.type}": ${JSON.stringify(reply)}`,
          );
        }
      }
      for (const message of [{ type: "query", query: {} }, { type: "reportTotals" }]) {
        const reply = await rogue.ask("cloud/distributor", (replyTo) => ({ ...message, replyTo }));
        must(reply === "permission-denied", `the distributor answered "${message.type}"`);
      }
      for (const message of [
        { type: "reportNodes" },
        { type: "freeVersion", pipelineId: "honest", version: 1 },
        { type: "pauseSource", sourceId: "cam-1", reason: "" },
        { type: "continueSource", sourceId: "cam-1" },
        { type: "configureSource", sourceId: "cam-1", knobs: { fps: 1 } },
        { type: "reportSources" },
      ]) {
        const reply = await rogue.ask("cloud/scheduler", (replyTo) => ({ ...message, replyTo }));
        must(reply === "permission-denied", `the scheduler answered "${message.type}"`);
      }
    },
  ),
  edgeAttack(
    "edge.sender-forged",
    "an edge sends in the name of another session, and to sessions that are none",
    async (_, scene) => {
      const wire = await scene.wire();
      const cloud = scene.sessionOf("cloud");
      for (const from of [cloud, scene.sessionOf("edge-1"), 0, 0xffffffff]) {
        wire.send(envelope({ from, to: cloud }, "/controller", (writer) => writer.u8(0x80)));
      }
      for (const to of [0, 1, 0xffffffff]) {
        wire.send(envelope({ from: wire.session, to }, "/controller", (writer) => writer.u8(0x80)));
      }
    },
  ),
  edgeAttack(
    "edge.notices",
    "an edge sends the notices that are the hub's, and asks for introductions without end",
    async (_, scene) => {
      const asking = await scene.wire();
      for (let n = 0; n < 2_000; n += 1) {
        asking.send(notice({ type: "introduce", session: scene.sessionOf("edge-1") }));
        // It was offered no such key, so that nobody dials it.
        asking.send(notice({ type: "expecting", session: scene.sessionOf("edge-1"), token: "x.y" }));
      }
      for (const value of [
        { type: "snapshot", sequence: 0, members: [] },
        { type: "goodbye" },
        { type: "introduced", session: 1, token: "x", dial: "ws://127.0.0.1:1" },
        { type: "event", event: { type: "memberLeft", sequence: 1, member: {} } },
        { type: "nothing" },
      ]) {
        const wire = await scene.wire();
        wire.send(notice(value));
        await wire.ended();
      }
    },
  ),
  edgeAttack("edge.link-rubbish", "an edge breaks the rules of its link in every way", async (_, scene) => {
    const broken: readonly (readonly Uint8Array[])[] = [
      [Uint8Array.of(99, 0, 0, 0, 0)],
      [Uint8Array.of(1, 255, 255, 255, 255)],
      [Uint8Array.of(1)],
      [new Uint8Array(200_000).fill(255)],
      [new Uint8Array(300_000)],
      [openLarge(1, 2 ** 40)],
      [openLarge(1, 1_000), openLarge(1, 1_000)],
      [chunkOf(7, 10), new Uint8Array(10)],
      [openLarge(1, 10), chunkOf(1, 11), new Uint8Array(11)],
      [openLarge(1, 10), chunkOf(1, 5), new Uint8Array(6)],
      [record(RECORD.open, (writer) => writer.bytes(Uint8Array.of(1, 0, 0, 0, 9, 1)))],
      [record(RECORD.open, (writer) => writer.bytes(Uint8Array.of(1, 0, 0, 0, 1, 0xc0, 0x84, 0x3d)))],
    ];
    for (const frames of broken) {
      const wire = await scene.wire();
      for (const frame of frames) wire.send(frame);
      await wire.ended();
    }
  }),
  edgeAttack(
    "edge.envelope-rubbish",
    "an edge sends envelopes whose addresses and values are none",
    async (_, scene) => {
      const wire = await scene.wire();
      const to = scene.sessionOf("cloud");
      const own = { from: wire.session, to };
      for (const path of [
        "",
        "/",
        "controller",
        "/../controller",
        `/${"x".repeat(10_000)}`,
        "/contr\0ller",
        "/#5",
      ]) {
        wire.send(envelope(own, path, (writer) => writer.u8(0x80)));
      }
      for (let kind = 0; kind <= 255; kind += 1) {
        if (kind === KIND.flush) continue;
        wire.send(
          record(RECORD.control, (writer) => {
            writer.u32(wire.session);
            writer.u32(to);
            writer.u8(kind);
            writer.bytes(new Uint8Array(kind % 7).fill(kind));
          }),
        );
      }
      for (let tag = 0; tag <= 255; tag += 1) {
        wire.send(
          envelope(own, "/controller", (writer) => {
            writer.u8(tag);
            writer.bytes(new Uint8Array(tag % 11).fill(0xff));
          }),
        );
      }
    },
  ),
  edgeAttack(
    "edge.clock-lies",
    "an edge's heartbeats tell times that cannot be",
    async (_, scene) => {
      const wire = await scene.wire();
      for (const time of [1e300, -1e300, Number.NaN, Infinity, 0, 2 ** 53]) {
        for (const echo of [1e300, -1, Number.NaN, Date.now()]) wire.send(heartbeat(time, echo, time));
      }
      await scene.goesOn(2, 10_000);
    },
    "survived",
  ),
];
