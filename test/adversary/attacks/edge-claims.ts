/** What an edge may claim of itself: names, roles, sources, pipelines, tables. */

import { CodedError, type Role } from "../../../src/index.js";
import { must, type ClusterAttack } from "../kit/attack.js";
import { edgeAttack } from "../kit/edge-attack.js";
import { registerNode, tableOf } from "../kit/scheduled.js";
import type { Scene } from "../kit/scene.js";
import { pipeline, sourceOf, stageOf } from "../kit/tasks.js";

const SOURCES_ASKED = 12_000;
/** What a member may have at the most, whatever the bound is that a hub is given. */
const SOURCES_OF_A_MEMBER_MAX = 2_048;
const MAX = Number.MAX_SAFE_INTEGER;

/** Joining so is refused with one of these codes. */
async function refusedToJoin(
  scene: Scene,
  options: { readonly name: string; readonly roles?: readonly Role[] },
): Promise<void> {
  const code = await scene.member(options).then(
    () => null,
    (error: unknown) => (error instanceof CodedError ? error.code : String(error)),
  );
  must(code !== null, `it is a member now, as "${options.name}" (${options.roles?.join() ?? "edge"})`);
}

export const EDGE_CLAIMS: readonly ClusterAttack[] = [
  edgeAttack(
    "edge.source-takeover",
    "an edge registers another's source as its own",
    async (rogue, scene) => {
      await registerNode(rogue, ["find"]);
      const reply = await rogue.ask("cloud/scheduler", (replyTo) => ({
        type: "registerSource",
        source: sourceOf(rogue.name, "cam-1"),
        replyTo,
      }));
      must(typeof reply === "string" || reply["type"] !== "policySet", "the source is its own now");
      const { table } = await tableOf(scene);
      must(table.sources.get("cam-1")?.pipelineId === "honest", "the source walks its pipeline now");
    },
    "refused",
  ),
  edgeAttack(
    "edge.source-of-the-absent",
    "an edge registers the source of another whose node is down",
    async (rogue, scene) => {
      await registerNode(rogue, ["find"]);
      await scene.edges[1]?.kill();
      await scene.scout.gone("edge-2");
      const reply = await rogue.ask("cloud/scheduler", (replyTo) => ({
        type: "registerSource",
        source: sourceOf(rogue.name, "cam-2"),
        replyTo,
      }));
      await rogue.leave();
      await scene.edgeAgain("edge-2");
      must(typeof reply === "string" || reply["type"] !== "policySet", "the source is its own now");
    },
    "refused",
  ),
  edgeAttack(
    "edge.pipeline-takeover",
    "an edge registers another pipeline under the name and version of an honest one",
    async (rogue, scene) => {
      await registerNode(rogue, ["find"]);
      for (let n = 0; n < 4; n += 1) {
        rogue.tell("cloud/scheduler", {
          type: "registerSource",
          source: sourceOf(rogue.name, `a-${rogue.name}-${n}`, {
            pipeline: pipeline("honest", [stageOf({ id: "find", service: "absent" })]),
          }),
        });
      }
      await rogue.arrived("cloud");
      await scene.goesOn(2, 10_000);
      const { table } = await tableOf(scene);
      const stages = table.pipelines.get("honest@1")?.stages.length ?? 0;
      must(stages === 3, `the honest pipeline has ${stages} stages in the table now`);
    },
    "refused",
  ),
  edgeAttack("edge.remove-others", "an edge removes other nodes and their sources", async (rogue) => {
    rogue.tell("cloud/scheduler", { type: "removeNode", node: "edge-1" });
    rogue.tell("cloud/scheduler", { type: "removeNode", node: "cloud" });
    rogue.tell("cloud/scheduler", { type: "removeSource", sourceId: "cam-1", node: "edge-1" });
    rogue.tell("cloud/scheduler", { type: "removeSource", sourceId: "cam-1" });
    await rogue.arrived("cloud");
  }),
  edgeAttack("edge.register-others", "an edge registers and samples nodes that are others", async (rogue) => {
    for (const name of ["edge-1", "cloud", "edge-9"]) {
      const node = { name, role: "edge", services: ["find"] };
      rogue.tell("cloud/scheduler", {
        type: "registerNode",
        node,
        controller: rogue.ref(`${name}/controller`),
      });
      rogue.tell("cloud/scheduler", {
        type: "registerNode",
        node,
        controller: rogue.ref(`${rogue.name}/controller`),
      });
      rogue.tell("cloud/scheduler", { type: "tableInstalled", node: name, epoch: MAX });
    }
    await rogue.arrived("cloud");
  }),
  edgeAttack(
    "edge.role-of-cloud",
    "an edge registers itself as a cloud with the scheduler",
    async (rogue, scene) => {
      rogue.tell("cloud/scheduler", {
        type: "registerNode",
        node: { name: rogue.name, role: "cloud", services: ["find"] },
        controller: rogue.ref(`${rogue.name}/controller`),
      });
      await rogue.arrived("cloud");
      const reply = await scene.scout.ask("cloud/scheduler", (replyTo) => ({ type: "reportNodes", replyTo }));
      const nodes = (typeof reply === "string" ? [] : reply["nodes"]) as readonly {
        readonly description: { readonly name: string; readonly role: string };
      }[];
      const own = nodes.find(({ description }) => description.name === rogue.name);
      must(own?.description.role !== "cloud", "it stands among the nodes as a cloud");
    },
    "refused",
  ),
  edgeAttack(
    "edge.sources-flood",
    "an edge registers 12,000 sources",
    async (rogue, scene) => {
      await registerNode(rogue, ["find"]);
      const ears = rogue.listener("answers");
      for (let n = 0; n < SOURCES_ASKED; n += 1) {
        rogue.tell("cloud/scheduler", {
          type: "registerSource",
          source: sourceOf(rogue.name, `s-${rogue.name}-${n}`),
          replyTo: ears.ref,
        });
      }
      await rogue.arrived("cloud");
      await scene.goesOn(2, 20_000);
      const { table } = await tableOf(scene);
      const own = [...table.sources.keys()].filter((id) => id.startsWith(`s-${rogue.name}-`)).length;
      must(own <= SOURCES_OF_A_MEMBER_MAX, `it has ${own} sources in the table`);
      must(
        ears.heard.some(({ type }) => type !== "policySet"),
        "none was refused",
      );
    },
    "refused",
  ),
  edgeAttack(
    "edge.table-epoch-max",
    "an edge says that it holds a table of the highest epoch and term that there can be",
    async (rogue, scene) => {
      await registerNode(rogue, ["find"]);
      const before = await tableOf(scene);
      for (const [heldEpoch, heldTerm] of [
        [MAX, MAX],
        [MAX - 1, 0],
        [2 ** 45, 2 ** 45],
      ] as const) {
        rogue.tell("cloud/scheduler", {
          type: "tableRefused",
          node: rogue.name,
          epoch: before.table.epoch,
          heldEpoch,
          heldTerm,
        });
      }
      // Something changes: the table after it is one that honest nodes can take.
      rogue.tell("cloud/scheduler", {
        type: "registerSource",
        source: sourceOf(rogue.name, `late-${rogue.name}`),
      });
      await rogue.arrived("cloud");
      await scene.goesOn(5, 10_000);
      const after = await tableOf(scene);
      must(after.table.epoch < before.table.epoch + 2 ** 30, `the epoch is ${after.table.epoch} now`);
      must((after.acknowledged["edge-1"] ?? 0) >= before.table.epoch, "honest nodes take no table any more");
    },
    "refused",
  ),
  edgeAttack(
    "edge.role-denied",
    "an edge's token is used to join as a cloud, and as an operator",
    async (_, scene) => {
      const token = scene.edgeToken;
      for (const roles of [["cloud"], ["operator"], ["edge", "cloud"], ["edge", "operator"]] as const) {
        const wire = await scene.wire({ roles }).then(
          () => "joined",
          (error: unknown) => (error instanceof CodedError ? error.code : String(error)),
        );
        must(wire === "role-denied", `with ${token.slice(0, 4)}... as ${roles.join()}: ${wire}`);
      }
    },
  ),
  edgeAttack(
    "edge.name-of-others",
    "an edge joins under the names of the hub, of a member, and beside one",
    async (_, scene) => {
      await refusedToJoin(scene, { name: "cloud" });
      await refusedToJoin(scene, { name: "edge-1" });
    },
  ),
  edgeAttack(
    "edge.name-takeover",
    "an edge joins under the name of another that stands still",
    async (_, scene) => {
      const victim = scene.edges[1];
      victim?.signal("SIGSTOP");
      try {
        // Until the hub has taken it for dead, and a while beyond.
        await scene.scout.gone("edge-2");
        const code = await scene.member({ name: "edge-2" }).then(
          () => null,
          (error: unknown) => (error instanceof CodedError ? error.code : String(error)),
        );
        must(code !== null, 'it is "edge-2" now');
      } finally {
        victim?.signal("SIGCONT");
      }
    },
  ),
];
