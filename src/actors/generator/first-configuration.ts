/** When a source begins: with its first configuration, and a live one once its stages are loaded, too. Neither is waited for without end. */

import type { Ctx, GeneratorState, MessageOf } from "./state.js";

/** How long the first configuration is waited for. */
const CONFIGURATION_WAIT_MS = 1_000;
/** How long a live source waits, from its first configuration on, for its stages to be loaded. */
const LOADING_WAIT_MS = 10_000;

export function awaitConfiguration(ctx: Ctx): void {
  ctx.after("configuration", CONFIGURATION_WAIT_MS, { type: "configurationMissed" });
}

/** Whether a source that has not begun still waits: what a live one gives while its stages are loaded would only wait, too. */
export function waitsForLoading(
  state: GeneratorState,
  { loading }: Pick<MessageOf<"configure">, "loading">,
  ctx: Ctx,
): boolean {
  if (state.phase.status !== "waiting" || loading !== true || !state.capture.live) return false;
  if (!state.phase.loading) ctx.after("configuration", LOADING_WAIT_MS, { type: "configurationMissed" });
  state.phase = { status: "waiting", loading };
  return true;
}
