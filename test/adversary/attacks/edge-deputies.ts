/**
 * Confused deputies: an edge has somebody else say what it may not say itself, by the address that it gives for the answer.
 */

import type { ActorRef } from "../../../src/index.js";
import { must, onCluster, type ClusterAttack } from "../kit/attack.js";
import type { HostileMember } from "../kit/member.js";
import type { Scene } from "../kit/scene.js";
import { begun, dropOf, finished, originOf, sourceOf, vouchedBy } from "../kit/tasks.js";

/** More often than a component may fail before its node ends. */
const OFTEN = 8;
const BYSTANDERS = ["controller", "scheduler", "distributor", "monitor", "agent", "guardian", "processors"];

type Say = (rogue: HostileMember, scene: Scene, turn: number) => void;

function deputy(
  id: string,
  what: string,
  say: Say,
  {
    times = 1,
    expected = "counted",
  }: { readonly times?: number; readonly expected?: ClusterAttack["expected"] } = {},
): ClusterAttack {
  return {
    id,
    who: "edge",
    what,
    expected,
    against: "cluster",
    async play(scene) {
      const rogue = await scene.member();
      for (let turn = 0; turn < times; turn += 1) say(rogue, scene, turn);
      await rogue.arrived("cloud");
      await rogue.arrived("edge-1");
    },
  };
}

const own = (rogue: HostileMember, sequence: number) => ({
  sourceId: `cam-of-${rogue.name}`,
  incarnation: 1,
  sequence,
});

export const EDGE_DEPUTIES: readonly ClusterAttack[] = [
  deputy(
    "edge.deputy-ping",
    "an edge pings the hub's monitor, and has it answer to the hub's controller",
    (rogue) =>
      rogue.tell("cloud/monitor", { type: "ping", sentAtMs: 1, replyTo: rogue.ref("cloud/controller") }),
    { times: OFTEN },
  ),
  deputy(
    "edge.deputy-ping-all",
    "an edge has the hub's monitor answer to every other component there",
    (rogue) => {
      for (const path of BYSTANDERS) {
        rogue.tell("cloud/monitor", { type: "ping", sentAtMs: 1, replyTo: rogue.ref(`cloud/${path}`) });
      }
    },
  ),
  deputy(
    "edge.deputy-ping-edge",
    "an edge has another edge's monitor answer to that edge's controller",
    (rogue) =>
      rogue.tell("edge-1/monitor", { type: "ping", sentAtMs: 1, replyTo: rogue.ref("edge-1/controller") }),
  ),
  deputy(
    "edge.deputy-ping-across",
    "an edge has the hub's monitor answer to an honest edge's controller",
    (rogue) =>
      rogue.tell("cloud/monitor", { type: "ping", sentAtMs: 1, replyTo: rogue.ref("edge-1/controller") }),
  ),
  deputy(
    "edge.deputy-pong-across",
    "an edge has the hub's monitor send an honest monitor answers that it never asked for",
    (rogue) =>
      rogue.tell("cloud/monitor", { type: "ping", sentAtMs: 1, replyTo: rogue.ref("edge-1/monitor") }),
  ),
  deputy(
    "edge.deputy-store-controller",
    "an edge stores a task whose generator is the hub's controller",
    (rogue, _, turn) =>
      rogue.tell("cloud/distributor", {
        type: "store",
        task: vouchedBy(rogue.vouch, finished(own(rogue, turn), { origin: "sluice://cloud/controller" })),
      }),
  ),
  deputy(
    "edge.deputy-store-scheduler",
    "an edge stores a task whose generator is the hub's scheduler",
    (rogue, _, turn) =>
      rogue.tell("cloud/distributor", {
        type: "store",
        task: vouchedBy(rogue.vouch, finished(own(rogue, turn), { origin: "sluice://cloud/scheduler" })),
      }),
  ),
  deputy(
    "edge.deputy-drop-origin",
    "an edge records a drop whose generator is another component",
    (rogue, _, turn) =>
      rogue.tell("cloud/distributor", {
        type: "recordDrop",
        drop: vouchedBy(rogue.vouch, dropOf(own(rogue, turn), { origin: "sluice://cloud/distributor" })),
      }),
  ),
  deputy(
    "edge.deputy-register-source",
    "an edge registers a source and has the scheduler answer to the controller",
    (rogue, _, turn) =>
      rogue.tell("cloud/scheduler", {
        type: "registerSource",
        source: sourceOf(rogue.name, `cam-${rogue.name}-${turn}`),
        replyTo: rogue.ref("cloud/controller"),
      }),
  ),
  deputy(
    "edge.deputy-register-node",
    "an edge registers itself with another component for its controller",
    (rogue) => {
      for (const path of BYSTANDERS) {
        rogue.tell("cloud/scheduler", {
          type: "registerNode",
          node: { name: rogue.name, role: "edge", services: ["find"] },
          controller: rogue.ref(`cloud/${path}`),
        });
      }
    },
  ),
  deputy(
    "edge.deputy-dead-letter",
    "an edge's task that reaches nobody has the hub tell its controller so",
    (rogue, _, turn) =>
      rogue.tell("cloud/controller", {
        type: "submit",
        task: begun(own(rogue, turn), {
          origin: "sluice://cloud/controller",
          // A join on a node that is not there.
          cursor: "$end",
          cameFrom: "sift",
          joinNodes: new Map([["$end", "nowhere"]]),
        }),
      }),
  ),
  deputy(
    "edge.deputy-origin-other",
    "an edge stores a task of its own whose generator is another edge's",
    (rogue, scene, turn) => {
      const { sourceId } = scene.newest("cam-1");
      rogue.tell("cloud/distributor", {
        type: "store",
        task: vouchedBy(
          rogue.vouch,
          finished(own(rogue, turn), { origin: originOf("edge-1", { ...own(rogue, turn), sourceId }) }),
        ),
      });
    },
  ),
  deputy(
    "edge.deputy-ask-guess",
    "an edge guesses the addresses of answers that others wait for",
    (rogue, _, turn) => {
      for (let n = 1; n <= 200; n += 1) {
        rogue.tell(`cloud/$ask/${turn * 200 + n}`, { type: "policySet", sourceId: "cam-1" });
      }
    },
    { times: OFTEN, expected: "survived" },
  ),
  onCluster(
    "edge",
    "edge.deputy-ask-known",
    "an edge answers what an operator asked another one, at the very address, by itself and by the hub",
    "counted",
    async (scene) => {
      const [rogue, asked] = [await scene.member(), await scene.member()];
      const ears = asked.listener("asked");
      // It knows by then who has joined before.
      await scene.scout.arrived("cloud");
      const answers: string[] = [];
      const answer = scene.scout.ask(
        `${asked.name}/asked`,
        (replyTo) => {
          answers.push(replyTo.address.slice("sluice://".length));
          return { type: "question", replyTo };
        },
        20_000,
      );
      const question = await ears.next(({ type }) => type === "question");
      const [address = ""] = answers;
      rogue.tell(address, { type: "forged" });
      rogue.tell("cloud/monitor", { type: "ping", sentAtMs: 1, replyTo: rogue.ref(address) });
      // All of it has passed the hub, by which the answer comes, too.
      await rogue.arrived("cloud");
      (question["replyTo"] as ActorRef<unknown>).tell({ type: "answer" });
      const reply = await answer;
      const type = typeof reply === "string" ? reply : String(reply["type"]);
      must(type === "answer", `the operator was answered "${type}"`);
    },
  ),
];
