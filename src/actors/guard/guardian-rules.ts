/** What the guardian of a node takes from other nodes: to start and stop what is registered by name. */

import type { ActorRef } from "../../runtime/actor-ref.js";
import { z } from "../../runtime/parse.js";
import { TEXT_LIMITS } from "../../task/limits.js";
import { ref } from "./forms.js";
import { form, type Rules } from "./rules.js";

/** As the guardian of the transport takes them. */
interface Spawn {
  readonly type: "spawn";
  readonly behaviour: string;
  readonly args: unknown;
  readonly options: Readonly<Record<string, unknown>>;
  readonly replyTo: ActorRef<never>;
}
interface Stop {
  readonly type: "stop";
  readonly address: string;
  readonly replyTo: ActorRef<never>;
}

const ORDERS = ["cloud", "operator"] as const;

/** Of `options` it reads what it needs, and the registered function checks `args`. */
export const GUARDIAN: Rules = {
  spawn: {
    from: ORDERS,
    grant: "spawn",
    read: form<Spawn>()(
      z.object({
        behaviour: z.string().max(TEXT_LIMITS.serviceName),
        args: z.unknown().optional(),
        options: z.record(z.string(), z.unknown()),
        replyTo: ref,
      }),
    ),
  },
  stop: {
    from: ORDERS,
    grant: "spawn",
    read: form<Stop>()(z.object({ address: z.string().max(TEXT_LIMITS.address), replyTo: ref })),
  },
};
