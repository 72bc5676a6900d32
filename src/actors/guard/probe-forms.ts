/** What an operator orders to be measured, and what it is told of it. */

import { z } from "../../runtime/parse.js";
import { TASK_LIMITS } from "../../task/limits.js";
import { PROBE_LIMITS } from "../../task/synthetic.js";
import { DROP_REASONS } from "../../task/task.js";
import { PROBE_ENDS, type ProbeEvent } from "../protocol/synthetic.js";
import { count, name, text } from "./forms.js";
import { hop } from "./report-forms.js";
import { form, type Rules } from "./rules.js";

const CLOUD = ["cloud"] as const;

/** What is to be measured of a cluster. */
export const probeOrder = z.object({
  like: name,
  perSecond: z.number().gt(0).max(PROBE_LIMITS.perSecondMax),
  tasks: z.number().int().min(1).max(PROBE_LIMITS.tasksMax),
  arrivals: z.enum(["constant", "poisson"]),
  cpuShareMax: z.number().min(0).max(1),
});

type Probed<Type> = Extract<ProbeEvent, { readonly type: Type }>;

/** Of the actor `probe-of-HUB$SECRET`: the hub alone measures. */
export const PROBED: Rules = {
  probeTask: {
    from: CLOUD,
    read: form<Probed<"probeTask">>()(
      z.object({
        sequence: count,
        outcome: z.discriminatedUnion("status", [
          z.object({ status: z.literal("stored") }),
          z.object({ status: z.literal("dropped"), reason: z.enum(DROP_REASONS) }),
        ]),
        tookMs: z.number(),
        createdAtMs: z.number(),
        endedAtMs: z.number(),
        hops: z.array(hop).max(TASK_LIMITS.hopsMax),
      }),
    ),
  },
  probeEnded: {
    from: CLOUD,
    read: form<Probed<"probeEnded">>()(
      z.object({ reason: z.enum(PROBE_ENDS), detail: text, made: count, unanswered: count }),
    ),
  },
};
