/** What operators said of sources, kept for as long as each source is: by whatever way its node or the hub goes and comes back. */

import { z } from "../../runtime/parse.js";
import { parseConfiguration, type Configuration } from "../../task/configuration.js";
import type { SourceId } from "../../task/identity.js";
import type { SourceOrder, SourceOrders } from "../../task/requests.js";
import type { KeptMap } from "../hub/kept-map.js";

/** As many as a scheduler has sources; beyond them the oldest is forgotten, whose node has been away longest. */
const ORDERS_MAX = 10_000;

const knobs = z.custom<Partial<Configuration>>((value) => {
  try {
    parseConfiguration(value);
    return true;
  } catch {
    return false; // and the form names the field
  }
});

const policy = z.object({ name: z.string(), parameters: z.record(z.string(), z.unknown()) });

export const orderForm = z.object({
  policy: policy.extend({ shadow: policy.exactOptional() }).exactOptional(),
  configuration: knobs.exactOptional(),
  pause: z.object({ sinceMs: z.number(), reason: z.string() }).exactOptional(),
});

export function createSourceOrders(known: KeptMap<SourceId, SourceOrder>): SourceOrders {
  return {
    get: (source) => known.get(source),
    set(source, order) {
      known.delete(source);
      known.set(source, order);
      const [oldest] = known.keys();
      if (known.size > ORDERS_MAX && oldest !== undefined) known.delete(oldest);
    },
    delete: (source) => void known.delete(source),
  };
}
