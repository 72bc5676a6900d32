/** What a plan asks of nodes and links, and the sum of what all plans ask for. */

import type { Configuration } from "../task/configuration.js";
import type { NodeName, StageId } from "../task/identity.js";
import { carriesFrames, type Pipeline } from "../task/pipeline.js";
import { stageIn } from "../task/variants.js";
import type { Load, Need, Plan, PolicyView } from "./policy.js";
import { serviceTime } from "./view-queries.js";

/** Of a JPEG image at quality 80, where none was seen yet: 16 kB of 640x360, as docs/decisions/0003 measured it. */
const IMAGE_BYTES_PER_PIXEL = 16_000 / (640 * 360);
/** Of a service that was never seen to run on a node, for one frame: about that of YOLOX-nano on one core, `npm run bench services`. */
export const SERVICE_MS_UNKNOWN = 20;

export function imageKey({ encoding, quality }: Pick<Configuration, "encoding" | "quality">): string {
  return `${encoding}/${quality}`;
}

/** At the rate that is asked for: a source that is slower needs less. */
export function needOf(
  { fps, framesPerTask, width, height, encoding, quality }: Configuration,
  imageBytesPerPixel: PolicyView["imageBytesPerPixel"],
): Need {
  const perPixel =
    encoding === "rgb"
      ? 3
      : (imageBytesPerPixel.get(imageKey({ encoding, quality })) ?? IMAGE_BYTES_PER_PIXEL);
  const bytesPerTask = width * height * perPixel * framesPerTask;
  const tasksPerS = fps / framesPerTask;
  return { tasksPerS, bytesPerTask, mbps: (bytesPerTask * tasksPerS * 8) / 1e6 };
}

interface Crossing {
  readonly from: NodeName;
  readonly to: NodeName;
}

/** Where payloads cross between nodes if each stage runs on the first of its nodes. */
function crossingsOf(
  pipeline: Pipeline,
  placement: ReadonlyMap<StageId, readonly NodeName[]>,
  sourceNode: NodeName,
): readonly Crossing[] {
  const crossings: Crossing[] = [];
  for (const { id, predecessors } of pipeline.stages) {
    const to = placement.get(id)?.[0];
    if (to === undefined) continue;
    for (const predecessor of predecessors.length === 0 ? [null] : predecessors) {
      if (!carriesFrames(pipeline, predecessor, id)) continue;
      const from = predecessor === null ? sourceNode : placement.get(predecessor)?.[0];
      if (from !== undefined && from !== to) crossings.push({ from, to });
    }
  }
  return crossings;
}

/** What one plan asks for. */
export function loadOf(
  plan: Plan,
  view: Pick<PolicyView, "source" | "serviceTimes" | "imageBytesPerPixel">,
): {
  readonly busyMs: ReadonlyMap<NodeName, number>;
  readonly mbps: number;
  readonly crossings: readonly Crossing[];
} {
  const { pipeline, node, pause } = view.source;
  // One that is paused asks nothing of anybody.
  if (pause !== undefined || plan.pause !== undefined) return { busyMs: new Map(), mbps: 0, crossings: [] };
  const { mbps } = needOf(plan.configuration, view.imageBytesPerPixel);
  const busyMs = new Map<NodeName, number>();
  for (const stage of pipeline.stages) {
    const at = plan.placement.get(stage.id)?.[0];
    if (at === undefined) continue;
    const frameMs = serviceTime(view, stageIn(stage, plan.configuration), at)?.meanMs ?? SERVICE_MS_UNKNOWN;
    busyMs.set(at, (busyMs.get(at) ?? 0) + frameMs * plan.configuration.fps);
  }
  return { busyMs, mbps, crossings: crossingsOf(pipeline, plan.placement, node) };
}

export type PlanLoad = ReturnType<typeof loadOf>;

/** The sum over plans, to which one is added and from which it is taken. Policies are shown its maps, which are plain. */
export class LoadSum implements Load {
  readonly busyMs = new Map<NodeName, number>();
  readonly mbps = new Map<NodeName, Map<NodeName, number>>();

  /** @param from what it begins with, which stays as it is. Default nothing */
  constructor(from?: Load) {
    for (const [node, ms] of from?.busyMs ?? []) this.busyMs.set(node, ms);
    for (const [node, links] of from?.mbps ?? []) this.mbps.set(node, new Map(links));
  }

  /** What is left of it without one of its plans. */
  without(load: PlanLoad): Load {
    const left = new LoadSum(this);
    left.add(load, -1);
    return { busyMs: left.busyMs, mbps: left.mbps };
  }

  /** @param sign 1 adds, -1 takes away */
  add({ busyMs, mbps, crossings }: PlanLoad, sign: 1 | -1): void {
    for (const [node, ms] of busyMs) this.busyMs.set(node, (this.busyMs.get(node) ?? 0) + sign * ms);
    for (const { from, to } of crossings) {
      let links = this.mbps.get(from);
      if (links === undefined) this.mbps.set(from, (links = new Map<NodeName, number>()));
      // What is left of sums of fractions is nothing.
      links.set(to, Math.max(0, (links.get(to) ?? 0) + sign * mbps));
    }
  }
}

interface Charge {
  readonly node: NodeName;
  readonly busyMs: number;
  readonly atMs: number;
}

/** Nodes on which nothing was sampled for so long, in ms, are not charged any more. */
const CHARGE_MS_MAX = 15_000;

/**
 * What was decided of late and no sample of its node shows: a charge counts until a sample is there that covers only time
 * after it.
 */
export class UnsampledCharges {
  #charges: Charge[] = [];

  add({ before, after }: { readonly before: PlanLoad | null; readonly after: PlanLoad }, atMs: number): void {
    for (const [node, busyMs] of before?.busyMs ?? []) this.#charges.push({ node, busyMs: -busyMs, atMs });
    for (const [node, busyMs] of after.busyMs) this.#charges.push({ node, busyMs, atMs });
  }

  /** @param sampledFromMs when the time began that a node's newest sample covers; null where there is no sample */
  sum(sampledFromMs: (node: NodeName) => number | null, nowMs: number): Map<NodeName, number> {
    this.#charges = this.#charges.filter(({ node, atMs }) => {
      const fromMs = sampledFromMs(node);
      return nowMs - atMs < CHARGE_MS_MAX && (fromMs === null || fromMs <= atMs);
    });
    const sum = new Map<NodeName, number>();
    for (const { node, busyMs } of this.#charges) sum.set(node, (sum.get(node) ?? 0) + busyMs);
    return sum;
  }
}
