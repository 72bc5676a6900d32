/** The members of a cluster that run something: operators look and order alone. */

import type { Cluster } from "../transport/cluster/cluster.js";
import type { NodeName } from "../task/identity.js";

/** Calls `listener` once with each node that is there, or comes, however often it comes again. @returns ends it */
export function onEachNode(
  { cluster }: { readonly cluster: Pick<Cluster, "subscribe"> },
  listener: (node: NodeName) => void,
): () => void {
  const known = new Set<NodeName>();
  return cluster.subscribe((event) => {
    if (event.type !== "memberUp") return;
    const { name, roles } = event.member;
    if (roles.includes("operator") || known.has(name)) return;
    known.add(name);
    listener(name);
  });
}

/** In the order in which they joined. */
export function nodesOf({ cluster }: { readonly cluster: Pick<Cluster, "members"> }): readonly NodeName[] {
  return [...cluster.members.values()]
    .filter(({ roles }) => !roles.includes("operator"))
    .map(({ name }) => name);
}
