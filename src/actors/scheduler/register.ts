/** Sources and their policies come, change and go. */

import { SluiceError } from "../../task/errors.js";
import { pipelineKeyText, type SourceId } from "../../task/identity.js";
import { UNDECIDED, type PolicySpec, type SourceDescription } from "../../task/requests.js";
import { suggestName } from "../../task/nearest-name.js";
import {
  attemptOf,
  keptFor,
  POLICY_UNTIL_SET,
  sourceProblem,
  tooManySources,
  tryHere,
  type PolicyAttempt,
  versionOf,
} from "./admission.js";
import type { DecisionEvent } from "./decision-port.js";
import { shadowOf } from "./shadow-entry.js";
import { recall } from "./plan-memory-port.js";
import { requestReplan } from "./decide.js";
import type { PolicyScope } from "../../scheduling/policy.js";
import { createSourceEntry, type Ctx, type Of, type State } from "./state.js";
import { endAtFormer, hostingProblem, hostRegisters } from "./hosting/host-news.js";
import { nativeOf } from "./source-opened.js";
import { confirm } from "./confirm-name.js";
import { logRefusal, refuse } from "./refuse.js";
import { overtaken } from "./remove-source.js";
import { steered } from "./steered.js";

/** @param tried what came of trying its policy; default: it is tried first */
export function onRegisterSource(
  state: State,
  message: Of<"registerSource">,
  ctx: Ctx,
  tried?: PolicyAttempt,
): void {
  const { source, isNew = false, runs = false, replyTo } = message;
  const { sources, options } = state;
  const { owners, sourcesMax } = options;
  const known = sources.has(source.id) || sources.size < sourcesMax;
  const fits = known
    ? sourceProblem(source, {
        sources,
        owners,
        quota: options,
      })
    : tooManySources(source.id, sourcesMax);
  const turnAway = (problem: SluiceError, isAnswered = true): void => {
    state.ignored++;
    refuse(state, source.id, problem, isAnswered ? replyTo : undefined, ctx);
  };
  const otherHost = hostingProblem(state, message);
  const unfit = otherHost ?? fits;
  if (unfit !== null) {
    // One that runs while another host is looked for ends as that is found, or goes on.
    turnAway(unfit, !runs || otherHost === null);
    endAtFormer(state, source, ctx);
    return;
  }
  const { pipeline } = source;
  const scope = isNew ? { source, nodes: descriptionsOf(state) } : undefined;
  const ordered = isNew ? undefined : state.retained.orders.get(source.id)?.policy;
  const asked = ordered ?? source.policy;
  const attempt = tried ?? tryHere(options.decisions, asked, scope);
  if (attempt === null) {
    check(state, { source: source.id, policy: asked, scope, message }, ctx);
    return;
  }
  const { policy, refusal } =
    attempt.ok || ordered === undefined ? inForce(attempt, asked) : withoutOrder(state, source, attempt, ctx);
  // Who asks before it runs is refused as if it had not asked: a name that its node has stays its own. What is announced runs.
  if (refusal !== null && replyTo !== undefined && !runs) {
    turnAway(refusal);
    return;
  }
  const wasHeld = owners.holderOf(source.id) === source.node;
  if (!owners.claim(source.id, source.node, { nowMs: ctx.now(), ...versionOf(source) })) {
    turnAway(tooManySources(source.id, sourcesMax));
    return;
  }
  if (isNew) {
    // Who starts a source anew says by which policy: that is the last word on it.
    state.retained.orders.delete(source.id);
    state.retained.kept.delete(source.id);
    state.fences.forget(source.id);
  }
  const before = state.sources.get(source.id);
  // A node that starts again has not opened it yet; it is the same source.
  const native = source.native ?? (isNew ? undefined : nativeOf(state, source));
  const description = { ...source, policy, ...(native && { native }) };
  const recalled = isNew || before !== undefined ? null : recall(state.retained.memory, source);
  const kept = keptFor(policy, state.retained.kept.get(source.id) ?? recalled?.kept);
  const plan = before?.description.pipeline.id === pipeline.id ? before.plan : (recalled?.plan ?? null);
  if (recalled !== null) state.recalled.set(source.id, recalled.plan);

  state.retained.sources.set(source.id, description);
  state.sources.set(source.id, {
    ...createSourceEntry(steered(description, state.retained.orders.get(source.id)), kept, ctx.monotonic()),
    plan,
    ...(recalled !== null && { why: recalled.why }),
    ...(before !== undefined && { window: before.window, images: before.images }),
  });
  if (before?.description.pipeline !== pipeline) state.changed.add(source.id);
  if (refusal !== null) refuse(state, source.id, refusal, undefined, ctx);
  if (!wasHeld) state.retained.unwritten.add(source.id);
  // Who announces what runs waits for no answer but a refusal, and goes on whether or not the name can be written now.
  if (replyTo !== undefined && !runs) confirm(state, source, replyTo, ctx);
  requestReplan(state, source.id, `source ${source.id} registered`, ctx);
  hostRegisters(state, source, ctx);
}

