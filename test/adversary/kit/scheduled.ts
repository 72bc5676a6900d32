/** What the scheduler of the hub is told of nodes, and what it says of its table. */

import type { HostileMember } from "./member.js";
import type { Scene } from "./scene.js";

/** A rogue that is a node like any other: sources may be placed on it. */
export async function registerNode(rogue: HostileMember, services: readonly string[]): Promise<void> {
  rogue.tell("cloud/scheduler", {
    type: "registerNode",
    node: { name: rogue.name, role: "edge", services },
    controller: rogue.ref(`${rogue.name}/controller`),
  });
  await rogue.arrived("cloud");
}

export async function tableOf({ scout }: Scene): Promise<{
  readonly table: {
    readonly epoch: number;
    readonly sources: ReadonlyMap<string, { readonly pipelineId: string }>;
    readonly pipelines: ReadonlyMap<string, { readonly stages: readonly { readonly id: string }[] }>;
  };
  readonly acknowledged: Readonly<Record<string, number>>;
}> {
  const reply = await scout.ask("cloud/scheduler", (replyTo) => ({ type: "reportTable", replyTo }), 20_000);
  if (typeof reply === "string") throw new Error(`The scheduler does not say its table: ${reply}`);
  return reply as never;
}
