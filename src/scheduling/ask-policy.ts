/** Asks a policy, and makes whatever it does a proposal that can be used, or a failure that says why it cannot. */

import { errorText } from "../runtime/errors.js";
import { SluiceError } from "../task/errors.js";
import type { NodeName, StageId } from "../task/identity.js";
import { TEXT_LIMITS } from "../task/limits.js";
import type { Explanation, PlanPause, PolicySpec } from "../task/requests.js";
import { encodeState, resumeState, sameBytes, type KeptState } from "./kept-state.js";
import { completePlan, type PlanScope } from "./plan.js";
import { isBuiltIn, type PolicyRegistry } from "./policies.js";
import type { BoundPolicy, Decision, Plan, PolicyView } from "./policy.js";

/** A policy, what it has learned, and what it is to see. */
export interface Asked {
  readonly policy: PolicySpec;
  readonly kept: KeptState | null;
  readonly view: PolicyView;
  readonly scope: PlanScope;
}

/** What a policy proposed, checked; or why it is of no use. */
export type Proposal =
  | {
      readonly status: "decided";
      /** Complete: every stage has a node. */
      readonly plan: Plan;
      readonly why: Explanation;
      /** What the policy has learned now; null where that is as before. */
      readonly kept: KeptState | null;
      /** Why it began anew, for people; null where it went on. */
      readonly anew: string | null;
      readonly tookMs: number;
    }
  | {
      readonly status: "failed";
      readonly kind: FailureKind;
      /** For people. */
      readonly text: string;
      readonly tookMs: number;
    };

/** `stuck`: it had to be ended from outside, for its time or its memory. */
export type FailureKind = "threw" | "nonsense" | "slow" | "stuck";

/** What a policy may take for one decision. */
export interface DecisionLimits {
  /** What one decision may take, in ms: every source waits for it. Built-in policies may take `BUILT_IN_TIMES` as long. */
  readonly decisionMs: number;
  /** Of what a policy remembers of one source. */
  readonly stateBytes: number;
}

export const DECISION_LIMITS: DecisionLimits = { decisionMs: 200, stateBytes: 64 * 1024 };

/** Built-in policies end by themselves, on a busy machine later: how fast that is, is no fault of theirs. */
export const BUILT_IN_TIMES = 10;

export interface AskTools {
  readonly policies: PolicyRegistry;
  readonly limits: DecisionLimits;
  /** In ms. */
  readonly monotonic: () => number;
  /** How long this thread has waited for a processor since the round began, in ms: that is no policy's fault. Default: not known. */
  readonly delayedMs?: () => number;
}

/** Characters of a reason; inputs, and characters of one of them. Whoever asks why reads them. */
const REASON_LENGTH_MAX = 512;
const INPUTS_MAX = 32;
const INPUT_LENGTH_MAX = 256;

/** Asks for one source. */
export function askSingle(asked: Asked, tools: AskTools): Proposal {
  const sinceMs = tools.monotonic();
  try {
    const bound = boundOf(asked.policy, tools.policies);
    const resumed = resumeState(bound, asked.policy, asked.kept);
    const { run, plan, why } = bound.resume(resumed.state).decide(asked.view);
    const tookMs = tools.monotonic() - sinceMs;
    return proposalOf({ state: run.state, plan, why }, asked, { bound, anew: resumed.anew, tookMs, tools });
  } catch (thrown) {
    return failure(thrown, "threw", tools.monotonic() - sinceMs);
  }
}

/** Asks for all sources of one policy at once; what it does wrong counts for all of them, but for plans that cannot be. */
export function askJoint(all: readonly Asked[], tools: AskTools): readonly Proposal[] {
  const [first] = all;
  if (first === undefined) return [];
  const sinceMs = tools.monotonic();
  try {
    const bound = boundOf(first.policy, tools.policies);
    const resumed = all.map(({ policy, kept }) => resumeState(bound, policy, kept));
    const turns = all.map(({ view }, index) => ({ view, state: resumed[index]?.state }));
    const decisions: unknown = bound.decideAll?.(turns);
    const tookMs = (tools.monotonic() - sinceMs) / all.length;
    if (!Array.isArray(decisions) || decisions.length !== all.length) {
      throw new Nonsense(`It must give ${all.length} decisions, one for each of its sources`);
    }
    return all.map((asked, index) =>
      proposalOf(decisions[index], asked, {
        bound,
        anew: resumed[index]?.anew ?? null,
        tookMs,
        tools,
        wholeMs: tookMs * all.length,
      }),
    );
  } catch (thrown) {
    const tookMs = (tools.monotonic() - sinceMs) / all.length;
    return all.map(() => failure(thrown, thrown instanceof Nonsense ? "nonsense" : "threw", tookMs));
  }
}

