/** What is told of the policies of a hub: which there are, what they take, and which of them failed of late. */

import type { PoliciesReported } from "../protocol/scheduler.js";
import type { Ctx, Of, State } from "./state.js";

/** Policies that failed, for whoever asks. */
const FENCES_TOLD = 256;

export function onReportPolicies(state: State, { replyTo }: Of<"reportPolicies">, ctx: Ctx): void {
  const { policies } = state.options.decisions;
  replyTo.tell({
    type: "policiesReported",
    names: [...policies.keys()],
    parameters: parametersOf(policies),
    fences: state.fences.report(ctx.monotonic()).slice(0, FENCES_TOLD),
  });
}

function parametersOf(policies: State["options"]["decisions"]["policies"]): PoliciesReported["parameters"] {
  return Object.fromEntries(
    [...policies.values()].flatMap(({ name, parameters }) =>
      parameters === null ? [] : [[name, parameters] as const],
    ),
  );
}
