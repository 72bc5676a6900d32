/** `sluice actors`: the actors of a node, and the messages that nobody took there. */

import type { ActorFigures } from "../../src/runtime/actor-figures.js";
import type { KeptLetter } from "../../src/runtime/kept-letters.js";
import type { Operator } from "../../src/operator/operator.js";
import { parseNodeName } from "../../src/task/identity.js";
import { renderFitting, terminalWidth } from "../tables.js";
import { out } from "../terminal.js";

export interface ActorsCommand {
  readonly json: boolean;
}

/** @param node null of the hub */
export async function actors(
  operator: Operator,
  node: string | null,
  { json }: ActorsCommand,
): Promise<number> {
  const agent = operator.agent(node === null ? operator.cluster.hub : parseNodeName(node));
  const [tree, letters] = await Promise.all([agent.actors(), agent.deadLetters()]);
  if (json) {
    out.json({ ...tree, letters });
    return 0;
  }
  const lost = Object.entries(tree.deadLetters).filter(([, count]) => count > 0);
  out.lines(
    [
      treeTable(tree.actors, terminalWidth()).trimEnd(),
      ...(tree.left > 0 ? [`and ${tree.left} more`] : []),
      `Messages that nobody took: ${lost.map(([reason, count]) => `${reason} ${count}`).join(", ") || "none"}`,
      ...letters.map(letterLine),
    ].join("\n"),
  );
  return 0;
}

const STATUS = { running: "", waiting: "failed, starts again", stopping: "stops" } as const;

function treeTable(all: readonly ActorFigures[], width: number): string {
  return renderFitting(
    [
      { title: "actor" },
      { title: "waiting", align: "right" },
      { title: "restarts", align: "right" },
      { title: "state" },
    ],
    all.map(({ path, waiting, restarts, status }) => {
      const parts = path.slice(1).split("/");
      return [`${"  ".repeat(parts.length - 1)}${parts.at(-1) ?? ""}`, waiting, restarts, STATUS[status]];
    }),
    width,
  );
}

function letterLine({ atMs, target, reason, text }: KeptLetter): string {
  return `${new Date(atMs).toISOString()} ${target} ${reason}: ${text}`;
}
