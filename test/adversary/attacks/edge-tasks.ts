/** Tasks and decisions of others, forged by an edge that has a token of its own. */

import { allHonest, forgeries } from "../kit/claims.js";
import { SOURCES_OF_NODE_MAX } from "../../../src/task/limits.js";
import { must, type ClusterAttack } from "../kit/attack.js";
import type { Line } from "../kit/follower.js";
import { PIPELINE } from "../kit/honest-pipeline.js";
import type { HostileMember } from "../kit/member.js";
import { until } from "../kit/programs.js";
import type { Scene } from "../kit/scene.js";
import { abandonOf, closingOf, dropOf, finished, originOf, sourceOf, vouchedBy } from "../kit/tasks.js";

const SEQUENCE_MAX = Number.MAX_SAFE_INTEGER;
/** How far ahead of the stream an attack reaches, and how many tasks of it. */
const AHEAD = 4;
const MANY = 12;
const AHEAD_MS = 15_000;
const NAMES = 12_000;

type Play = ClusterAttack["play"];

function attack(
  id: string,
  what: string,
  play: (rogue: HostileMember, scene: Scene) => Promise<void>,
  expected: ClusterAttack["expected"] = "counted",
): ClusterAttack {
  const run: Play = async (scene) => {
    const rogue = await scene.member();
    await play(rogue, scene);
    await rogue.arrived("cloud");
  };
  return { id, who: "edge", what, expected, against: "cluster", play: run };
}

/** The next tasks of an honest source. */
function nextOf(scene: Scene, source: string): readonly Line["id"][] {
  const newest = scene.newest(source);
  return Array.from({ length: MANY }, (_, at) => ({ ...newest, sequence: newest.sequence + AHEAD + at }));
}

/** A controller that keeps the tasks that it is given and hands each on to the cloud, which does what it was to do. */
function takesTasks(rogue: HostileMember): readonly Readonly<Record<string, unknown>>[] {
  const taken: Readonly<Record<string, unknown>>[] = [];
  const receive = (state: null, message: Readonly<Record<string, unknown>>): null => {
    if (message["type"] !== "submit") return state;
    taken.push(message["task"] as Readonly<Record<string, unknown>>);
    rogue.tell("cloud/controller", message);
    return state;
  };
  rogue.system.spawn({ start: () => null, receive }, { name: "controller" });
  return taken;
}

/** Where the stage "sift" of the second source runs from now on. */
async function placeSift({ scout }: Scene, sift: readonly string[]): Promise<void> {
  const parameters = { placement: { find: ["cloud"], sift, follow: ["cloud"] } };
  const reply = await scout.ask("cloud/scheduler", (replyTo) => ({
    type: "setPolicy",
    sourceId: "cam-2",
    policy: { name: "fixed", parameters },
    replyTo,
  }));
  if (Object(reply)["type"] !== "policySet")
    throw new Error(`The stage cannot be placed: ${JSON.stringify(reply)}`);
}

/** What a task and its drop have in common: what its node vouched for. */
function vouchedPartOf(task: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const keys = ["id", "delivery", "pipelineId", "pipelineVersion", "framePtsUs", "sourceAtMs", "createdAtMs"];
  const all = [...keys, "joinNodes", "pins", "origin", "voucher"];
  return Object.fromEntries(all.map((key) => [key, task[key]]));
}

/** Nothing of `source` was stored. */
async function unseen(scene: Scene, source: string): Promise<void> {
  await scene.goesOn(2, AHEAD_MS);
  const seen = scene.follower.lines.filter(({ id }) => id.sourceId === source).length;
  must(seen === 0, `${seen} records of "${source}" were stored`);
}

