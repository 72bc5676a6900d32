/** Hears what happens in a cluster: who comes and goes, and what each node says of its sources and stages. */

import type { NodeEvent } from "../actors/protocol/generator.js";
import type { ClusterEvent } from "../transport/cluster/cluster.js";
import type { Operator } from "../operator/operator.js";
import type { NodeName } from "../task/identity.js";

/** A node is a member before its agent is there to be asked; one whose answers are none is asked ever less often. */
const RETRY_MS = 500;
const RETRY_MS_MAX = 30_000;

/** The hub's own node tells its events by itself. Ends with the cluster. */
export function gatherEvents(
  operator: Operator,
  add: (of: NodeName, event: ClusterEvent | NodeEvent) => void,
): void {
  const { cluster, system } = operator;
  /** How to end the watch of each node that is here. */
  const watched = new Map<NodeName, () => void>();

  function watch(name: NodeName): void {
    const watching: { over: boolean; end: () => void } = { over: false, end: () => {} };
    const agent = operator.agent(name);
    const begin = async (againMs: number): Promise<void> => {
      try {
        await agent.sources();
        if (!watching.over) watching.end = agent.watchEvents((event) => add(name, event));
      } catch {
        const nextMs = Math.min(2 * againMs, RETRY_MS_MAX);
        if (!watching.over) system.clock.after(againMs, () => void begin(nextMs));
      }
    };
    void begin(RETRY_MS);
    watched.set(name, () => {
      watching.over = true;
      watching.end();
    });
  }

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
    if (event.type === "memberUp") watch(name);
  });
}
