/** Tasks that cannot be, and tasks where they do not belong: what walks the pipelines of others, or takes their places. */

import { allHonest, forgeries, own } from "../kit/claims.js";
import { must, type ClusterAttack } from "../kit/attack.js";
import { edgeAttack } from "../kit/edge-attack.js";
import type { Line } from "../kit/follower.js";
import { JOIN_TASKS_MAX } from "../kit/honest.js";
import { pause } from "../../support/pause.js";
import type { HostileMember } from "../kit/member.js";
import { peakBytes } from "../kit/proc.js";
import type { Scene } from "../kit/scene.js";
import { abandonOf, begun, finished, pipeline, sourceOf, stageOf } from "../kit/tasks.js";

const SEQUENCE_MAX = Number.MAX_SAFE_INTEGER;
/** As many as a task may have: whoever remembers it takes no delivery after it. */
const DELIVERIES_MAX = 1_000_000;
const NOTHING_FOUND = { type: "boxes", frames: [[]] };
/** Tasks of a source until what an attack has sent is there. */
const AHEAD = 8;
/** As many as come while what is parked waits, and then some. */
const PARK_TASKS = 160;
const MIB = 1024 * 1024;
/** As `HUB_BYTES_MAX` leaves beside what a hub holds at rest. */
const GROWTH_MAX_BYTES = 350 * MIB;
const HEAVY_BYTES = 4 * MIB;
const HEAVY_TASKS = 110;
/** More than the joins of the hub have room for. */
const FLOOD = JOIN_TASKS_MAX + 512;
/** Stages of each pipeline that have a task: of all of them several times as many as a hub has threads. */
const STAGES_WALKED = 6;