/** The policy that was asked for, or the one that stands in until another is set. */
function inForce(
  attempt: PolicyAttempt,
  asked: PolicySpec,
): { readonly policy: PolicySpec; readonly refusal: SluiceError | null } {
  if (attempt.ok) return { policy: asked, refusal: null };
  return { policy: POLICY_UNTIL_SET, refusal: attempt.error };
}

/** What an operator said cannot be any more: its own policy decides again. */
function withoutOrder(
  state: State,
  { id, policy }: SourceDescription,
  { error }: Extract<PolicyAttempt, { readonly ok: false }>,
  ctx: Ctx,
): ReturnType<typeof inForce> {
  logRefusal(state, error.message, { source: id }, ctx);
  return inForce(tryHere(state.options.decisions, policy) ?? { ok: true }, policy);
}

interface Check {
  readonly source: SourceId;
  readonly policy: PolicySpec;
  readonly scope: PolicyScope | undefined;
  readonly message: Of<"registerSource"> | Of<"setPolicy">;
}

/** Has a policy tried where it runs; the message is looked at again after that. */
function check(state: State, { source, policy, scope, message }: Check, ctx: Ctx): void {
  const job = ++state.retained.jobs;
  const before = state.checks.add(source, job, message);
  if (before !== null) refuse(state, source, overtaken(source), before.replyTo, ctx);
  state.options.decisions.check(job, policy, scope ?? null);
}

export function onChecked(
  state: State,
  { job, problem }: Extract<DecisionEvent, { readonly type: "checked" }>,
  ctx: Ctx,
): void {
  const message = state.checks.take(job);
  if (message === null) return;
  const attempt = attemptOf(problem);
  if (message.type === "setPolicy") onSetPolicy(state, message, ctx, attempt);
  else onRegisterSource(state, message, ctx, attempt);
}

function descriptionsOf({ nodes }: State): PolicyScope["nodes"] {
  return new Map([...nodes].map(([name, { description }]) => [name, description]));
}

export function onFreeVersion(state: State, { pipelineId, version, replyTo }: Of<"freeVersion">): void {
  const node = state.options.owners.freeVersion(pipelineKeyText(pipelineId, version));
  replyTo.tell({ type: "versionFreed", node });
}

/** @param tried what came of trying the policy; default: it is tried first */
export function onSetPolicy(state: State, message: Of<"setPolicy">, ctx: Ctx, tried?: PolicyAttempt): void {
  const { sourceId, policy, replyTo } = message;
  const entry = state.sources.get(sourceId);
  if (entry === undefined) {
    const text = `Cannot set the policy of source "${sourceId}" as it is not registered${suggestName(sourceId, state.sources.keys())}`;
    refuse(state, sourceId, new SluiceError(text, { code: "policy-invalid" }), replyTo, ctx);
    return;
  }
  const description = { ...entry.description, policy };
  const scope = { source: description, nodes: descriptionsOf(state) };
  const attempt = tried ?? tryHere(state.options.decisions, policy, scope);
  if (attempt === null) {
    check(state, { source: sourceId, policy, scope, message }, ctx);
    return;
  }
  if (!attempt.ok) {
    refuse(state, sourceId, attempt.error, replyTo, ctx);
    return;
  }
  // What is kept on disk is what was checked: an operator may have sent more.
  const order = { ...state.retained.orders.get(sourceId), policy: checkedSpec(policy) };
  state.retained.orders.set(sourceId, order);
  const registered = { ...(state.retained.sources.get(sourceId) ?? entry.description), policy };
  state.retained.sources.set(sourceId, registered);
  state.sources.set(sourceId, {
    ...entry,
    description: steered(registered, order),
    kept: null,
    // What the one before said of its plan is no word of this one.
    why: UNDECIDED,
    shadow: shadowOf(policy),
  });
  state.retained.kept.delete(sourceId);
  state.fences.forget(sourceId);
  replyTo?.tell({ type: "policySet", sourceId });
  requestReplan(state, sourceId, `policy of ${sourceId} set to ${policy.name}`, ctx);
}

function checkedSpec({ name, parameters, shadow }: PolicySpec): PolicySpec {
  if (shadow === undefined) return { name, parameters };
  return { name, parameters, shadow: { name: shadow.name, parameters: shadow.parameters } };
}
