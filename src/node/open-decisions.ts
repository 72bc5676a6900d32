/** What asks policies, of the node that is the cloud. */

import type { DecisionPort } from "../actors/scheduler/decision-port.js";
import type { DecisionThread } from "../actors/scheduler/decision-thread.js";
import { createInlineDecisions } from "../actors/scheduler/inline-decisions.js";
import { threadDelay } from "../runtime/thread-time.js";
import { DECISION_LIMITS } from "../scheduling/ask-policy.js";
import { createPolicies } from "../scheduling/policies.js";
import type { NodeOptions } from "./node-options.js";
import type { NodeWorld } from "./world.js";

interface OpenDecisions {
  readonly port: DecisionPort;
  /** To be closed; null where they are asked on the scheduler's own thread. */
  readonly thread: DecisionThread | null;
}

/** What is being opened: a thread takes as long to start as the files of a hub take to open. */
export interface OpeningDecisions {
  /** @throws SluiceError `policy-invalid` */
  opened(): Promise<OpenDecisions>;
  /** Whatever became of it. */
  close(): Promise<void>;
}

/** Starts a thread, unless the policies are functions of this program, and waits for nothing. */
export function beginDecisions(world: NodeWorld, options: NodeOptions): OpeningDecisions {
  const opening = openDecisions(world, options);
  const settled = opening.catch(() => null);
  return {
    opened: () => opening,
    close: async () => await (await settled)?.thread?.close(),
  };
}

async function openDecisions(
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