function boundOf({ name }: PolicySpec, policies: PolicyRegistry): BoundPolicy {
  const bound = policies.get(name);
  if (bound !== undefined) return bound;
  throw new SluiceError(`There is no policy "${name}" any more`, { code: "policy-invalid" });
}

/** What was answered is none of what a policy may answer. */
class Nonsense extends TypeError {}

interface Answered {
  readonly bound: BoundPolicy;
  readonly anew: string | null;
  readonly tookMs: number;
  /** Of the call that gave this answer, where it gave others too. */
  readonly wholeMs?: number;
  readonly tools: AskTools;
}

function proposalOf(answer: unknown, asked: Asked, answered: Answered): Proposal {
  const { bound, anew, tookMs, wholeMs = tookMs, tools } = answered;
  const { decisionMs, stateBytes } = tools.limits;
  const msMax = decisionMs * (isBuiltIn(bound.name) ? BUILT_IN_TIMES : 1);
  const slowMs = wholeMs > msMax ? wholeMs - (tools.delayedMs?.() ?? 0) : 0;
  if (slowMs > msMax) {
    const text = `took ${Math.round(slowMs)} ms, more than ${msMax}`;
    return { status: "failed", kind: "slow", text, tookMs };
  }
  try {
    const { state, plan, why } = checkDecision(answer);
    const explained = checkExplanation(why);
    const bytes = encodeState(state, stateBytes);
    const { kept: before, policy } = asked;
    const isSame = before !== null && before.version === bound.version && sameBytes(before.bytes, bytes);
    return {
      status: "decided",
      plan: completePlan(checkPlan(plan, asked.scope), asked.scope),
      why: explained,
      kept: isSame ? null : { policy, version: bound.version, bytes },
      anew,
      tookMs,
    };
  } catch (thrown) {
    return failure(thrown, "nonsense", tookMs);
  }
}

function failure(thrown: unknown, kind: FailureKind, tookMs: number): Proposal {
  const text = `failed: ${errorText(thrown)}`.slice(0, REASON_LENGTH_MAX);
  return { status: "failed", kind, text, tookMs };
}

function checkDecision(answer: unknown): Decision<unknown> {
  if (typeof answer !== "object" || answer === null || !("plan" in answer) || !("why" in answer)) {
    throw new Nonsense('It must give "state", "plan" and "why"');
  }
  return answer as Decision<unknown>;
}

/** Lists of nodes, each once; whether they can run the stages is checked by whoever completes the plan. */
function checkPlan(plan: Plan, { source, nodes }: PlanScope): Plan {
  if (typeof plan !== "object" || plan === null || !(plan.placement instanceof Map)) {
    throw new Nonsense('It must give a plan with a map of stages to nodes as "placement"');
  }
  const placement = new Map<StageId, readonly NodeName[]>();
  for (const { id } of source.pipeline.stages) {
    const wanted: unknown = plan.placement.get(id);
    if (wanted === undefined) continue;
    if (!Array.isArray(wanted)) throw new Nonsense(`It must give stage "${id}" a list of nodes`);
    const known = wanted.filter((node: unknown): node is NodeName => nodes.has(node as NodeName));
    placement.set(id, [...new Set(known)]);
  }
  if (plan.pixelsStay !== undefined && typeof plan.pixelsStay !== "boolean")
    throw new Nonsense('It must give true or false as "pixelsStay"');
  const pause = plan.pause === undefined ? null : checkPause(plan.pause);
  const pixelsStay = plan.pixelsStay === true;
  return { configuration: plan.configuration, placement, pixelsStay, ...(pause && { pause }) };
}

function checkPause(pause: PlanPause): PlanPause {
  if (typeof pause !== "object" || pause === null || typeof pause.reason !== "string") {
    throw new Nonsense('It must give a pause with a text as "reason"');
  }
  if (typeof pause.flushes !== "boolean") {
    throw new Nonsense('It must give true or false as "flushes" of a pause');
  }
  return { reason: pause.reason.slice(0, TEXT_LIMITS.pauseReason), flushes: pause.flushes };
}

function checkExplanation(why: Explanation): Explanation {
  if (typeof why !== "object" || why === null || typeof why.reason !== "string") {
    throw new Nonsense('It must say why: "why" with a reason and inputs');
  }
  const inputs: Record<string, string | number | boolean | null> = {};
  for (const [name, value] of Object.entries(why.inputs ?? {}).slice(0, INPUTS_MAX)) {
    const isPlain = value === null || typeof value === "boolean" || Number.isFinite(value);
    inputs[name.slice(0, INPUT_LENGTH_MAX)] = isPlain ? value : String(value).slice(0, INPUT_LENGTH_MAX);
  }
  return { reason: why.reason.slice(0, REASON_LENGTH_MAX), inputs };
}