export const EDGE_TASKS: readonly ClusterAttack[] = [
  attack(
    "edge.forge-result",
    "an edge stores results of tasks that another's camera is yet to make, vouched for by nobody, by its own key, and as its own",
    async (rogue, scene) => {
      const ids = nextOf(scene, "cam-1");
      for (const id of ids) {
        for (const task of forgeries(rogue, id, finished))
          rogue.tell("cloud/distributor", { type: "store", task });
      }
      await allHonest(scene, ids);
    },
  ),
  attack(
    "edge.forge-drop",
    "an edge drops tasks that another's camera is yet to make, in its own name and in that of its node",
    async (rogue, scene) => {
      const ids = nextOf(scene, "cam-1");
      const waiting = { joinNodes: new Map([["$end", "cloud"]]), pins: new Map() };
      for (const id of ids) {
        for (const node of ["edge-1", rogue.name]) {
          for (const drop of forgeries(rogue, id, (of, change) =>
            dropOf(of, { node, ...waiting, ...change }),
          ))
            rogue.tell("cloud/distributor", { type: "recordDrop", drop });
        }
      }
      await allHonest(scene, ids);
    },
  ),
  attack(
    "edge.forge-closing",
    "an edge closes the incarnation of another's source, by its own key and as its own",
    async (rogue, scene) => {
      const newest = scene.newest("cam-1");
      for (const end of ["ended", "replaced"]) {
        for (const closing of forgeries(rogue, newest, (of, change) => closingOf(of, { end, ...change })))
          rogue.tell("cloud/distributor", { type: "recordClosing", closing });
      }
      await rogue.arrived("cloud");
      const ids = nextOf(scene, "cam-1");
      await allHonest(scene, ids);
      must(!scene.follower.lines.some(({ type }) => type === "closed"), "the incarnation is closed");
    },
  ),
  attack(
    "edge.forge-abandon",
    "an edge abandons another's tasks at the hub, in all deliveries to come",
    async (rogue, scene) => {
      const ids = nextOf(scene, "cam-2");
      for (const id of ids) rogue.tell("cloud/controller", abandonOf(id));
      await allHonest(scene, ids);
    },
  ),
  attack(
    "edge.forge-abandon-at-edge",
    "an edge abandons another's tasks at that other edge",
    async (rogue, scene) => {
      const ids = nextOf(scene, "cam-1");
      for (const id of ids) rogue.tell("edge-1/controller", abandonOf(id));
      await allHonest(scene, ids);
    },
  ),
  attack(
    "edge.forge-submit",
    "an edge submits another's task with results of its own making, to be stored by the hub",
    async (rogue, scene) => {
      const ids = nextOf(scene, "cam-2");
      for (const id of ids) {
        for (const task of forgeries(rogue, id, finished))
          rogue.tell("cloud/controller", { type: "submit", forwarded: 1, task });
      }
      await allHonest(scene, ids);
    },
  ),
  attack(
    "edge.voucher-altered",
    "an edge's own voucher is for one delivery: it stores that with each thing changed that it vouched for",
    async (rogue, scene) => {
      const of = { sourceId: `own-${rogue.name}`, incarnation: 1, sequence: 0 };
      const origin = originOf(rogue.name, of);
      const { voucher } = vouchedBy(rogue.vouch, finished(of, { origin }));
      for (const change of [
        { id: { ...of, sequence: 1 } },
        { id: { ...of, incarnation: 2 } },
        { delivery: 2 },
        { pipelineVersion: 2 },
        { pipelineId: "other" },
        { framePtsUs: [1] },
        { frames: { afterUs: null, firstUs: 0, lastUs: 0 } },
        { sourceAtMs: 0 },
        { createdAtMs: 0 },
        { joinNodes: new Map([["$end", "cloud"]]) },
        { pins: new Map([["follow", { node: "cloud", ordinal: 7 }]]) },
        { origin: originOf("edge-1", of) },
      ]) {
        rogue.tell("cloud/distributor", {
          type: "store",
          task: finished(of, { origin, voucher, ...change }),
        });
      }
      await unseen(scene, of.sourceId);
    },
  ),
  attack(
    "edge.voucher-twice",
    "an edge stores a task of its own, and then again with another outcome and as a drop: the first stands",
    async (rogue, scene) => {
      const of = { sourceId: `twice-${rogue.name}`, incarnation: 1, sequence: 0 };
      const origin = originOf(rogue.name, of);
      const task = vouchedBy(rogue.vouch, finished(of, { origin }));
      const drop = vouchedBy(rogue.vouch, dropOf(of, { origin, node: rogue.name }));
      rogue.tell("cloud/distributor", { type: "store", task });
      await rogue.arrived("cloud");
      await scene.goesOn(2, AHEAD_MS);
      for (let n = 0; n < 20; n += 1) {
        rogue.tell("cloud/distributor", { type: "recordDrop", drop });
        rogue.tell("cloud/distributor", { type: "store", task: { ...task, results: new Map() } });
      }
      await rogue.arrived("cloud");
      await scene.goesOn(2, AHEAD_MS);
      const own = scene.follower.lines.filter(({ id }) => id.sourceId === of.sourceId);
      must(own.length === 1 && own[0]?.type === "result", `it has ${own.length} records`);
    },
  ),
  attack(
    "edge.voucher-of-others",
    "an edge that runs a stage of another's source replays its tasks' vouchers: altered, and as drops of what is stored",
    async (_, scene) => {
      const name = "runs-a-stage";
      const rogue = await scene.member({ name });
      const taken = takesTasks(rogue);
      rogue.tell("cloud/scheduler", {
        type: "registerNode",
        node: { name, role: "edge", services: ["sift"] },
        controller: rogue.ref(`${name}/controller`),
      });
      await rogue.arrived("cloud");
      const { id: pipelineId, version: pipelineVersion } = PIPELINE;
      rogue.tell("cloud/scheduler", {
        type: "stagesLoaded",
        node: name,
        stages: [{ pipelineId, pipelineVersion, stage: "sift" }],
      });
      await placeSift(scene, [name]);
      try {
        await until(() => taken.length >= MANY);
      } finally {
        await placeSift(scene, ["cloud"]);
      }
      const ids = taken.map(({ id }) => id as Line["id"]);
      await allHonest(scene, ids);
      for (const task of taken) {
        for (const change of [{ createdAtMs: 0 }, { framePtsUs: [7] }, { delivery: 2 }]) {
          const results = finished(task["id"] as Line["id"])["results"];
          rogue.tell("cloud/distributor", {
            type: "store",
            task: { ...task, results, cursor: "$end", payload: null, ...change },
          });
        }
        rogue.tell("cloud/distributor", {
          type: "recordDrop",
          drop: { ...dropOf(task["id"] as Line["id"], { node: name }), ...vouchedPartOf(task) },
        });
      }
      await rogue.arrived("cloud");
      await scene.goesOn(2, AHEAD_MS);
      await allHonest(scene, ids);
    },
  ),
  attack(
    "edge.forge-settled",
    "an edge tells another's generator that its tasks are stored",
    async (rogue, scene) => {
      const ids = nextOf(scene, "cam-1");
      for (const id of ids)
        rogue.tell("edge-1/source-cam-1", { type: "taskSettled", id, outcome: { status: "stored" } });
      await rogue.arrived("edge-1");
      await allHonest(scene, ids);
    },
  ),
  attack(
    "edge.forge-undelivered",
    "an edge tells another's generator again and again that its tasks reached nobody",
    async (rogue, scene) => {
      const ids = nextOf(scene, "cam-1");
      // Again and again: what is not yet made cannot be undelivered.
      for (let turn = 0; turn < 100; turn += 1) {
        for (const id of ids) rogue.tell("edge-1/source-cam-1", { type: "undelivered", id });
        await rogue.arrived("edge-1");
      }
      await allHonest(scene, ids);
    },
    "survived",
  ),
  attack(
    "edge.unregistered-source",
    "an edge stores results of a source that nobody has registered, and for which nobody vouches",
    async (rogue, scene) => {
      for (let sequence = 0; sequence < 5; sequence += 1) {
        const id = { sourceId: "nobodys", incarnation: 1, sequence };
        for (const origin of [originOf("edge-1", id), originOf(rogue.name, id), originOf("nowhere", id)])
          rogue.tell("cloud/distributor", { type: "store", task: finished(id, { origin }) });
      }
      await unseen(scene, "nobodys");
    },
  ),
  attack(
    "edge.names-squatted",
    "an edge vouches for tasks of 12,000 sources, so that no name is left for others",
    async (rogue, scene) => {
      for (let n = 0; n < NAMES; n += 1) {
        const id = { sourceId: `squat-${rogue.name}-${n}`, incarnation: 1, sequence: 0 };
        const drop = dropOf(id, { origin: originOf(rogue.name, id), node: rogue.name });
        rogue.tell("cloud/distributor", { type: "recordDrop", drop: vouchedBy(rogue.vouch, drop) });
        if (n % 1_000 === 999) await rogue.arrived("cloud");
      }
      await scene.goesOn(2, AHEAD_MS);
      const own = new Set(
        scene.follower.lines
          .map(({ id }) => id.sourceId)
          .filter((id) => id.startsWith(`squat-${rogue.name}`)),
      );
      must(own.size <= SOURCES_OF_NODE_MAX, `it has ${own.size} sources`);
      const other = await scene.member();
      const reply = await other.ask("cloud/scheduler", (replyTo) => ({
        type: "registerSource",
        source: sourceOf(other.name, `squat-${rogue.name}-${NAMES - 1}`),
        replyTo,
      }));
      must(Object(reply)["type"] === "policySet", `another one is told ${JSON.stringify(reply)}`);
    },
  ),
  attack(
    "edge.sequence-max",
    "an edge stores a task with the highest sequence that a number can be, its own and another's",
    async (rogue, scene) => {
      const { sourceId, incarnation } = scene.newest("cam-1");
      for (const sequence of [SEQUENCE_MAX, SEQUENCE_MAX - 1, 2 ** 48 + 1, 2 ** 40]) {
        for (const task of forgeries(rogue, { sourceId, incarnation, sequence }, finished))
          rogue.tell("cloud/distributor", { type: "store", task });
      }
      await scene.goesOn(2, AHEAD_MS);
      const seen = scene.follower.lines.filter(({ id }) => id.sequence >= 2 ** 40).length;
      must(seen === 0, `${seen} such records of "cam-1" were stored`);
    },
  ),
  attack(
    "edge.incarnation-max",
    "an edge stores a task of an incarnation that never will be",
    async (rogue, scene) => {
      for (const incarnation of [SEQUENCE_MAX, 2 ** 47]) {
        for (const task of forgeries(rogue, { sourceId: "cam-1", incarnation, sequence: 0 }, finished))
          rogue.tell("cloud/distributor", { type: "store", task });
      }
      await scene.goesOn(2, AHEAD_MS);
      const seen = scene.follower.lines.filter((line) => line.id.incarnation >= 2 ** 47).length;
      must(seen === 0, "it was stored");
    },
  ),
];
