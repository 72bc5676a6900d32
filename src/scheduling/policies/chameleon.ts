/**
 * Chameleon: the cheapest configuration that finds nearly what the golden one does, found out anew once in a while.
 *
 * After "Chameleon: Scalable Adaptation of Video Analytics" (SIGCOMM 2018) and "chameleon" in Dayu.
 *
 * CH1 The golden configuration is the best that nodes and links carry. What it finds is taken for the truth.
 * CH2 Knobs are taken for independent, as in the paper: each value is tried alone beside the golden ones, and a configuration is
 *     worth the product of its values. So it takes as many trials as there are values, and not as many as there are combinations.
 * CH3 The paper re-runs the model on kept frames. A policy runs nothing: the stream itself is captured so for a few tasks, and
 *     found is the number of objects a frame. What the scene did between two trials is taken for a difference of theirs.
 * CH4 Trying costs no more than `costShareMax` of the time: after a search that took long the next one waits longer. A trial ends with
 *     enough tasks or by the clock, and what did not bring enough is worth nothing.
 * CH5 Stages run on the cloud or where `place` says, whatever the pipeline's shape; the paper's sharing of searches among cameras
 *     is not here.
 */

import { z } from "../../runtime/parse.js";
import { sameConfiguration, type Configuration } from "../../task/configuration.js";
import { needOf } from "../load.js";
import type { Decision, Plan, PolicyView, SinglePolicy } from "../policy.js";
import { cloudOnly } from "./cloud-only.js";
import { edgeOnly } from "./edge-only.js";
import { isCarried } from "./feedback.js";
import { KNOBS, levelOf, modelShare, withLevel, type Knob } from "./knobs.js";
import { parametersOf, parseParameters } from "./parameters.js";

export const schema = z.strictObject({
  /** Share of what the golden configuration finds that has to be found, 0 to 1. Default 0.8. */
  accuracyMin: z.number().min(0).max(1).default(0.8),
  /** Between searches, in ms. Default 300,000. */
  periodMs: z.number().positive().default(300_000),
  /** Share of the time that searches may take, above 0 to 1. Default 0.1. */
  costShareMax: z.number().gt(0).max(1).default(0.1),
  /** Tasks that a trial takes. Default 10. */
  tasksMin: z.int().min(1).max(128).default(10),
  /** A trial takes no longer, in ms. Default 10,000. */
  trialMsMax: z.number().positive().default(10_000),
  /** Where the stages run. Default `cloud`. */
  place: z.enum(["cloud", "edge"]).default("cloud"),
});

type Parameters = z.output<typeof schema>;

/** One value of a knob, beside the golden ones of the others. */
interface Value {
  readonly knob: Knob;
  readonly level: number;
}

/** What each value is worth, 0 to 1: those above the golden one are not there. */
type Worths = readonly (Value & { readonly worth: number })[];

type Phase =
  | {
      readonly status: "searching";
      readonly startedAtMs: number;
      readonly golden: Configuration;
      /** Of the golden one, a frame; null until it is known. */
      readonly objects: number | null;
      /** Not tried yet, the next one first. */
      readonly left: readonly Value[];
      readonly worths: Worths;
    }
  | {
      readonly status: "using";
      readonly untilMs: number;
      readonly golden: Configuration;
      readonly worths: Worths;
    };

interface State {
  readonly parameters: Parameters;
  /** Null before the first decision. */
  readonly phase: Phase | null;
}

export const chameleon: SinglePolicy<Parameters, State> = {
  name: "chameleon",
  get parameters() {
    return parametersOf(schema);
  },
  parse: (parameters) => parseParameters("chameleon", schema, parameters),
  start: (parameters) => ({ parameters, phase: null }),
  decide({ parameters, phase: before }, view) {
    const { placement } = (parameters.place === "cloud" ? cloudOnly : edgeOnly).decide(null, view).plan;
    const due = before === null || (before.status === "using" && view.nowMs >= before.untilMs);
    const phase = due ? beginSearch(view, placement) : advance(before, parameters, view);
    const decided =
      phase.status === "searching" ? trying(phase, view) : using(phase, parameters, { view, placement });
    const { configuration, reason, inputs } = decided;
    return {
      state: { parameters, phase },
      plan: { configuration, placement },
      why: { reason, inputs: { ...inputs, size: `${configuration.width}x${configuration.height}` } },
    };
  },
};

type Said = Decision<State>["why"] & { readonly configuration: Configuration };

function beginSearch(view: PolicyView, placement: Plan["placement"]): Phase {
  const golden = goldenOf(view, placement);
  const left = KNOBS.flatMap((knob) =>
    Array.from({ length: levelOf(knob, golden, view.source).at }, (_, level) => ({ knob, level })),
  );
  return { status: "searching", startedAtMs: view.nowMs, golden, objects: null, left, worths: [] };
}

/** The best of every knob, less a step of the one that stands highest until it is carried. */
function goldenOf(view: PolicyView, placement: Plan["placement"]): Configuration {
  const { source } = view;
  let golden = KNOBS.reduce((top, knob) => withLevel(knob, Infinity, top, source), source.configuration);
  for (;;) {
    if (isCarried({ configuration: golden, placement }, view)) return golden;
    const levels = KNOBS.map((knob) => ({ knob, at: levelOf(knob, golden, source).at }));
    const highest = levels.reduce((a, b) => (b.at > a.at ? b : a));
    if (highest.at === 0) return golden;
    golden = withLevel(highest.knob, highest.at - 1, golden, source);
  }
}

