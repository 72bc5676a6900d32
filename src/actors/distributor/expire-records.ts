/** Retention: old records are deleted by count and by age, a step at a time. */

import type { AskResult, Context } from "../../runtime/behaviour.js";
import { errorText } from "../../runtime/errors.js";
import type { RetentionOptions } from "../protocol/distributor.js";
import { warn, type Message, type State } from "./state.js";

export const RETENTION_PERIOD_MS = 10_000;
const STEP_RECORDS = 1_000;

/** What is deleted by age or bytes is looked for now and then, and what is too many as records are stored. */
export function armRetention({ retained }: State, ctx: Context<Message>): void {
  const { ageMsMax, bytesMax } = retained.retention;
  if (ageMsMax === undefined && bytesMax === undefined) ctx.cancel("retention");
  else ctx.every("retention", RETENTION_PERIOD_MS, { type: "retentionDue" });
}

export function onRetain(state: State, retention: RetentionOptions, ctx: Context<Message>): State {
  state.retained.retention = retention;
  armRetention(state, ctx);
  expire(state, ctx);
  return state;
}

export function onRetentionDue(state: State, ctx: Context<Message>): State {
  expire(state, ctx);
  return state;
}

export function expire(state: State, ctx: Context<Message>): void {
  if (state.expiring) return;
  state.expiring = true;
  const { recordsMax, bytesMax, ageMsMax } = state.retained.retention;
  const step = state.given.store.expire({
    limit: STEP_RECORDS,
    ...(recordsMax === undefined ? {} : { recordsMax }),
    ...(bytesMax === undefined ? {} : { bytesMax }),
    ...(ageMsMax === undefined ? {} : { storedBeforeMs: ctx.now() - ageMsMax }),
  });
  ctx.pipe(step, (result) => ({ type: "expireEnded", result }));
}

export function onExpireEnded(state: State, result: AskResult<number>, ctx: Context<Message>): State {
  state.expiring = false;
  if (!result.ok) {
    warn(state, "Cannot delete old records; it is tried again", { error: errorText(result.error) }, ctx);
  } else if (result.reply === STEP_RECORDS || hasTooMany(state)) {
    expire(state, ctx);
  }
  return state;
}

/** Also of what was stored while a step was under way. */
export function hasTooMany({ given, retained }: State): boolean {
  const { recordsMax } = retained.retention;
  return recordsMax !== undefined && given.store.recordCount > recordsMax;
}
