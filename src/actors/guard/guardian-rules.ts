/** What the guardian of a node takes from other nodes: to start and stop what is registered by name. */

import { z } from "../../runtime/parse.js";
import { TEXT_LIMITS } from "../../task/limits.js";
import { ref } from "./forms.js";
import { form, type Rules } from "./rules.js";

const ORDERS = ["cloud", "operator"] as const;

/** Of `options` it reads what it needs, and the registered function checks `args`. */
export const GUARDIAN: Rules = {
  spawn: {
    from: ORDERS,
    grant: "spawn",
    check: form(
      z.object({
        behaviour: z.string().max(TEXT_LIMITS.serviceName),
        options: z.record(z.string(), z.unknown()),
        replyTo: ref,
      }),
    ),
  },
  stop: {
    from: ORDERS,
    grant: "spawn",
    check: form(z.object({ address: z.string().max(TEXT_LIMITS.address), replyTo: ref })),
  },
};
