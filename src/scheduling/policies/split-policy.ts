/** What the searches over split and configuration share: when they search, and when they move. */

import { z } from "../../runtime/parse.js";
import { samePlan } from "../plan.js";
import type { Decision, Policy, PolicyView } from "../policy.js";
import { objectiveOf } from "./feedback.js";
import { parametersOf, parseParameters } from "./parameters.js";
import { splitSpace, type Rated, type SplitPoint, type SplitSpace } from "./split-space.js";

const schema = z.strictObject({
  /** Wanted from source to stored, in ms. Default: the objective of the pipeline, or 1,000. */
  latencyMs: z.number().positive().optional(),
  /** What of all there is should be found, 0 to 1. Default 0.72, as in Dayu. */
  accuracyMin: z.number().min(0).max(1).default(0.72),
  /** Loss by which another plan must be better, where 0.8 is a task that takes twice as long as it may. Default 0.05. */
  improvementMin: z.number().min(0).default(0.05),
  /** Time in ms that a plan stands at least, unless it has become impossible. Default 10,000. */
  dwellMsMin: z.number().min(0).default(10_000),
});

export type Parameters = z.output<typeof schema>;

export interface State {
  readonly parameters: Parameters;
  /** What the search keeps for the next time. */
  readonly kept: readonly SplitPoint[];
}

/** What a search found. */
export interface Found {
  readonly best: Rated;
  /** Plans looked at. */
  readonly tried: number;
  /** For the next time. */
  readonly kept?: readonly SplitPoint[];
}

export interface Search {
  readonly name: string;
  /** In words, with what it searches. */
  readonly how: string;
  /** Looks for a better point, from the one in force. */
  readonly find: (
    space: SplitSpace,
    given: { readonly kept: readonly SplitPoint[]; readonly view: PolicyView },
  ) => Found;
}

/** Makes a policy of a search: it moves where the search found a plan that is better by enough, or where its own cannot be kept. */
export function createSplitPolicy({ name, how, find }: Search): Policy<Parameters, State> {
  return {
    name,
    get parameters() {
      return parametersOf(schema);
    },
    parse: (parameters) => parseParameters(name, schema, parameters),
    start: (parameters) => ({ parameters, kept: [] }),
    decide(state, view) {
      const { parameters } = state;
      const objective = objectiveOf(view, parameters.latencyMs);
      const space = splitSpace(view, objective, parameters.accuracyMin);
      const current = space.rate(space.current);
      const { best, tried, kept = [] } = find(space, { kept: state.kept, view });
      const held = view.plan !== null && keepsNodes(view, current);
      const young = view.recent.planAgeMs < parameters.dwellMsMin;
      const better = best.loss < current.loss - parameters.improvementMin;
      const moves = !held || (better && !young);
      const chosen = moves ? best : current;
      const reason = !held
        ? `${how}: the best that was found`
        : moves
          ? `${how}: another plan is better by enough`
          : better
            ? `${how}: another plan is better, but this one has not stood long enough`
            : `${how}: no plan is better by enough`;
      return decided({ parameters, kept }, chosen, {
        view,
        reason,
        wantedMs: objective.latencyMs,
        tried,
        best,
      });
    },
  };
}

function decided(
  state: State,
  chosen: Rated,
  found: {
    readonly view: PolicyView;
    readonly reason: string;
    readonly wantedMs: number;
    readonly tried: number;
    readonly best: Rated;
  },
): Decision<State> {
  const { view, reason, wantedMs, tried, best } = found;
  // A plan that stays is the very same, in its order of nodes too.
  const plan = view.plan !== null && samePlan(view.plan, chosen.plan) ? view.plan : chosen.plan;
  return {
    state,
    plan,
    why: {
      reason,
      inputs: {
        wantedMs,
        predictedMs: Math.round(chosen.delayMs),
        accuracy: Number(chosen.accuracy.toFixed(3)),
        loss: Number(chosen.loss.toFixed(3)),
        bestLoss: Number(best.loss.toFixed(3)),
        stagesLocal: chosen.point.cut,
        tried,
      },
    },
  };
}

/** Whether the plan in force is the point that it was taken for: nodes may have left, or it was another policy's. */
function keepsNodes({ plan }: PolicyView, { plan: point }: Rated): boolean {
  if (plan === null) return false;
  return [...point.placement].every(([stage, [first]]) => plan.placement.get(stage)?.[0] === first);
}
