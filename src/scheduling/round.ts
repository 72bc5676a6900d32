/**
 * A round of decisions, as a pure function over plain data: what goes in can be copied to a thread, what comes out can be copied
 * back, and neither holds a function.
 *
 * RO1 What is decided for one source is charged to nodes and links before the next one is decided: so sources that see the same
 *     free node do not all go there.
 * RO2 A policy that throws, takes too long or answers what cannot be changes nothing for its source: its state and its plan stay.
 * RO3 What goes out is complete and checked, whatever a policy gave: no answer is larger than its source's pipeline is.
 */

import type { NodeName, SourceId } from "../task/identity.js";
import type { PolicySpec, SourceDescription } from "../task/requests.js";
import { askJoint, askSingle, type Asked, type AskTools, type Proposal } from "./ask-policy.js";
import type { KeptState } from "./kept-state.js";
import { loadOf, LoadSum, needOf, type PlanLoad } from "./load.js";
import type { RecentOutcomes } from "./outcome-window.js";
import { samePlan, usableOffers, type PlanScope } from "./plan.js";
import type { Load, Plan, PolicyView, SourceView } from "./policy.js";

/** What all decisions of a round see alike: sent once. */
export type ClusterFacts = Pick<
  PolicyView,
  "nowMs" | "nodes" | "offers" | "links" | "serviceTimes" | "fallback" | "unsampledBusyMs"
>;

/** One source that is to be decided for. */
export interface RoundTurn {
  readonly source: SourceDescription;
  /** In force, complete; null before the first decision. */
  readonly plan: Plan | null;
  readonly recent: RecentOutcomes;
  readonly imageBytesPerPixel: ReadonlyMap<string, number>;
  /** The nodes that a stage has no place on now, by `stage` or `stage:variant`. */
  readonly excluded: ReadonlyMap<string, ReadonlySet<NodeName>>;
  /** What its policy has learned; null where it begins. */
  readonly kept: KeptState | null;
  /** Why its policy is not asked, for people; null where it is. */
  readonly fenced: string | null;
  readonly shadow: ShadowTurn | null;
  /** Another one at each decision. */
  readonly seed: number;
}

/** A policy beside the one in force. */
export interface ShadowTurn {
  readonly policy: PolicySpec;
  readonly kept: KeptState | null;
  readonly fenced: string | null;
}

export interface RoundRequest {
  readonly cluster: ClusterFacts;
  /** All sources, as they are before the round. */
  readonly sources: ReadonlyMap<SourceId, SourceView>;
  /** What the plans in force of all of them ask for. */
  readonly planned: Load;
  /** In the order in which they are decided for. */
  readonly turns: readonly RoundTurn[];
}

/** What became of one turn. */
export type TurnAnswer =
  | (Proposal & { readonly source: SourceId })
  /** The policy was not asked. */
  | { readonly status: "fenced"; readonly source: SourceId }
  /** Its policy has had its time in this round. */
  | { readonly status: "postponed"; readonly source: SourceId };

/** In one round a policy has so many times the time of one decision; the rest of its sources wait for the next. */
const DECISIONS_TIMES = 5;

export interface RoundTools extends AskTools {
  /** Is told before each policy is asked: the turn at which it stands, or the first of those that are decided together. */
  readonly onTurn: (index: number) => void;
}

/** What a policy was asked, for a shadow that is to see the same. */
export interface Seen {
  /** Among the turns of the round. */
  readonly index: number;
  readonly turn: RoundTurn;
  readonly view: PolicyView;
  /** In force from now on; null where there is none. */
  readonly plan: Plan | null;
}

