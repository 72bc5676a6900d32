/** What operators said of sources, kept for as long as each source is: by whatever way its node or the hub goes and comes back. */

import type { SourceId } from "../../task/identity.js";
import type { SourceOrder, SourceOrders } from "../../task/requests.js";

/** As many as a scheduler has sources; beyond them the oldest is forgotten, whose node has been away longest. */
const ORDERS_MAX = 10_000;

/** @param onChange is called after each change of `known` */
export function createSourceOrders(known: Map<SourceId, SourceOrder>, onChange: () => void): SourceOrders {
  return {
    get: (source) => known.get(source),
    set(source, order) {
      known.delete(source);
      known.set(source, order);
      const [oldest] = known.keys();
      if (known.size > ORDERS_MAX && oldest !== undefined) known.delete(oldest);
      onChange();
    },
    delete(source) {
      if (known.delete(source)) onChange();
    },
  };
}
