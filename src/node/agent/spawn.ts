/** Starts the agent of a node, found at `sluice://NODE/agent`. */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { Spawner } from "../../runtime/behaviour.js";
import type { NodeEvent } from "../../actors/protocol/generator.js";
import type { NodeName } from "../../task/identity.js";
import { createAgent, type AgentPorts } from "./agent.js";

export type { AgentPorts };

export interface Agent {
  /** Passes an event on to every watcher. */
  tell(event: NodeEvent): void;
}

export function spawnAgent(parent: Spawner, node: NodeName, ports: AgentPorts): Agent {
  const ref: ActorRef<{ readonly type: "nodeEvent"; readonly event: NodeEvent }> = parent.spawn(
    createAgent(node, ports),
    { name: "agent", restart: "permanent", mailbox: { capacity: 1_000 } },
  );
  return { tell: (event) => ref.tell({ type: "nodeEvent", event }) };
}