export const EDGE_WALKS: readonly ClusterAttack[] = [
  edgeAttack(
    "edge.odd-pins",
    "an edge submits tasks pinned to stages that are none, at places that cannot be",
    async (rogue) => {
      for (const [at, pins] of [
        new Map([["nothing", { node: "cloud", ordinal: 0 }]]),
        new Map([["follow", { node: "cloud", ordinal: SEQUENCE_MAX }]]),
        new Map([["find", { node: "cloud", ordinal: 3 }]]),
        new Map([["__proto__", { node: "cloud", ordinal: 0 }]]),
        new Map([["follow", { node: "nowhere", ordinal: 0 }]]),
      ].entries()) {
        const id = { sourceId: `of-${rogue.name}`, incarnation: 1, sequence: at };
        rogue.tell("cloud/controller", {
          type: "submit",
          forwarded: 1,
          task: own(rogue, begun, id, { pins }),
        });
        rogue.tell("cloud/controller", { ...abandonOf(id), pins });
      }
    },
    "survived",
  ),
  edgeAttack(
    "edge.odd-came-from",
    "an edge submits branches that came from no predecessor of their join",
    async (rogue) => {
      for (const [at, cameFrom] of ["find", "nothing", "sift", "follow", "constructor"].entries()) {
        const id = { sourceId: `of-${rogue.name}`, incarnation: 1, sequence: at };
        for (const cursor of ["$end", "sift", "follow", "find"]) {
          const task = own(rogue, finished, id, { cursor, cameFrom });
          rogue.tell("cloud/controller", { type: "submit", task });
        }
      }
    },
    "survived",
  ),
  edgeAttack(
    "edge.odd-tasks",
    "an edge submits tasks that are well-formed and cannot be",
    async (rogue) => {
      const odd: readonly Readonly<Record<string, unknown>>[] = [
        { frameCount: 256, framePtsUs: Array.from({ length: 256 }, () => 0), payload: null },
        { delivery: SEQUENCE_MAX },
        { pipelineVersion: SEQUENCE_MAX },
        { sourceAtMs: -1e300, createdAtMs: 1e300 },
        { deadlineAtMs: -1e300 },
        { joinNodes: new Map([["find", "cloud"]]) },
        { results: new Map([["nothing", { type: "boxes", frames: [[]] }]]) },
        { payload: null },
        { configuration: { width: 0, height: 0, fps: -1, framesPerTask: 0, encoding: "jpeg", quality: 0 } },
        {
          payload: { encoding: "jpeg", width: 0, height: 0, frames: [{ ptsUs: 0, data: new Uint8Array(1) }] },
        },
        { hops: Array.from({ length: 1_024 }, () => hop()) },
        { cursor: "follow", cameFrom: "find" },
      ];
      for (const [at, change] of odd.entries()) {
        const id = { sourceId: `of-${rogue.name}`, incarnation: 1, sequence: at };
        for (const forwarded of [undefined, 0, SEQUENCE_MAX]) {
          const task = own(rogue, begun, id, change);
          rogue.tell("cloud/controller", {
            type: "submit",
            task,
            ...(forwarded !== undefined && { forwarded }),
          });
        }
      }
    },
    "survived",
  ),
  edgeAttack(
    "edge.odd-dags",
    "an edge registers pipelines that are no DAG, or an odd one, and sends tasks through them",
    async (rogue) => {
      rogue.tell("cloud/scheduler", {
        type: "registerNode",
        node: { name: rogue.name, role: "edge", services: ["find"] },
        controller: rogue.ref(`${rogue.name}/controller`),
      });
      const wide = Array.from({ length: 60 }, (_, at) => `s${at}`);
      const shapes: readonly (readonly unknown[])[] = [
        [],
        [stageOf({ id: "a" }), stageOf({ id: "a" })],
        [stageOf({ id: "a", predecessors: ["a"], successors: ["a"] })],
        [
          stageOf({ id: "a", predecessors: ["b"], successors: ["b"] }),
          stageOf({ id: "b", predecessors: ["a"], successors: ["a"] }),
        ],
        [stageOf({ id: "a", predecessors: ["nothing"] })],
        [stageOf({ id: "$end" })],
        [stageOf({ id: "a", stateful: true }), stageOf({ id: "b", stateful: true })],
        [stageOf({ id: "a", service: "__proto__" })],
        [
          stageOf({ id: "root", successors: wide }),
          ...wide.map((id) => stageOf({ id, predecessors: ["root"], successors: ["last"] })),
          stageOf({ id: "last", predecessors: wide }),
        ],
      ];
      for (const [at, stages] of shapes.entries()) {
        const id = `odd-${rogue.name}-${at}`;
        rogue.tell("cloud/scheduler", {
          type: "registerSource",
          source: sourceOf(rogue.name, id, { pipeline: pipeline(id, stages, { joinTimeoutMs: 0.001 }) }),
        });
        for (const cursor of ["a", "root", "last", "$end"]) {
          rogue.tell("cloud/controller", {
            type: "submit",
            forwarded: 1,
            task: own(
              rogue,
              begun,
              { sourceId: id, incarnation: 1, sequence: at },
              { pipelineId: id, cursor },
            ),
          });
        }
      }
    },
    "survived",
  ),
  edgeAttack(
    "edge.stages-flood",
    "an edge registers many pipelines of very many stages and goes, so that all of them are the hub's to run",
    async (rogue, scene) => {
      const wide = Array.from({ length: 60 }, (_, at) => `s${at}`);
      for (let n = 0; n < 40; n += 1) {
        const id = `wide-${rogue.name}-${n}`;
        rogue.tell("cloud/scheduler", {
          type: "registerSource",
          source: sourceOf(rogue.name, id, {
            pipeline: pipeline(
              id,
              wide.map((stage) => stageOf({ id: stage, stateful: n % 2 === 0 })),
            ),
          }),
        });
      }
      await rogue.arrived("cloud");
      for (let n = 0; n < 40; n += 1) {
        const id = { sourceId: `wide-${rogue.name}-${n}`, incarnation: 1, sequence: 0 };
        for (const cursor of wide.slice(n, n + STAGES_WALKED)) {
          const task = own(rogue, begun, id, { pipelineId: id.sourceId, cursor });
          rogue.tell("cloud/controller", { type: "submit", forwarded: 1, task });
        }
      }
      await rogue.arrived("cloud");
      await rogue.leave();
      await scene.goesOn(60, 30_000);
    },
    "survived",
  ),
  edgeAttack(
    "edge.poison-join",
    "an edge sends branches of tasks that another's camera is yet to make, of a delivery beyond all, to where they will meet",
    async (rogue, scene) => {
      const ids = ahead(scene, "cam-2");
      const meet = { delivery: DELIVERIES_MAX, joinNodes: new Map([["$end", "cloud"]]), pins: new Map() };
      for (const id of ids) {
        for (const [cursor, cameFrom] of [
          ["$end", "sift"],
          ["$end", "follow"],
        ]) {
          for (const task of forgeries(rogue, id, (of, change) =>
            finished(of, { ...meet, cursor, cameFrom, ...change }),
          ))
            rogue.tell("cloud/controller", { type: "submit", task });
        }
      }
      await allHonest(scene, ids);
    },
  ),
  edgeAttack(
    "edge.poison-park",
    "an edge sends tasks of another's camera that wait for a pipeline that never comes, so that the hub drops them for all deliveries",
    async (rogue, scene) => {
      const ids = ahead(scene, "cam-2", PARK_TASKS);
      const never = {
        delivery: DELIVERIES_MAX,
        pipelineId: "never",
        joinNodes: new Map([["$end", "cloud"]]),
      };
      for (const id of ids) {
        for (const task of forgeries(rogue, id, (of, change) => begun(of, { ...never, ...change })))
          rogue.tell("cloud/controller", { type: "submit", task });
      }
      await allHonest(scene, ids);
    },
  ),
  edgeAttack(
    "edge.poison-home",
    "an edge sends an honest edge tasks of that one's own camera, for its stages and joins",
    async (rogue, scene) => {
      const ids = ahead(scene, "cam-1");
      const pins = new Map([["follow", { node: "edge-1", ordinal: 0 }]]);
      for (const id of ids) {
        for (const [cursor, cameFrom] of [
          ["find", null],
          ["follow", "find"],
          ["$end", "sift"],
        ]) {
          const results = new Map(cameFrom === null ? [] : [[cameFrom, NOTHING_FOUND]]);
          for (const task of forgeries(rogue, id, (of, change) =>
            begun(of, { delivery: DELIVERIES_MAX, cursor, cameFrom, pins, results, ...change }),
          ))
            rogue.tell("edge-1/controller", { type: "submit", task });
        }
      }
      await rogue.arrived("edge-1");
      await allHonest(scene, ids);
    },
  ),
  edgeAttack(
    "edge.flood-own",
    "an edge floods the hub's joins, its stages and its room for unknown pipelines with tasks of its own source",
    async (rogue, scene) => {
      const sourceId = `flood-${rogue.name}`;
      const from = scene.follower.lines.length;
      for (let sequence = 0; sequence < FLOOD && rogue.cluster.connected; sequence += 1) {
        const id = { sourceId, incarnation: 1, sequence };
        const half = own(rogue, finished, id, {
          cameFrom: "sift",
          joinNodes: new Map([["$end", "cloud"]]),
          hops: [],
        });
        rogue.tell("cloud/controller", { type: "submit", task: half });
        // Of 1,024 places.
        if (sequence % 2 === 0) {
          const parked = own(rogue, begun, id, { pipelineId: "never" });
          rogue.tell("cloud/controller", { type: "submit", forwarded: 1, task: parked });
        }
        if (sequence % 500 === 499) await rogue.arrived("cloud");
      }
      await scene.goesOn(5, 20_000);
      const lost = scene.follower.lines
        .slice(from)
        .filter(({ id, reason }) => id.sourceId.startsWith("cam-") && reason === "overflow").length;
      must(lost === 0, `${lost} tasks of honest sources found no room`);
    },
  ),
  edgeAttack(
    "edge.heavy-joins",
    "an edge leaves large branches of its own tasks waiting at a join of the hub",
    async (rogue, scene) => {
      const before = peakBytes(scene.hub.pid);
      const data = new Uint8Array(HEAVY_BYTES).fill(1);
      const payload = { encoding: "jpeg", width: 16, height: 16, frames: [{ ptsUs: 0, data }] };
      for (let sequence = 0; sequence < HEAVY_TASKS && rogue.cluster.connected; sequence += 1) {
        const id = { sourceId: `heavy-${rogue.name}`, incarnation: 1, sequence };
        const task = own(rogue, finished, id, {
          cameFrom: "sift",
          joinNodes: new Map([["$end", "cloud"]]),
          hops: [],
          payload,
          payloadBytes: HEAVY_BYTES,
        });
        rogue.tell("cloud/controller", { type: "submit", task });
        // What waits at the edge itself costs the hub nothing.
        while (queuedBytes(rogue) > 4 * HEAVY_BYTES && rogue.cluster.connected) await pause();
      }
      const grown = peakBytes(scene.hub.pid) - before;
      must(grown <= GROWTH_MAX_BYTES, `the hub has grown by ${Math.round(grown / MIB)} MiB`);
      await scene.goesOn(3, 20_000);
    },
    "survived",
  ),
];

function queuedBytes({ cluster }: HostileMember): number {
  return cluster.links.reduce((sum, link) => sum + link.queuedBytes, 0);
}

/** The next tasks of an honest source, from far enough that nothing of them is there yet. */
function ahead(scene: Scene, source: string, count = 12): readonly Line["id"][] {
  const newest = scene.newest(source);
  return Array.from({ length: count }, (_, at) => ({ ...newest, sequence: newest.sequence + AHEAD + at }));
}

function hop(): Readonly<Record<string, unknown>> {
  return {
    stage: "find",
    node: "cloud",
    epoch: SEQUENCE_MAX,
    attempt: 0,
    enqueuedAtMs: 1e300,
    startedAtMs: -1e300,
    endedAtMs: 0,
  };
}
