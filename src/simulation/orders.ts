/** What the operator of a simulated cluster has its nodes do. */

import type { Operator } from "../operator/operator.js";
import { parseNodeName, parseSourceId, type NodeName } from "../task/identity.js";
import type { Pipeline } from "../task/pipeline.js";
import type { PolicySpec } from "../task/requests.js";
import { HUB } from "./host-names.js";
import type { Prng } from "./prng.js";
import type { SimulatedSource } from "./simulated-source.js";

/** What is asked of which node. */
export interface Order {
  readonly node: NodeName;
  readonly what: string;
  readonly answer: Promise<unknown>;
}

/** @returns null where there is nothing to ask now */
export type Orders = (operator: Operator) => Order | null;

/** Of runs, those in which a source is drained. */
const DRAINS_SHARE = 0.3;

/** Sets policies, and in some runs drains one source. */
export function createOrders(
  prng: Prng,
  sources: () => readonly SimulatedSource[],
  drawPolicy: (pipeline: Pipeline) => PolicySpec,
): readonly Orders[] {
  let drains = prng.happens(DRAINS_SHARE);
  return [
    (operator) => {
      const { id, pipeline } = prng.pick(sources());
      const answer = operator.setPolicy(parseSourceId(id), drawPolicy(pipeline));
      return { node: parseNodeName(HUB), what: "a policy", answer };
    },
    (operator) => {
      const source = prng.pick(sources());
      if (!drains || source.ended !== null) return null;
      drains = false;
      source.drained = true;
      const node = parseNodeName(source.host);
      return { node, what: "a drain", answer: operator.agent(node).drainSource(parseSourceId(source.id)) };
    },
  ];
}
