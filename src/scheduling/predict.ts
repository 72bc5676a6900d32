/**
 * What a plan would be like: its latency along the critical path, and how full it makes nodes and links.
 *
 * PR1 A stage takes its measured time on the node, or the mean over other nodes (half of it on a cloud, which is worth a trial),
 *     or that of an unknown service. It waits as
 *     behind the work of all sources on the node, or behind its own tasks where they fill the stage's workers more than all work
 *     fills the node: mean wait of an M/D/1 queue, `S * rho / (2 * (1 - rho))`.
 * PR2 A payload takes bytes over bandwidth, waits likewise for what others send over the link, and half a round trip.
 * PR3 Frames wait until their task is full. Branches run side by side, and a join waits for the slowest.
 * PR4 More than a node, the workers of a stage or a link can do is no plan: its excess is told, and its queues would grow for ever.
 */

import type { NodeName } from "../task/identity.js";
import { carriesFrames, type Pipeline, type Stage } from "../task/pipeline.js";
import { stageIn } from "../task/variants.js";
import { needOf, SERVICE_MS_UNKNOWN } from "./load.js";
import type { Plan, PolicyView } from "./policy.js";
import { linkBetween, serviceTime, workKey } from "./view-queries.js";

export interface Prediction {
  /** Source timestamp to stored, on average, as far as queues do not grow. */
  readonly latencyMs: number;
  /** Highest share that is asked of a node, of a stage's workers or of a link; above 1 queues grow for ever. */
  readonly utilisation: number;
  /** Which that is: a node, a stage on one, or two nodes with an arrow between. */
  readonly bottleneck: string | null;
  /** Mbit/s that cross between nodes. */
  readonly crossingMbps: number;
}

/** Of a link that was never measured, where one plan has to be compared with another. A usual uplink of a site. */
const BANDWIDTH_MBPS_UNKNOWN = 20;
const RTT_MS_UNKNOWN = 20;
/** What a stage takes on a cloud that it never ran on, as a share of what it takes elsewhere. */
const CLOUD_UNKNOWN = 0.5;
/** Where queues would grow, a wait is told as of this share. */
const UTILISATION_MAX = 0.95;

export function predict(plan: Plan, view: PolicyView): Prediction {
  return predictorOf(view)(plan);
}

/** What is asked of a view again and again by whoever compares many plans. */
class Known {
  readonly #view: PolicyView;
  readonly #frameMs = new Map<Stage, Map<NodeName, number>>();
  readonly #links = new Map<NodeName, Map<NodeName, LinkFacts>>();

  constructor(view: PolicyView) {
    this.#view = view;
  }

