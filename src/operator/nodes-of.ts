/** The members of a cluster that run something: operators look and order alone. */

import type { Cluster } from "../transport/cluster/cluster.js";
import type { NodeName } from "../task/identity.js";

/** In the order in which they joined. */
export function nodesOf({ cluster }: { readonly cluster: Pick<Cluster, "members"> }): readonly NodeName[] {
  return [...cluster.members.values()]
    .filter(({ roles }) => !roles.includes("operator"))
    .map(({ name }) => name);
}
