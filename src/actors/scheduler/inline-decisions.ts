/** Decides on the thread of whoever asks: for policies that are functions of this program, for tests and for the simulation. */

import { errorText } from "../../runtime/errors.js";
import { delaySince, type ThreadDelay } from "../../runtime/thread-time.js";
import { SluiceError } from "../../task/errors.js";
import type { PolicySpec } from "../../task/requests.js";
import { DECISION_LIMITS, type DecisionLimits } from "../../scheduling/ask-policy.js";
import { infoOf, startPolicy, type PolicyRegistry } from "../../scheduling/policies.js";
import type { PolicyScope } from "../../scheduling/policy.js";
import { decideRound } from "../../scheduling/round.js";
import { decideShadows } from "../../scheduling/shadow-round.js";
import type { CheckProblem, DecisionListener, DecisionPort } from "./decision-port.js";

/**
 * What is asked is copied, so that here, too, a policy gets nothing that it could not get on a thread.
 *
 * @param delay of this thread, so that no policy is taken for slow that had to wait for a processor. Default: not known
 */
export function createInlineDecisions(
  policies: PolicyRegistry,
  limits: DecisionLimits = DECISION_LIMITS,
  delay: ThreadDelay = () => null,
): DecisionPort {
  let listener: DecisionListener = { tell: () => {}, monotonic: () => 0 };
  return {
    trusted: policies,
    limits,
    policies: infoOf(policies),
    attach: (to) => void (listener = to),
    decide(job, request) {
      const { tell, monotonic } = listener;
      const tools = { policies, limits, monotonic, delayedMs: delaySince(delay), onTurn: () => {} };
      const { answers, seen } = decideRound(structuredClone(request), tools);
      tell({ type: "roundDecided", job, answers });
      if (seen.length > 0) tell({ type: "shadowsDecided", job, answers: decideShadows(seen, tools) });
    },
    check: (job, spec, scope) =>
      listener.tell({ type: "checked", job, problem: checkPolicy(policies, spec, scope) }),
    reload: () => Promise.reject(noPolicyFile()),
  };
}

/** There is nothing to be read again. */
export function noPolicyFile(): SluiceError {
  const text = "Cannot read policies again as the hub has no file of them: start it with --policies FILE";
  return new SluiceError(text, { code: "policy-invalid" });
}

/** Why the policy cannot be started so; null where it can. */
export function checkPolicy(
  policies: PolicyRegistry,
  spec: PolicySpec,
  scope: PolicyScope | null,
): CheckProblem | null {
  try {
    startPolicy(policies, spec, scope ?? undefined);
    if (spec.shadow !== undefined) startPolicy(policies, spec.shadow, scope ?? undefined);
    return null;
  } catch (thrown) {
    if (thrown instanceof SluiceError) return { text: thrown.message };
    return { text: `Cannot start policy "${spec.name}" as it failed: ${errorText(thrown)}` };
  }
}