  frameMs(stage: Stage, node: NodeName): number {
    let byNode = this.#frameMs.get(stage);
    if (byNode === undefined) this.#frameMs.set(stage, (byNode = new Map<NodeName, number>()));
    let ms = byNode.get(node);
    if (ms === undefined) byNode.set(node, (ms = frameMsOf(this.#view, stage, node)));
    return ms;
  }

  link(from: NodeName, to: NodeName): LinkFacts {
    let links = this.#links.get(from);
    if (links === undefined) this.#links.set(from, (links = new Map<NodeName, LinkFacts>()));
    let facts = links.get(to);
    if (facts === undefined) links.set(to, (facts = linkFacts(this.#view, from, to)));
    return facts;
  }
}

interface LinkFacts {
  readonly latencyMs: number;
  readonly mbps: number;
  readonly othersMbps: number;
}

function linkFacts(view: PolicyView, from: NodeName, to: NodeName): LinkFacts {
  const { rttMs, bandwidthMbps } = linkBetween(view, from, to);
  return {
    latencyMs: (rttMs ?? RTT_MS_UNKNOWN) / 2,
    mbps: Math.max(0.001, bandwidthMbps ?? BANDWIDTH_MBPS_UNKNOWN),
    othersMbps: view.others.mbps.get(from)?.get(to) ?? 0,
  };
}

/** One way into a stage: from the stage at that index of the pipeline, or, below 0, from the start of the task. */
interface Way {
  readonly from: number;
  readonly carries: boolean;
}

const waysByPipeline = new WeakMap<Pipeline, readonly (readonly Way[])[]>();

/** By stage, in the order of the pipeline. */
function waysOf(pipeline: Pipeline): readonly (readonly Way[])[] {
  let ways = waysByPipeline.get(pipeline);
  if (ways !== undefined) return ways;
  const indices = new Map(pipeline.stages.map(({ id }, index) => [id, index]));
  ways = pipeline.stages.map(({ id, predecessors }) =>
    (predecessors.length === 0 ? [null] : predecessors).map((before) => ({
      from: before === null ? -1 : (indices.get(before) ?? -1),
      carries: carriesFrames(pipeline, before, id),
    })),
  );
  waysByPipeline.set(pipeline, ways);
  return ways;
}

const knownByView = new WeakMap<PolicyView, Known>();

/** Predicts plans of one view, for whoever compares many: what they have in common is looked up once. */
export function predictorOf(view: PolicyView): (plan: Plan) => Prediction {
  let known = knownByView.get(view);
  if (known === undefined) knownByView.set(view, (known = new Known(view)));
  const facts = known;
  return (plan) => predictWith(plan, view, facts);
}

function predictWith(plan: Plan, view: PolicyView, known: Known): Prediction {
  const { source, others } = view;
  const { configuration, placement } = plan;
  const { framesPerTask, fps } = configuration;
  const need = needOf(configuration, view.imageBytesPerPixel);
  const ways = waysOf(source.pipeline);
  const stages = source.pipeline.stages.map((stage) => stageIn(stage, configuration));
  const nodes = stages.map(({ id }) => placement.get(id)?.[0] ?? view.fallback);
  const frameMs = stages.map((stage, index) => known.frameMs(stage, nodes[index] ?? view.fallback));

  let utilisation = 0;
  // Written out once it is known which it is.
  let bottleneck: readonly [what: string, at: string | undefined, to: string | undefined] | null = null;
  let crossingMbps = 0;
  const loaded = (share: number, what: string, at?: string, to?: string): number => {
    if (share <= utilisation) return share;
    utilisation = share;
    bottleneck = [what, at, to];
    return share;
  };
  const rho = nodes.map((node, index) => {
    const first = nodes.indexOf(node);
    if (first < index) return 0;
    let busyMs = others.busyMs.get(node) ?? 0;
    for (let other = index; other < nodes.length; other++)
      if (nodes[other] === node) busyMs += (frameMs[other] ?? 0) * fps;
    return loaded(busyMs / capacityMs(view, node), node);
  });

  const crossMs = (from: NodeName, to: NodeName, carries: boolean): number => {
    if (from === to) return 0;
    const { latencyMs, mbps, othersMbps } = known.link(from, to);
    if (!carries) return latencyMs;
    crossingMbps += need.mbps;
    const share = loaded((need.mbps + othersMbps) / mbps, from, undefined, to);
    const transferMs = (need.bytesPerTask * 8) / 1_000 / mbps;
    return latencyMs + transferMs + queueMs(transferMs, share);
  };

  const doneMs: number[] = [];
  const filledMs = ((framesPerTask - 1) / fps) * 1_000;
  let latencyMs = filledMs;
  for (const [index, stage] of stages.entries()) {
    const node = nodes[index] ?? view.fallback;
    let readyMs = 0;
    for (const { from: before, carries } of ways[index] ?? []) {
      const from = before < 0 ? source.node : (nodes[before] ?? view.fallback);
      const beganMs = before < 0 ? filledMs : (doneMs[before] ?? filledMs);
      readyMs = Math.max(readyMs, beganMs + crossMs(from, node, carries));
    }
    const each = frameMs[index] ?? 0;
    const takesMs = each * framesPerTask;
    const filled = loaded((each * fps) / 1_000 / slotsOf(view, stage, node), stage.id, node);
    const endMs = readyMs + takesMs + queueMs(takesMs, Math.max(filled, rho[nodes.indexOf(node)] ?? 0));
    doneMs.push(endMs);
    latencyMs = Math.max(latencyMs, endMs + crossMs(node, view.fallback, false));
  }
  return { latencyMs, utilisation, bottleneck: bottleneckText(bottleneck), crossingMbps };
}

function bottleneckText(
  found: readonly [what: string, at: string | undefined, to: string | undefined] | null,
): string | null {
  if (found === null) return null;
  const [what, at, to] = found;
  if (to !== undefined) return `${what} -> ${to}`;
  return at === undefined ? what : `${what} on ${at}`;
}

/** Ms of work that a node can do in a second. */
export function capacityMs({ nodes }: Pick<PolicyView, "nodes">, node: NodeName): number {
  const known = nodes.get(node);
  return 1_000 * Math.max(1, known?.sample?.cpuCount ?? known?.description.capacity?.cores ?? 1);
}

/** Workers that a stage has on a node. */
function slotsOf({ nodes }: PolicyView, { stateful }: Stage, node: NodeName): number {
  return stateful ? 1 : (nodes.get(node)?.description.capacity?.workersPerStage ?? 1);
}

function queueMs(serviceMs: number, share: number): number {
  const rho = Math.min(UTILISATION_MAX, share);
  return (serviceMs * rho) / (2 * (1 - rho));
}

function frameMsOf(view: PolicyView, stage: Stage, node: NodeName): number {
  const known = serviceTime(view, stage, node);
  if (known !== null) return known.meanMs;
  const elsewhere = view.serviceTimes.get(workKey(stage));
  if (elsewhere === undefined || elsewhere.size === 0) return SERVICE_MS_UNKNOWN;
  let sum = 0;
  for (const { meanMs } of elsewhere.values()) sum += meanMs;
  const isCloud = view.nodes.get(node)?.description.role === "cloud";
  return (sum / elsewhere.size) * (isCloud ? CLOUD_UNKNOWN : 1);
}
