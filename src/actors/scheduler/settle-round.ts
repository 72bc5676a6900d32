/**
 * What comes of a round: plans that are in force from now on, failures that fence their policies, and what comes too late or is of
 * another time, which is dropped and counted.
 */

import type { SourceId } from "../../task/identity.js";
import type { FailureKind } from "../../scheduling/ask-policy.js";
import { loadOf } from "../../scheduling/load.js";
import type { ClusterFacts, TurnAnswer } from "../../scheduling/round.js";
import type { Plan } from "../../scheduling/policy.js";
import type { DecisionEvent } from "./decision-port.js";
import { onReplan, viewNow } from "./decide.js";
import { remember } from "./plan-memory-port.js";
import { publishChanges } from "./publish-changes.js";
import { strikeShadow } from "./shadows.js";
import { sameFirsts } from "../../scheduling/plan.js";
import { acceptedPlan, keptPlan, withExclusions, type Scoped, type SourceEntry } from "./source-plan.js";
import type { Ctx, State } from "./state.js";

/** A failing policy would fill the log. */
const FAILURE_LOG_MS = 1_000;

type Event<Type extends DecisionEvent["type"]> = Extract<DecisionEvent, { readonly type: Type }>;

export function onRoundDecided(state: State, { job, answers }: Event<"roundDecided">, ctx: Ctx): void {
  if (state.round?.job !== job) {
    state.overhead.stale += answers.length;
    return;
  }
  const { asked, term } = state.round;
  const cluster = viewNow(state, ctx.monotonic());
  for (const answer of answers) {
    const before = asked.get(answer.source);
    const entry = state.sources.get(answer.source);
    if (entry === undefined || before === undefined || term !== state.term || !isSame(entry, before)) {
      state.overhead.stale += 1;
    } else {
      settle(state, { entry, answer, cluster }, ctx);
    }
  }
  endRound(state, ctx);
}

/** Whether what was decided of a source is about it as it is now. */
function isSame(now: SourceEntry, then: SourceEntry): boolean {
  return now === then || (now.description === then.description && now.plan === then.plan);
}

interface Settled {
  readonly entry: SourceEntry;
  readonly answer: TurnAnswer;
  readonly cluster: ClusterFacts;
}

function settle(state: State, { entry, answer, cluster }: Settled, ctx: Ctx): void {
  const { id, policy } = entry.description;
  const who = { policy: policy.name, source: id, isShadow: false };
  const excluded = state.exclusions.among(entry.description.pipeline, cluster.nowMs);
  switch (answer.status) {
    case "decided": {
      state.overhead.addDecision(answer.tookMs, false);
      state.fences.lift(who);
      if (answer.anew !== null)
        ctx.log.warn("A policy begins anew", { source: id, policy: policy.name, why: answer.anew });
      const kept = answer.kept ?? entry.kept;
      const plan = acceptedPlan(entry, answer.plan, { ...cluster, excluded });
      const spent = budgetFor(state, { entry, plan, now: { ...cluster, excluded } });
      if (spent !== null) {
        // It is asked again as it was, and first.
        state.postponed.add(id);
        stay(state, entry, { said: `wants to move a stage (${answer.why.reason}), and ${spent}`, cluster });
        return;
      }
      enforce(state, { ...entry, kept, why: withExclusions(answer.why, excluded) }, { plan, cluster });
      return;
    }
    case "failed":
      state.overhead.addDecision(answer.tookMs, true);
      state.fences.strike(who, { kind: answer.kind, text: fencedText(state, answer) }, cluster.nowMs);
      logFailure(state, { ...who, kind: answer.kind, text: answer.text }, ctx);
      stay(state, entry, { said: answer.text, cluster, pauses: false });
      return;
    case "fenced": {
      const said = state.fences.reason(who, cluster.nowMs) ?? "failed";
      stay(state, entry, { said: `${said} and is not asked for a while`, cluster, pauses: false });
      return;
    }
    case "postponed":
      state.overhead.postponed += 1;
      state.postponed.add(id);
      state.pending.add(id, "decisions that were put off");
      stay(state, entry, { said: "has had its time in this round", cluster });
  }
}

/** Takes a move from the budget, unless it has to be made anyway. @returns null where it may be made, or what is said of it */
function budgetFor(
  state: State,
  {
    entry,
    plan,
    now,
  }: { readonly entry: SourceEntry; readonly plan: Plan; readonly now: Scoped & { readonly nowMs: number } },
): string | null {
  const { id } = entry.description;
  // The first one of a policy is its operator's wish.
  if (entry.plan === null || entry.kept === null || sameFirsts(entry.plan, plan)) return null;
  if (keptPlan(entry, now) !== entry.plan) return null;
  return state.moveBudget.take(id, now.nowMs);
}

