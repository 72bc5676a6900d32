/**
 * The space that AdaMEC, Gecko and MadEye search: a level for each knob, and how many stages stay beside the camera.
 *
 * SS1 In the papers a pipeline is a line of two stages and the split a number of them. Here it is a cut: the stages in topological
 *     order up to the cut run on the source's node, those after it on the cloud; so a pipeline may fork and join. A stage whose
 *     service a side does not offer runs on the other.
 * SS2 A neighbour is one step of one knob, or one stage more or less beside the camera.
 * SS3 The loss is that of Dayu's agents, 0.8 of how much longer than wanted a task takes and 0.2 of how much less is found than
 *     wanted, from 0 for a plan that does both. Delay is `predict`'s; a plan that asks more of a node or a link than it has takes
 *     as many times longer, and lesser variants of models find less. Unlike there, of two plans without loss the one that finds more is better.
 */

import type { Objective } from "../../task/configuration-space.js";
import type { NodeName, StageId } from "../../task/identity.js";
import { accuracyOf, sceneInPixels } from "../accuracy.js";
import type { Plan, PolicyView } from "../policy.js";
import { predictorOf } from "../predict.js";
import { cloudNodes } from "./cloud-only.js";
import { KNOBS, levelOf, modelShare, withLevel, type Knob } from "./knobs.js";

/** A point of the space, as plain data. */
export interface SplitPoint {
  readonly levels: Readonly<Record<Knob, number>>;
  /** Stages that stay on the source's node, in topological order. */
  readonly cut: number;
}

export interface Rated {
  readonly point: SplitPoint;
  readonly plan: Plan;
  /** Lower is better; below 0 where nothing is missed. */
  readonly loss: number;
  /** In ms, as predicted. */
  readonly delayMs: number;
  /** @see accuracyOf */
  readonly accuracy: number;
}

export interface SplitSpace {
  /** The point of the plan in force; before the first, of what was asked for with every stage beside the camera. */
  readonly current: SplitPoint;
  rate(point: SplitPoint): Rated;
  /** The nearest point that the space has. */
  clamp(point: SplitPoint): SplitPoint;
  /** One step away, those with the knobs that `turned` lets turn. */
  neighbours(point: SplitPoint, turned?: readonly (Knob | "cut")[]): readonly SplitPoint[];
}

const WEIGHTS = { delay: 0.8, accuracy: 0.2 };
/** Share of the objective that a mean delay may take, so that the percentile keeps it. */
const DELAY_SHARE = 0.7;
/** Share of a node or a link that a plan may ask for. */
const UTILISATION_MAX = 0.8;
/** What more accuracy is worth of a plan without loss: less than any loss. */
const GAIN = 1e-3;
const AXES: readonly (Knob | "cut")[] = [...KNOBS, "cut"];

export function keyOfPoint({ levels, cut }: SplitPoint): string {
  return `${KNOBS.map((knob) => levels[knob]).join("/")}/${cut}`;
}

/** @param accuracyMin wanted, 0 to 1 */
export function splitSpace(view: PolicyView, { latencyMs }: Objective, accuracyMin: number): SplitSpace {
  const scene = sceneInPixels(view);
  const predicted = predictorOf(view);
  const { source } = view;
  const { stages } = source.pipeline;
  const clouds = new Map(stages.map(({ service }) => [service, cloudNodes(service, view)] as const));
  const placements = new Map<number, Plan["placement"]>();
  const rated = new Map<string, Rated>();
  const wantedMs = latencyMs * DELAY_SHARE;
  const tops = Object.fromEntries(
    KNOBS.map((knob) => [knob, levelOf(knob, source.configuration, source).top]),
  ) as Record<Knob, number>;

  const placementOf = (cut: number): Plan["placement"] => {
    let placement = placements.get(cut);
    if (placement === undefined) placements.set(cut, (placement = cutAt(view, cut, clouds)));
    return placement;
  };
  return {
    current: pointOf(view),
    rate(point) {
      const key = keyOfPoint(point);
      const known = rated.get(key);
      if (known !== undefined) return known;
      const configuration = KNOBS.reduce(
        (turned, knob) => withLevel(knob, point.levels[knob], turned, source),
        source.configuration,
      );
      const plan = { configuration, placement: placementOf(point.cut) };
      const prediction = predicted(plan);
      const delayMs = prediction.latencyMs * Math.max(1, prediction.utilisation / UTILISATION_MAX);
      const accuracy = accuracyOf(configuration, scene) * modelShare(configuration, source);
      const late = Math.max(0, Math.min(1e6, delayMs / wantedMs - 1));
      const missed = accuracyMin === 0 ? 0 : Math.max(0, 1 - accuracy / accuracyMin);
      const loss = WEIGHTS.delay * late + WEIGHTS.accuracy * missed - (late === 0 ? GAIN * accuracy : 0);
      const found = { point, plan, loss, delayMs, accuracy };
      rated.set(key, found);
      return found;
    },
    clamp({ levels, cut }) {
      const kept = KNOBS.map((knob) => [knob, Math.max(0, Math.min(tops[knob], levels[knob]))] as const);
      return {
        levels: Object.fromEntries(kept) as Record<Knob, number>,
        cut: Math.max(0, Math.min(stages.length, cut)),
      };
    },
    neighbours(point, turned = AXES) {
      const steps: SplitPoint[] = [];
      for (const axis of turned) {
        for (const step of [-1, 1]) {
          if (axis === "cut") {
            const cut = point.cut + step;
            if (cut >= 0 && cut <= stages.length) steps.push({ levels: point.levels, cut });
            continue;
          }
          const level = point.levels[axis] + step;
          if (level < 0 || level > tops[axis]) continue;
          steps.push({ levels: { ...point.levels, [axis]: level }, cut: point.cut });
        }
      }
      return steps;
    },
  };
}

function cutAt(
  { source, offers }: PolicyView,
  cut: number,
  clouds: ReadonlyMap<string, readonly NodeName[]>,
): Plan["placement"] {
  const placement = new Map<StageId, readonly NodeName[]>();
  for (const [index, { id, service }] of source.pipeline.stages.entries()) {
    const cloud = clouds.get(service) ?? [];
    const local = offers.get(service)?.includes(source.node) === true;
    if (!local) placement.set(id, cloud);
    else if (index < cut || cloud.length === 0) placement.set(id, [...new Set([source.node, ...cloud])]);
    else placement.set(id, cloud);
  }
  return placement;
}

function pointOf({ source, plan }: PolicyView): SplitPoint {
  const configuration = plan?.configuration ?? source.configuration;
  const levels = Object.fromEntries(
    KNOBS.map((knob) => [knob, levelOf(knob, configuration, source).at]),
  ) as Record<Knob, number>;
  const { stages } = source.pipeline;
  if (plan === null) return { levels, cut: stages.length };
  const away = stages.findIndex(({ id }) => plan.placement.get(id)?.[0] !== source.node);
  return { levels, cut: away < 0 ? stages.length : away };
}
