/** An operator has the hub read its own file of policies again. */

import { SluiceError } from "../../task/errors.js";
import type { Ctx, Of, State } from "./state.js";

export function onReloadPolicies(state: State, { replyTo }: Of<"reloadPolicies">, ctx: Ctx): void {
  if (state.isReloading) {
    const text = "Cannot read policies again as they are being read now: ask again once that is done";
    replyTo.tell({ type: "reloadRefused", error: new SluiceError(text, { code: "policy-invalid" }) });
    return;
  }
  state.isReloading = true;
  const reading = state.options.decisions.reload();
  ctx.pipe(reading, (result) => ({ type: "reloadDone", replyTo, result }));
}

export function onReloadDone(state: State, { replyTo, result }: Of<"reloadDone">, ctx: Ctx): void {
  state.isReloading = false;
  if (result.ok) {
    replyTo.tell({ type: "policiesReloaded", names: [...state.options.decisions.policies.keys()] });
    return;
  }
  ctx.log.warn("The file of policies cannot be used, and those in force stay", {
    error: result.error.message,
  });
  replyTo.tell({ type: "reloadRefused", error: result.error });
}
