/**
 * Our own: the plan that is predicted to keep the objective and shows most, jointly over placement and configuration.
 *
 * PD1 From measured service times, queues, links and needs of all sources it predicts latency and load of each plan that
 *     `searchPlans` tries; what other sources were given is taken, those decided before it in the round included.
 * PD2 It stays with a plan unless another is better by `improvementMin`, and changes so often in `budgetMs` and no more. Where
 *     the plan in force cannot be kept (a node left), it moves at once.
 * PD3 What is measured outweighs what was predicted: a plan that misses the objective although it should not is left, and left
 *     alone for a while, longer each time. Where pixels left their node under it, so is every plan that has as many of them go the
 *     same way, wherever its other stages run: it asks the same of the link, of which less may be known than what tasks show.
 */

import { z } from "../../runtime/parse.js";
import type { Configuration } from "../../task/configuration.js";
import type { Objective } from "../../task/configuration-space.js";
import type { Plan, Policy, PolicyView } from "../policy.js";
import {
  failedAgain,
  feedbackOf,
  isCarried,
  isMissed,
  mayTry,
  objectiveOf,
  type Failed,
} from "./feedback.js";
import { FEEDBACK_PARAMETERS, parametersOf, parseParameters } from "./parameters.js";
import { searchPlans, type Scored } from "./search.js";

export const schema = z.strictObject({
  ...FEEDBACK_PARAMETERS,
  /** Score by which another plan must be better, where 1 is all detail there is. Default 0.15. */
  improvementMin: z.number().min(0).default(0.15),
  /** Changes for the better in `budgetMs`. Default 3. */
  changesMax: z.int().min(1).default(3),
  /** Default 300,000 ms. */
  budgetMs: z.number().positive().default(300_000),
});

type Parameters = z.output<typeof schema>;

interface State {
  readonly parameters: Parameters;
  /** When it changed its plan, within the budget's time. */
  readonly changesMs: readonly number[];
  readonly failed: readonly Failed[];
}

const WINDOW_TASKS = 32;

export const predictive: Policy<Parameters, State> = {
  name: "predictive",
  get parameters() {
    return parametersOf(schema);
  },
  parse: (parameters) => parseParameters("predictive", schema, parameters),
  start: (parameters) => ({ parameters, changesMs: [], failed: [] }),
  decide(state, view) {
    const { parameters } = state;
    const objective = objectiveOf(view, parameters.latencyMs);
    const changesMs = state.changesMs.filter((atMs) => view.nowMs - atMs < parameters.budgetMs);
    const missing = misses(view, objective, parameters);
    const failed =
      missing && view.plan !== null ? failedOnce(state.failed, view.plan, view, parameters) : state.failed;
    const { best, current } = searchPlans(view, objective, (plan) =>
      mayTry(failed, whatFails(plan, view), view.nowMs),
    );
    const verdict = weigh({ best, current, missing, changesMs, view, parameters });
    const chosen = verdict.moves || current === null ? best : current;
    const changed = verdict.moves && view.plan !== null;
    return {
      state: { parameters, failed, changesMs: changed ? [...changesMs, view.nowMs] : changesMs },
      plan: chosen.plan,
      why: {
        reason: verdict.reason,
        inputs: {
          wantedMs: objective.latencyMs,
          predictedMs: Math.round(chosen.prediction.latencyMs),
          utilisation: Number(chosen.prediction.utilisation.toFixed(2)),
          bottleneck: chosen.prediction.bottleneck,
          score: Number(chosen.score.toFixed(3)),
          bestScore: Number(best.score.toFixed(3)),
          changes: changesMs.length,
        },
      },
    };
  },
};

interface Weighed {
  readonly best: Scored;
  readonly current: Scored | null;
  /** Whether the plan in force is measured to miss the objective. */
  readonly missing: boolean;
  readonly changesMs: readonly number[];
  readonly view: PolicyView;
  readonly parameters: Parameters;
}

function weigh(weighed: Weighed): { readonly moves: boolean; readonly reason: string } {
  const { best, current, missing, changesMs, view, parameters } = weighed;
  if (current === null) return { moves: true, reason: "the best of what is predicted" };
  if (!isPossible(current.plan, view)) return { moves: true, reason: "the plan before cannot be kept" };
  if (keyOf(best.plan) === keyOf(current.plan))
    return { moves: false, reason: "no plan is predicted to be better" };
  if (view.recent.planAgeMs < parameters.dwellMsMin && changesMs.length > 0) {
    return { moves: false, reason: "the plan has not stood long enough" };
  }
  if (missing) return { moves: true, reason: "the plan misses the objective: the best of the others" };
  if (current.score - best.score < parameters.improvementMin) {
    return { moves: false, reason: "no plan is better by enough" };
  }
  if (changesMs.length >= parameters.changesMax) {
    return { moves: false, reason: "another plan is better, but it has changed often enough" };
  }
  return { moves: true, reason: "another plan is better by enough" };
}

function misses(view: PolicyView, objective: Objective, { dwellMsMin }: Parameters): boolean {
  const { latencyMs } = objective;
  const feedback = feedbackOf(view, { latencyMs, windowTasks: WINDOW_TASKS, dwellMsMin });
  if (feedback.status === "silent") return true;
  if (feedback.status === "early" || feedback.draining) return false;
  return isMissed(feedback.latenciesMs, objective);
}

/** Once for each time that it was tried: not again at every decision while it still fails. */
function failedOnce(
  failed: readonly Failed[],
  plan: Plan,
  view: PolicyView,
  { retryMs }: Parameters,
): readonly Failed[] {
  const { nowMs } = view;
  const key = whatFails(plan, view);
  if (!mayTry(failed, key, nowMs)) return failed;
  return failedAgain(failed, key, { nowMs, retryMs, foreseen: !isCarried(plan, view) });
}

/** Whether every stage still has the node that it runs on. */
function isPossible({ placement }: Plan, { offers, source }: PolicyView): boolean {
  return source.pipeline.stages.every(({ id, service }) => {
    const first = placement.get(id)?.[0];
    return first !== undefined && offers.get(service)?.includes(first) === true;
  });
}

function keyOf({ configuration, placement }: Plan): string {
  return `${[...placement.values()].map(([first]) => first).join(" ")} ${textOf(configuration)}`;
}

/** The same of plans under which as many pixels go the same way; where they stay beside the camera, of the same plans. */
function whatFails(plan: Plan, { source }: PolicyView): string {
  const readers = source.pipeline.stages.filter(({ inputs }) => inputs.includes("frame"));
  const nodes = readers.map(({ id }) => plan.placement.get(id)?.[0]);
  if (nodes.every((node) => node === source.node)) return keyOf(plan);
  return `pixels to ${nodes.join(" ")} ${textOf(plan.configuration)}`;
}

function textOf(configuration: Configuration): string {
  const { width, height, fps, framesPerTask, encoding, quality, variants = {} } = configuration;
  return `${width}x${height}@${fps}/${framesPerTask}/${encoding}/${quality}/${Object.values(variants).join(" ")}`;
}