/** What is said of a policy for as long as it is not asked. */
function fencedText(
  state: State,
  { kind, text }: { readonly kind: FailureKind; readonly text: string },
): string {
  return kind === "slow" ? `took longer than ${state.options.decisions.limits.decisionMs} ms` : text;
}

interface Staying {
  readonly said: string;
  readonly cluster: ClusterFacts;
  /** Whether the source may go on to pause: a policy that fails would never have it go on. Default true. */
  readonly pauses?: boolean;
}

/** The last good plan stays, less what is gone. */
function stay(state: State, entry: SourceEntry, { said, cluster, pauses = true }: Staying): void {
  const excluded = state.exclusions.among(entry.description.pipeline, cluster.nowMs);
  const plan = keptPlan(entry, { ...cluster, excluded }, pauses);
  const why = {
    reason: `policy "${entry.description.policy.name}" ${said}: the plan before it stays`,
    inputs: {},
  };
  enforce(state, { ...entry, why }, { plan, cluster });
}

function enforce(
  state: State,
  entry: SourceEntry,
  { plan, cluster }: { readonly plan: Plan; readonly cluster: ClusterFacts },
): void {
  const { id } = entry.description;
  const decided = { ...entry, plan };
  state.sources.set(id, decided);
  const isOld = state.retained.kept.get(id) === entry.kept;
  state.retained.kept.set(id, entry.kept);
  if (!isOld || plan !== entry.plan) remember(state.retained.memory, decided);
  if (plan === entry.plan) return;
  state.changed.add(id);
  const view = {
    source: entry.description,
    serviceTimes: cluster.serviceTimes,
    imageBytesPerPixel: entry.images.bytesPerPixel,
  };
  const before = entry.plan === null ? null : loadOf(entry.plan, view);
  state.charges.add({ before, after: loadOf(plan, view) }, cluster.nowMs);
}

/**
 * The thread had to be ended. Whoever stood there is not asked for a while, by itself and for no source; all others are asked
 * again at once, and meanwhile every plan stays.
 */
export function onRoundLost(state: State, { job, culprit, text }: Event<"roundLost">, ctx: Ctx): void {
  const nowMs = ctx.monotonic();
  state.overhead.lost += 1;
  if (culprit !== null) {
    const { policy, isShadow } = culprit;
    state.fences.strike({ policy, source: null, isShadow }, { kind: "stuck", text }, nowMs);
    if (isShadow) strikeShadow(state, culprit);
    logFailure(state, { ...culprit, kind: "stuck", text }, ctx);
  }
  if (state.round?.job !== job) return;
  const { asked, reason } = state.round;
  const cluster = viewNow(state, nowMs);
  for (const id of asked.keys()) {
    const entry = state.sources.get(id);
    if (entry === undefined) continue;
    stay(state, entry, { said: saidOfLoss(entry, culprit, text), cluster });
    if (culprit !== null) state.pending.add(id, reason);
  }
  endRound(state, ctx);
}

function saidOfLoss(
  { description }: SourceEntry,
  culprit: Event<"roundLost">["culprit"],
  text: string,
): string {
  if (culprit?.policy === description.policy.name && !culprit.isShadow) return text;
  return `was not heard, as ${culprit === null ? "the thread ended" : `policy "${culprit.policy}" held up the thread`}`;
}

function endRound(state: State, ctx: Ctx): void {
  if (state.round === null) return;
  const { startedAtMs, reason } = state.round;
  state.overhead.addRound(ctx.monotonic() - startedAtMs);
  state.round = null;
  publishChanges(state, reason, ctx);
  onReplan(state, ctx);
}

interface Failed {
  readonly policy: string;
  readonly source: SourceId | null;
  readonly isShadow: boolean;
  readonly kind: FailureKind;
  readonly text: string;
}

function logFailure(state: State, { policy, source, isShadow, kind, text }: Failed, ctx: Ctx): void {
  if (ctx.monotonic() - state.failuresLogged.atMs < FAILURE_LOG_MS) return;
  const failures = state.overhead.failures - state.failuresLogged.count;
  const said = isShadow
    ? "A policy failed beside the one in force: nothing changes"
    : "A policy failed: the last good plan stays";
  ctx.log.error(said, { source, policy, kind, failures, error: text });
  state.failuresLogged = { atMs: ctx.monotonic(), count: state.overhead.failures };
}
