/** Policies that decide beside those in force: what each would do, and what was expected of both. Nobody does it. */

import type { ShadowTurn } from "../../scheduling/round.js";
import { assertNever } from "../../runtime/errors.js";
import type { ShadowAnswer } from "../../scheduling/shadow-round.js";
import type { Culprit } from "./decision-port.js";
import type { ShadowReport } from "../../task/reports.js";
import type { ShadowEntry } from "./shadow-entry.js";
import type { SourceEntry } from "./source-plan.js";
import type { Ctx, State } from "./state.js";

export function shadowTurn(
  state: State,
  { description, shadow }: SourceEntry,
  nowMs: number,
): ShadowTurn | null {
  if (shadow === null) return null;
  const { policy, kept } = shadow;
  const who = { policy: policy.name, source: description.id, isShadow: true };
  return { policy, kept, fenced: state.fences.reason(who, nowMs) };
}

/** Keeps what shadows would do, of those that are as they were when they were asked. */
export function onShadowsDecided(state: State, answers: readonly ShadowAnswer[], ctx: Ctx): void {
  for (const answer of answers) {
    const entry = state.sources.get(answer.source);
    if (entry === undefined || entry.shadow === null) {
      state.overhead.stale += 1;
      continue;
    }
    const shadow = settled(state, entry.shadow, answer, ctx);
    state.sources.set(answer.source, { ...entry, shadow });
  }
}

function settled(state: State, before: ShadowEntry, answer: ShadowAnswer, ctx: Ctx): ShadowEntry {
  const who = { policy: before.policy.name, source: answer.source, isShadow: true };
  const { inForce, shadow: own } = answer;
  switch (answer.status) {
    case "decided":
      state.fences.lift(who);
      return {
        ...before,
        kept: answer.kept ?? before.kept,
        plan: answer.plan,
        why: answer.why,
        inForce,
        own,
      };
    case "failed":
      state.fences.strike(who, answer, ctx.monotonic());
      return { ...before, why: { reason: `policy "${who.policy}" ${answer.text}`, inputs: {} } };
    case "fenced":
      return before;
    default:
      return assertNever(answer);
  }
}

/** It had to be ended: it says so wherever it stands beside another. */
export function strikeShadow(state: State, { policy }: Culprit): void {
  for (const [id, entry] of state.sources) {
    if (entry.shadow?.policy.name !== policy) continue;
    const why = { reason: `policy "${policy}" had to be ended`, inputs: {} };
    state.sources.set(id, { ...entry, shadow: { ...entry.shadow, why } });
  }
}

export function shadowReport(shadow: ShadowEntry | null): ShadowReport | null {
  if (shadow === null) return null;
  const { policy, plan, why, inForce, own } = shadow;
  const placement = Object.fromEntries(plan?.placement ?? []);
  return { policy: policy.name, configuration: plan?.configuration ?? null, placement, why, inForce, own };
}