/** Notes what the trial in force brought, where it is over. */
function advance(phase: Phase, parameters: Parameters, view: PolicyView): Phase {
  if (phase.status === "using") return phase;
  const { golden, objects, left, worths, startedAtMs } = phase;
  const trial = trialOf(phase, view);
  const inForce = view.plan !== null && sameConfiguration(view.plan.configuration, trial);
  const { scene, stored, planAgeMs } = view.recent;
  const enough = inForce && stored >= parameters.tasksMin;
  if (!enough && planAgeMs < parameters.trialMsMax) return phase;
  const found = enough ? (scene?.objects ?? 0) : null;
  const [tried, ...rest] = left;
  const next: Phase =
    objects === null
      ? { ...phase, objects: found ?? 0 }
      : {
          ...phase,
          left: rest,
          worths: tried === undefined ? worths : [...worths, { ...tried, worth: worthOf(found, objects) }],
        };
  if (objects === null ? left.length > 0 : rest.length > 0) return next;
  const tookMs = view.nowMs - startedAtMs;
  const untilMs = startedAtMs + Math.max(parameters.periodMs, tookMs / parameters.costShareMax);
  return { status: "using", untilMs, golden, worths: next.worths };
}

/** How near two numbers of objects are, 0 to 1; null is too few tasks. */
function worthOf(found: number | null, golden: number): number {
  if (found === null) return 0;
  const most = Math.max(found, golden);
  return most === 0 ? 1 : Math.min(found, golden) / most;
}

function trialOf(
  { golden, objects, left: [value] }: Extract<Phase, { status: "searching" }>,
  { source }: PolicyView,
): Configuration {
  return objects === null || value === undefined
    ? golden
    : withLevel(value.knob, value.level, golden, source);
}

function trying(phase: Extract<Phase, { status: "searching" }>, view: PolicyView): Said {
  const configuration = trialOf(phase, view);
  const { objects, left, worths } = phase;
  return {
    configuration,
    reason:
      objects === null
        ? "finds out what the golden configuration finds"
        : `tries another ${left[0]?.knob ?? "value"} beside the golden ones`,
    inputs: { goldenObjects: objects, triedValues: worths.length, leftValues: left.length },
  };
}

function using(
  { golden, worths, untilMs }: Extract<Phase, { status: "using" }>,
  { accuracyMin }: Parameters,
  { view, placement }: { readonly view: PolicyView; readonly placement: Plan["placement"] },
): Said {
  const { source, imageBytesPerPixel } = view;
  const rated = combinationsOf(golden, worths, view).map(({ configuration, worth }) => ({
    configuration,
    worth,
    mbps: needOf(configuration, imageBytesPerPixel).mbps,
    // Variants make no other bytes: the lesser ones ask less of a node.
    models: modelShare(configuration, source),
  }));
  type Rated = (typeof rated)[number];
  const cheaper = (a: Rated, b: Rated): Rated =>
    b.mbps < a.mbps || (b.mbps === a.mbps && b.models < a.models) ? b : a;
  const good = rated.filter(({ worth }) => worth >= accuracyMin);
  const cheapest = good.reduce(cheaper, rated[0] ?? { configuration: golden, worth: 1, mbps: 0, models: 1 });
  const carried = (configuration: Configuration): boolean => isCarried({ configuration, placement }, view);
  const isOk = carried(cheapest.configuration);
  // What is enough is not carried any more: the most that is.
  const chosen = isOk
    ? cheapest
    : rated
        .filter(({ configuration }) => carried(configuration))
        .reduce((a, b) => (b.worth > a.worth ? b : a), rated.reduce(cheaper, cheapest));
  return {
    configuration: source.space === undefined ? source.configuration : chosen.configuration,
    reason: isOk
      ? "the cheapest that finds nearly what the golden configuration does"
      : "links do not carry what would find enough: the most that they carry",
    inputs: {
      worth: Number(chosen.worth.toFixed(3)),
      accuracyMin,
      nextSearchInMs: Math.round(untilMs - view.nowMs),
    },
  };
}

/** Every configuration up to the golden one, the golden one first. */
function combinationsOf(
  golden: Configuration,
  worths: Worths,
  { source }: PolicyView,
): readonly { readonly configuration: Configuration; readonly worth: number }[] {
  let all: { readonly configuration: Configuration; readonly worth: number }[] = [
    { configuration: golden, worth: 1 },
  ];
  for (const knob of KNOBS) {
    const values = worths.filter((value) => value.knob === knob);
    if (all.length * (values.length + 1) > COMBINATIONS_MAX) continue;
    all = all.flatMap((one) => [
      one,
      ...values.map(({ level, worth }) => ({
        configuration: withLevel(knob, level, one.configuration, source),
        worth: one.worth * worth,
      })),
    ]);
  }
  return all;
}

/** Knobs with so many values that there are more combinations stay golden. */
const COMBINATIONS_MAX = 512;
