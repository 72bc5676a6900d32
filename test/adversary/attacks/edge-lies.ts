/** What an edge may well say of itself, and says falsely: times, tables, what it has loaded, what it takes. */

import { must, type ClusterAttack } from "../kit/attack.js";
import { countsOf, growth, type Counts } from "../kit/counts.js";
import { edgeAttack } from "../kit/edge-attack.js";
import type { HostileMember } from "../kit/member.js";
import { peakBytes } from "../kit/proc.js";
import { registerNode, tableOf } from "../kit/scheduled.js";
import type { Scene } from "../kit/scene.js";
import { credit } from "../kit/wire.js";
import { PIPELINE } from "../kit/honest-pipeline.js";
import { until } from "../kit/programs.js";

const MIB = 1024 * 1024;
const MAX = Number.MAX_SAFE_INTEGER;
const PINGS = 4;
/** What a member's word of what it has loaded may make at once, and some that others make meanwhile. */
const TABLES_MAX = 64 + 40;
const GROWTH_MAX_BYTES = 350 * MIB;

export const EDGE_LIES: readonly ClusterAttack[] = [
  edgeAttack(
    "edge.pong-lies",
    "an edge answers pings and probes again and again, with other times, as others, and what nobody has asked",
    async (rogue, scene) => {
      const before = await countsIn(scene);
      const pings = answerFalsely(rogue);
      await registerNode(rogue, ["find"]);
      await until(() => pings.count >= PINGS);
      const { nodes } = (await scene.scout.ask("cloud/scheduler", (replyTo) => ({
        type: "reportNodes",
        replyTo,
      }))) as unknown as {
        readonly nodes: readonly {
          readonly description: { readonly name: string };
          readonly sample: Sample | null;
        }[];
      };
      for (const { description, sample } of nodes) {
        for (const [peer, { rttMs, bandwidthMbps }] of Object.entries(sample?.links ?? {})) {
          const what = `${description.name} tells of ${peer}`;
          must(rttMs >= 0 && rttMs < 60_000, `${what} a round trip of ${rttMs} ms`);
          must(
            bandwidthMbps === null || (bandwidthMbps > 0 && bandwidthMbps < 1e9),
            `${what} ${bandwidthMbps} Mbit/s`,
          );
        }
      }
      const { ofOthers } = pings;
      for (const name of ["cloud", "edge-1", "edge-2"]) await rogue.arrived(name);
      const { denied = 0 } = growth(before, await countsIn(scene));
      must(denied >= ofOthers, `of ${ofOthers} answers in the name of others ${denied} are denied`);
      await scene.goesOn(2, 12_000);
    },
  ),
  edgeAttack(
    "edge.table-lies",
    "an edge says that it has tables that were never sent, older ones, and that others have them",
    async (rogue, scene) => {
      await registerNode(rogue, ["find"]);
      const before = await tableOf(scene);
      for (let turn = 0; turn < 200; turn += 1) {
        for (const node of [rogue.name, "edge-1", "edge-2", "cloud"]) {
          for (const epoch of [before.table.epoch + 1 + turn, before.table.epoch + 1, 0, 1, MAX])
            rogue.tell("cloud/scheduler", { type: "tableInstalled", node, epoch });
        }
      }
      await rogue.arrived("cloud");
      const { table, acknowledged } = await tableOf(scene);
      for (const [node, epoch] of Object.entries(acknowledged))
        must(epoch <= table.epoch, `${node} has epoch ${epoch} before there is one`);
      // The next table comes to those of whom it was said that they have it.
      await setFind(scene, ["cloud", "edge-2"]);
      try {
        await acknowledgedBy(scene, ["cloud", "edge-1", "edge-2"]);
      } finally {
        await setFind(scene, ["cloud"]);
      }
      await scene.goesOn(2, 12_000);
    },
  ),
  edgeAttack(
    "edge.stages-lies",
    "an edge says that it has loaded what it cannot, what is not there, another thing each time, and that others have lost theirs",
    async (rogue, scene) => {
      await registerNode(rogue, ["find", "sift", "follow"]);
      const { id: pipelineId, version: pipelineVersion, stages } = PIPELINE;
      const honest = stages.map(({ id: stage }) => ({ pipelineId, pipelineVersion, stage }));
      const absent = (count: number) =>
        Array.from({ length: count }, (_, at) => ({ pipelineId: "absent", pipelineVersion: at, stage: "s" }));
      const before = await tableOf(scene);
      for (const node of ["cloud", "edge-1", "edge-2"]) {
        rogue.tell("cloud/scheduler", { type: "stagesLoaded", node, stages: [] });
        const failure = {
          stage: { pipelineId, pipelineVersion, stage: "find" },
          reason: "no",
          retryInMs: null,
        };
        rogue.tell("cloud/scheduler", { type: "stageUnavailable", node, failure });
      }
      rogue.tell("cloud/scheduler", { type: "stagesLoaded", node: rogue.name, stages: absent(4_096) });
      rogue.tell("cloud/scheduler", { type: "stagesLoaded", node: rogue.name, stages: absent(5_000) });
      for (let turn = 0; turn < 2_000 && rogue.cluster.connected; turn += 1) {
        const loaded = turn % 2 === 0 ? honest : absent(turn % 7);
        rogue.tell("cloud/scheduler", { type: "stagesLoaded", node: rogue.name, stages: loaded });
        if (turn % 100 === 99) await rogue.arrived("cloud");
      }
      const { table } = await tableOf(scene);
      const made = table.epoch - before.table.epoch;
      must(made <= TABLES_MAX, `it has had ${made} tables made`);
      await scene.goesOn(5, 12_000);
    },
  ),
  edgeAttack(
    "edge.credit-lies",
    "an edge grants credit that is no number, negative or less than before, then none at all, while another sends to it",
    async (rogue, scene) => {
      const sink = await scene.wire();
      for (const limit of [
        Number.NaN,
        -1,
        Number.NEGATIVE_INFINITY,
        -1e300,
        0,
        1_000,
        10,
        -1_000,
        Number.NaN,
      ])
        sink.send(credit(limit));
      const before = peakBytes(scene.hub.pid);
      for (let round = 0; round < 60 && rogue.cluster.connected; round += 1) {
        rogue.tell(`${sink.name}/x`, { data: new Uint8Array(2 * MIB) });
        if (round % 10 === 9) await rogue.arrived("cloud");
        const grown = peakBytes(scene.hub.pid) - before;
        must(grown <= GROWTH_MAX_BYTES, `the hub has grown by ${Math.round(grown / MIB)} MiB`);
      }
      must(sink.isOpen, "what it grants ends its link, or what it does not");
      await scene.goesOn(2, 12_000);
    },
    "survived",
  ),
];

