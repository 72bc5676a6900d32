/** How often each node may have sources routed anew by what it says that it has loaded: a table costs every node. */

import { RateLimit } from "../../runtime/rate-limit.js";
import type { NodeName } from "../../task/identity.js";

/** Of one node: what it has to load at first, one after the other, and then one a second. */
const REROUTES = { perSecond: 1, burst: 64 };

/** One that leaves and comes back finds its rate as it was; beyond so many the oldest is forgotten. */
const NODES_MAX = 4_096;

interface Rate {
  readonly limit: RateLimit;
  held: number;
}

export class RerouteRates {
  readonly #nodes = new Map<NodeName, Rate>();

  /** @returns whether the node may at `nowMs`; where not, what it said waits for the next tick, and is counted */
  take(node: NodeName, nowMs: number): boolean {
    let rate = this.#nodes.get(node);
    if (rate === undefined) {
      this.#nodes.set(node, (rate = { limit: new RateLimit(REROUTES, nowMs), held: 0 }));
      const [oldest] = this.#nodes.keys();
      if (this.#nodes.size > NODES_MAX && oldest !== undefined) this.#nodes.delete(oldest);
    }
    const may = rate.limit.take(nowMs);
    if (!may) rate.held += 1;
    return may;
  }

  heldOf(node: NodeName): number {
    return this.#nodes.get(node)?.held ?? 0;
  }
}
