/** Retention: old records are deleted by count and by age, a step at a time. */

import type { AskResult, Context } from "../../runtime/behaviour.js";
import { errorText } from "../../runtime/errors.js";
import { warn, type Message, type State } from "./state.js";

export const RETENTION_PERIOD_MS = 10_000;
const STEP_RECORDS = 1_000;

export function onRetentionDue(state: State, ctx: Context<Message>): State {
  expire(state, ctx);
  return state;
}

export function expire(state: State, ctx: Context<Message>): void {
  if (state.expiring) return;
  state.expiring = true;
  const { recordsMax, ageMsMax } = state.given.retention;
  const step = state.given.store.expire({
    limit: STEP_RECORDS,
    ...(recordsMax === undefined ? {} : { recordsMax }),
    ...(ageMsMax === undefined ? {} : { storedBeforeMs: ctx.now() - ageMsMax }),
  });
  ctx.pipe(step, (result) => ({ type: "expireEnded", result }));
}

export function onExpireEnded(state: State, result: AskResult<number>, ctx: Context<Message>): State {
  state.expiring = false;
  if (!result.ok) {
    warn(state, "Cannot delete old records; it is tried again", { error: errorText(result.error) }, ctx);
  } else if (result.reply === STEP_RECORDS) {
    expire(state, ctx);
  }
  return state;
}
