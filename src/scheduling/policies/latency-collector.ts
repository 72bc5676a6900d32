/**
 * A campaign that measures: every stage on every node in every size, one trial after another, and then it is over.
 *
 * After "latency_matrix_collector" in Dayu, which prints what it measured. Here the results are stored as those of any run, and
 * `sluice profile` makes of them the file that `offline-profile` and `online-profile` read: a policy writes none. A trial ends with
 * enough tasks or by the clock, and the campaign too, so that a node that answers nothing ends neither. All stages of a pipeline
 * are on the node of the trial that it can run, the others on the cloud: so all that fork and join are measured alike.
 */

import { z } from "../../runtime/parse.js";
import type { Configuration } from "../../task/configuration.js";
import type { NodeName, StageId } from "../../task/identity.js";
import type { Plan, PolicyView, SinglePolicy } from "../policy.js";
import { cloudNodes } from "./cloud-only.js";
import { edgeOnly } from "./edge-only.js";
import { levelOf, withLevel } from "./knobs.js";
import { parametersOf, parseParameters } from "./parameters.js";

export const schema = z.strictObject({
  /** Tasks that a trial takes. Default 50, as in Dayu. */
  tasksMin: z.int().min(1).max(128).default(50),
  /** A trial takes no longer, in ms. Default 30,000. */
  trialMsMax: z.number().positive().default(30_000),
  /** Nor the campaign. Default 900,000. */
  campaignMsMax: z.number().positive().default(900_000),
});

type Parameters = z.output<typeof schema>;

interface State {
  readonly parameters: Parameters;
  /** Null before the first decision. */
  readonly startedAtMs: number | null;
  /** Trials that are over. */
  readonly done: readonly string[];
  /** Of those, the ones that had enough tasks. */
  readonly measured: number;
}

interface Trial {
  readonly key: string;
  readonly node: NodeName;
  readonly configuration: Configuration;
}

export const latencyCollector: SinglePolicy<Parameters, State> = {
  name: "latency-collector",
  get parameters() {
    return parametersOf(schema);
  },
  parse: (parameters) => parseParameters("latency-collector", schema, parameters),
  start: (parameters) => ({ parameters, startedAtMs: null, done: [], measured: 0 }),
  decide(state, view) {
    const trials = trialsOf(view);
    const next = withTrialEnded(state, trials, view);
    const trial = trials.find(({ key }) => !next.done.includes(key));
    const overdue = view.nowMs - (next.startedAtMs ?? view.nowMs) >= next.parameters.campaignMsMax;
    const inputs = { trialsDone: next.done.length, measured: next.measured, trials: trials.length };
    if (trial === undefined || overdue) {
      const { placement } = edgeOnly.decide(null, view).plan;
      const reason = overdue
        ? "the campaign took as long as it may: it is over"
        : "the campaign is over: all was tried";
      return {
        state: next,
        plan: { configuration: view.source.configuration, placement },
        why: { reason: `${reason}; sluice profile writes what it measured`, inputs },
      };
    }
    return {
      state: next,
      plan: planOf(trial, view),
      why: { reason: `measures ${trial.key}`, inputs: { ...inputs, tasks: view.recent.stored } },
    };
  },
};

/** All that are possible now: by node, and by size from the smallest. */
function trialsOf(view: PolicyView): readonly Trial[] {
  const { source, offers, nodes } = view;
  const able = [...nodes.keys()].filter((node) =>
    source.pipeline.stages.some(({ service }) => offers.get(service)?.includes(node) === true),
  );
  const { top } = levelOf("resolution", source.configuration, source);
  return able.flatMap((node) =>
    Array.from({ length: top + 1 }, (_, level) => {
      const configuration = withLevel("resolution", level, source.configuration, source);
      return { key: `${node} at ${configuration.width}x${configuration.height}`, node, configuration };
    }),
  );
}

/** The trial in force is over with enough tasks, or where it took as long as it may. */
function withTrialEnded(state: State, trials: readonly Trial[], view: PolicyView): State {
  const { parameters, done, measured } = state;
  const startedAtMs = state.startedAtMs ?? view.nowMs;
  const trial = trials.find(({ key }) => !done.includes(key));
  if (trial === undefined || view.plan === null || state.startedAtMs === null)
    return { ...state, startedAtMs };
  const { stored, planAgeMs } = view.recent;
  const enough = isInForce(trial, view.plan) && stored >= parameters.tasksMin;
  if (!enough && planAgeMs < parameters.trialMsMax) return state;
  return { ...state, done: [...done, trial.key], measured: measured + (enough ? 1 : 0) };
}

function isInForce({ configuration, node }: Trial, plan: Plan): boolean {
  const { width, height } = plan.configuration;
  const isThere = [...plan.placement.values()].some(([first]) => first === node);
  return isThere && width === configuration.width && height === configuration.height;
}

function planOf({ node, configuration }: Trial, view: PolicyView): Plan {
  const placement = new Map<StageId, readonly NodeName[]>();
  for (const { id, service } of view.source.pipeline.stages) {
    const runs = view.offers.get(service)?.includes(node) === true;
    placement.set(id, runs ? [node] : cloudNodes(service, view));
  }
  return { configuration, placement };
}
