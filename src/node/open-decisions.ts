/** What asks policies, of the node that is the cloud. */

import type { DecisionPort } from "../actors/scheduler/decision-port.js";
import type { DecisionThread } from "../actors/scheduler/decision-thread.js";
import { createInlineDecisions } from "../actors/scheduler/inline-decisions.js";
import { threadDelay } from "../runtime/thread-time.js";
import { DECISION_LIMITS } from "../scheduling/ask-policy.js";
import { createPolicies } from "../scheduling/policies.js";
import type { NodeOptions } from "./node-options.js";
import type { NodeWorld } from "./world.js";

export interface OpenDecisions {
  readonly port: DecisionPort;
  /** To be closed; null where they are asked on the scheduler's own thread. */
  readonly thread: DecisionThread | null;
}

/** Starts a thread, unless the policies are functions of this program. @throws SluiceError `policy-invalid` */
export async function openDecisions(
  { openDecisions: open }: NodeWorld,
  { policies, policyFiles, policyLimits }: NodeOptions,
): Promise<OpenDecisions> {
  if (policies !== undefined || open === null) {
    const limits = { ...DECISION_LIMITS, ...policyLimits };
    const delay = open === null ? undefined : threadDelay;
    return { port: createInlineDecisions(createPolicies(policies), limits, delay), thread: null };
  }
  const thread = await open({
    ...(policyFiles && { files: policyFiles }),
    ...(policyLimits && { limits: policyLimits }),
  });
  return { port: thread, thread };
}
