/** Asks every part of a cluster at once how it is. */

import { nodesOf } from "../operator/nodes-of.js";
import type { Operator } from "../operator/operator.js";
import type { NodeName } from "../task/identity.js";
import type { LedgerReported } from "../task/reports.js";
import type { StageFlows } from "./stage-flow.js";
import type { ClusterSnapshot } from "./page-protocol.js";

/** Rejects where the scheduler or the distributor does not answer; a node that does not is missing. */
export async function lookAtCluster(operator: Operator, stages: StageFlows): Promise<ClusterSnapshot> {
  const { cluster, system } = operator;
  const names = nodesOf(operator);
  const [nodes, table, totals, { sources, hosted }, ...reports] = await Promise.all([
    operator.nodes(),
    operator.table(),
    operator.totals(),
    operator.scheduled(),
    ...names.map((name) => ledgersOf(operator, name)),
  ]);
  const ledgers = Object.fromEntries(
    names.flatMap((name, index) => {
      const report = reports[index];
      return report === undefined || report === null ? [] : [[name, report]];
    }),
  );
  return {
    atMs: system.clock.now(),
    nodes,
    table,
    totals,
    sources,
    hosted,
    ledgers,
    stages: stages.report(),
    links: cluster.links,
    refused: cluster.security,
  };
}

async function ledgersOf(operator: Operator, node: NodeName): Promise<readonly LedgerReported[] | null> {
  try {
    return (await operator.agent(node).sources()).ledgers;
  } catch {
    // It is away, or about to be: whoever looks sees by its member what has become of it.
    return null;
  }
}
