/** Hears what happens in a cluster: who comes and goes, and what each node says of its sources and stages. */

import type { NodeEvent } from "../actors/protocol/generator.js";
import type { ClusterEvent } from "../transport/cluster/cluster.js";
import type { Operator } from "../operator/operator.js";
import type { NodeName } from "../task/identity.js";

/** The hub's own node tells its events by itself. Ends with the cluster. */
export function gatherEvents(
  operator: Operator,
  add: (of: NodeName, event: ClusterEvent | NodeEvent) => void,
): void {
  const { cluster } = operator;
  /** How to end the watch of each node that is here. */
  const watched = new Map<NodeName, () => void>();

  cluster.subscribe((event) => {
    if (!("member" in event)) {
      add(cluster.self.name, event);
      return;
    }
    const { name, roles } = event.member;
    if (roles.every((role) => role === "operator") || name === cluster.self.name) return;
    add(cluster.self.name, event);
    if (event.type === "memberLeaving") return;
    watched.get(name)?.();
    watched.delete(name);
    if (event.type !== "memberUp") return;
    // It asks the node for as long as that does not tell: one is a member before it has an agent.
    watched.set(
      name,
      operator.agent(name).watchEvents((told) => add(name, told)),
    );
  });
}
