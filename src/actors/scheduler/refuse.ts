/** What is refused is said to whoever asked, and logged. */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { SluiceError } from "../../task/errors.js";
import type { SourceId } from "../../task/identity.js";
import type { PolicyReply } from "../protocol/scheduler.js";
import type { Ctx, State } from "./state.js";

export function refuse(
  state: State,
  sourceId: SourceId,
  error: SluiceError,
  replyTo: ActorRef<PolicyReply> | undefined,
  ctx: Ctx,
): void {
  logRefusal(state, error.message, { source: sourceId }, ctx);
  replyTo?.tell({ type: "policyRefused", sourceId, error });
}

/** Whoever is refused may try all the time. */
const REFUSAL_LOG_MS = 1_000;

export function logRefusal(
  state: State,
  text: string,
  details: Readonly<Record<string, unknown>>,
  ctx: Ctx,
): void {
  state.refusals.count += 1;
  if (ctx.monotonic() - state.refusals.loggedAtMs < REFUSAL_LOG_MS) return;
  ctx.log.warn(text, { ...details, refusals: state.refusals.count });
  state.refusals.loggedAtMs = ctx.monotonic();
}