/** Decides all turns of a round in their order. */
export function decideRound(
  request: RoundRequest,
  tools: RoundTools,
): { readonly answers: readonly TurnAnswer[]; readonly seen: readonly Seen[] } {
  const { turns } = request;
  const charges = new Charges(request);
  const answers = new Map<RoundTurn, TurnAnswer>();
  const seen: Seen[] = [];
  const usedMs = new Map<string, number>();
  const settle = (turn: RoundTurn, view: PolicyView, answer: Unanswered): void => {
    answers.set(turn, { ...answer, source: turn.source.id });
    const plan = answer.status === "decided" ? answer.plan : turn.plan;
    if (turn.shadow !== null) seen.push({ index: turns.indexOf(turn), turn, view: frozenIn(view), plan });
    if (answer.status === "decided") charges.decide(turn, answer.plan);
    if ("tookMs" in answer) {
      const { name } = turn.source.policy;
      usedMs.set(name, (usedMs.get(name) ?? 0) + answer.tookMs);
    }
  };
  for (const [index, turn] of turns.entries()) {
    if (answers.has(turn)) continue;
    const { name } = turn.source.policy;
    const asked = charges.ask(turn);
    if (turn.fenced !== null) {
      settle(turn, asked.view, { status: "fenced" });
    } else if ((usedMs.get(name) ?? 0) > tools.limits.decisionMs * DECISIONS_TIMES) {
      settle(turn, asked.view, { status: "postponed" });
    } else if ((tools.policies.get(name)?.decideAll ?? null) === null) {
      tools.onTurn(index);
      settle(turn, asked.view, askSingle(asked, tools));
    } else {
      const group = turns.filter((other) => other.fenced === null && other.source.policy.name === name);
      const all = group.map((other) => charges.ask(other));
      tools.onTurn(index);
      for (const [at, proposal] of askJoint(all, tools).entries()) {
        const [member, { view = asked.view } = {}] = [group[at], all[at]];
        if (member !== undefined) settle(member, view, proposal);
      }
    }
  }
  return { answers: turns.flatMap((turn) => answers.get(turn) ?? []), seen };
}

type Unanswered = Proposal | { readonly status: "fenced" } | { readonly status: "postponed" };

/** What has been given to whom, from one decision of a round to the next. */
class Charges {
  readonly #cluster: ClusterFacts;
  readonly #others: LoadSum;
  readonly #sources: Map<SourceId, SourceView>;
  readonly #unsampledBusyMs: Map<NodeName, number>;

  constructor({ cluster, planned, sources }: RoundRequest) {
    this.#cluster = cluster;
    this.#others = new LoadSum(planned);
    this.#sources = new Map(sources);
    this.#unsampledBusyMs = new Map(cluster.unsampledBusyMs);
  }

  /** What the policy of a source is asked, as things are now: the others' plans, and not its own. */
  ask(turn: RoundTurn): Asked {
    const { source, plan, recent, imageBytesPerPixel, seed, kept } = turn;
    const known: PolicyView = {
      ...this.#cluster,
      unsampledBusyMs: this.#unsampledBusyMs,
      sources: this.#sources,
      source,
      native: source.native ?? null,
      plan: plan && withoutPause(plan),
      pauses: plan?.pause !== undefined,
      recent,
      imageBytesPerPixel,
      others: this.#others,
      seed,
    };
    const scope = scopeOf(turn, known);
    const { busyMs, mbps } = plan === null ? this.#others : this.#others.without(loadOf(plan, known));
    const view = { ...known, others: { busyMs, mbps }, offers: usableOffers(scope) };
    return { policy: source.policy, kept, view, scope };
  }

  /** A plan is in force from now on. */
  decide({ source, plan: before, imageBytesPerPixel }: RoundTurn, after: Plan): void {
    if (before !== null && samePlan(before, after)) return;
    const view = { source, imageBytesPerPixel, serviceTimes: this.#cluster.serviceTimes };
    if (before !== null) this.#charge(loadOf(before, view), -1);
    this.#charge(loadOf(after, view), 1);
    const known = this.#sources.get(source.id);
    const need = needOf(after.configuration, imageBytesPerPixel);
    if (known !== undefined) this.#sources.set(source.id, { ...known, plan: after, need });
  }

  #charge(load: PlanLoad, sign: 1 | -1): void {
    this.#others.add(load, sign);
    for (const [node, ms] of load.busyMs) {
      this.#unsampledBusyMs.set(node, (this.#unsampledBusyMs.get(node) ?? 0) + sign * ms);
    }
  }
}

function withoutPause(plan: Plan): PolicyView["plan"] {
  if (plan.pause === undefined) return plan;
  const { pause: _, ...captured } = plan;
  return captured;
}

/** What plans of a turn's source are checked against. */
export function scopeOf(
  { source, excluded, plan }: RoundTurn,
  { nodes, offers, fallback }: Pick<PolicyView, "nodes" | "offers" | "fallback">,
): PlanScope {
  return { nodes, offers, fallback, source, excluded, accepted: plan?.configuration ?? null };
}

/** As it is now: what is decided after it does not show in it. */
function frozenIn(view: PolicyView): PolicyView {
  const { busyMs, mbps } = new LoadSum(view.others);
  return {
    ...view,
    others: { busyMs, mbps },
    sources: new Map(view.sources),
    unsampledBusyMs: new Map(view.unsampledBusyMs),
  };
}
