/** Orders of a hostile operator to the agents of nodes, and what is answered. */

import { must, type ClusterAttack } from "./attack.js";
import type { HostileMember } from "./member.js";
import type { Scene } from "./scene.js";
import { request } from "./tasks.js";

/** For an order to be answered, in ms: opening a source has a limit of its own. */
export const ORDER_MS = 60_000;

type Reply = Readonly<Record<string, unknown>> | string;

let sources = 0;

export function byOperator(
  id: string,
  what: string,
  expected: ClusterAttack["expected"],
  play: (rogue: HostileMember, scene: Scene) => Promise<void>,
): ClusterAttack {
  return {
    id,
    who: "operator",
    what,
    expected,
    against: "cluster",
    async play(scene) {
      const rogue = await scene.operator();
      await play(rogue, scene);
      if (rogue.cluster.connected) await rogue.arrived("cloud");
    },
  };
}

export function addSource(
  rogue: HostileMember,
  node: string,
  change: Readonly<Record<string, unknown>>,
): Promise<Reply> {
  const definition = request({ id: `asked-${(sources += 1)}`, ...change });
  return rogue.ask(`${node}/agent`, (replyTo) => ({ type: "addSource", definition, replyTo }), ORDER_MS);
}

/** The error of a refusal, as it is told. */
export function refusalOf(reply: Reply): { readonly code: string; readonly message: string } | null {
  if (typeof reply === "string" || reply["type"] !== "refused") return null;
  const { code, message } = Object(reply["error"]) as { readonly code?: unknown; readonly message?: unknown };
  return { code: String(code), message: String(message) };
}

/** What the node says no with: the code of its agent's refusal, or of the guard's, which asks nobody. */
export async function refused(
  rogue: HostileMember,
  node: string,
  change: Readonly<Record<string, unknown>>,
  codes: readonly string[],
): Promise<void> {
  const reply = await addSource(rogue, node, change);
  const code = refusalOf(reply)?.code ?? (typeof reply === "string" ? reply : "none");
  must(codes.includes(code), `${node} answered ${JSON.stringify(reply).slice(0, 100)}`);
}