interface Sample {
  readonly links: Readonly<Record<string, { readonly rttMs: number; readonly bandwidthMbps: number | null }>>;
}

/** What each of the nodes has refused so far. */
async function countsIn({ hub, edges }: Scene): Promise<readonly Counts[]> {
  return Promise.all([hub, ...edges].map(async (node) => countsOf(await node.report())));
}

/** A monitor that is asked and lies. @returns how often it was pinged, and what it has said in the name of others */
function answerFalsely(rogue: HostileMember): { readonly count: number; readonly ofOthers: number } {
  const pings = { count: 0, ofOthers: 0 };
  const receive = (state: null, message: Readonly<Record<string, unknown>>): null => {
    const { type, sentAtMs, replyTo } = message as {
      readonly type: string;
      readonly sentAtMs: number;
      readonly replyTo?: { tell(answer: unknown, lane?: string): void };
    };
    if ((type !== "ping" && type !== "probe") || replyTo === undefined) return state;
    if (type === "ping") pings.count += 1;
    for (const answer of ["pong", "probed"]) {
      for (const node of [rogue.name, "edge-1", "cloud"]) {
        for (const at of [sentAtMs, sentAtMs, sentAtMs - 1e9, sentAtMs + 1e9, 1e300, -1e300, 0]) {
          if (node !== rogue.name) pings.ofOthers += 1;
          replyTo.tell({ type: answer, node, sentAtMs: at }, "control");
        }
      }
    }
    return state;
  };
  rogue.system.spawn({ start: () => null, receive }, { name: "monitor" });
  return pings;
}

/** Where the first stage of the second source runs from now on. */
async function setFind({ scout }: Scene, find: readonly string[]): Promise<void> {
  const parameters = { placement: { find, sift: ["cloud"], follow: ["cloud"] } };
  const policy = { name: "fixed", parameters };
  const reply = await scout.ask("cloud/scheduler", (replyTo) => ({
    type: "setPolicy",
    sourceId: "cam-2",
    policy,
    replyTo,
  }));
  if (Object(reply)["type"] !== "policySet")
    throw new Error(`The stage cannot be placed: ${JSON.stringify(reply)}`);
}

/** Resolves once all of `names` have the newest table. */
async function acknowledgedBy(scene: Scene, names: readonly string[]): Promise<void> {
  for (let turn = 0; turn < 100; turn += 1) {
    const { table, acknowledged } = await tableOf(scene);
    if (names.every((name) => acknowledged[name] === table.epoch)) return;
    await scene.goesOn(1, 12_000);
  }
  must(false, "honest nodes do not get the newest table");
}
