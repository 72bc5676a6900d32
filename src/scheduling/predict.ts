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

import type { NodeName, StageId } from "../task/identity.js";
import { carriesFrames, type Stage } from "../task/pipeline.js";
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
  const { source, others } = view;
  const { configuration, placement } = plan;
  const { framesPerTask, fps } = configuration;
  const need = needOf(configuration, view.imageBytesPerPixel);
  const stages = source.pipeline.stages.map((stage) => stageIn(stage, configuration));

  const own = new Map<NodeName, number>();
  for (const stage of stages) {
    const node = placement.get(stage.id)?.[0] ?? view.fallback;
    own.set(node, (own.get(node) ?? 0) + frameMsOf(view, stage, node) * fps);
  }
  let utilisation = 0;
  let bottleneck: string | null = null;
  let crossingMbps = 0;
  const loaded = (share: number, what: string): number => {
    if (share > utilisation) {
      utilisation = share;
      bottleneck = what;
    }
    return share;
  };
  const rho = new Map<NodeName, number>();
  for (const [node, busyMs] of own) {
    rho.set(node, loaded((busyMs + (others.busyMs.get(node) ?? 0)) / capacityMs(view, node), node));
  }

  const crossMs = (from: NodeName, to: NodeName, carries: boolean): number => {
    if (from === to) return 0;
    const link = linkBetween(view, from, to);
    const latencyMs = (link.rttMs ?? RTT_MS_UNKNOWN) / 2;
    if (!carries) return latencyMs;
    crossingMbps += need.mbps;
    const mbps = Math.max(0.001, link.bandwidthMbps ?? BANDWIDTH_MBPS_UNKNOWN);
    const share = loaded((need.mbps + (others.mbps.get(from)?.get(to) ?? 0)) / mbps, `${from} -> ${to}`);
    const transferMs = (need.bytesPerTask * 8) / 1_000 / mbps;
    return latencyMs + transferMs + queueMs(transferMs, share);
  };

  const doneMs = new Map<StageId, number>();
  const filledMs = ((framesPerTask - 1) / fps) * 1_000;
  let latencyMs = filledMs;
  for (const stage of stages) {
    const node = placement.get(stage.id)?.[0] ?? view.fallback;
    let readyMs = 0;
    for (const before of stage.predecessors.length === 0 ? [null] : stage.predecessors) {
      const from = before === null ? source.node : (placement.get(before)?.[0] ?? view.fallback);
      const beganMs = before === null ? filledMs : (doneMs.get(before) ?? filledMs);
      readyMs = Math.max(
        readyMs,
        beganMs + crossMs(from, node, carriesFrames(source.pipeline, before, stage.id)),
      );
    }
    const frameMs = frameMsOf(view, stage, node);
    const takesMs = frameMs * framesPerTask;
    const filled = loaded((frameMs * fps) / 1_000 / slotsOf(view, stage, node), `${stage.id} on ${node}`);
    const endMs = readyMs + takesMs + queueMs(takesMs, Math.max(filled, rho.get(node) ?? 0));
    doneMs.set(stage.id, endMs);
    latencyMs = Math.max(latencyMs, endMs + crossMs(node, view.fallback, false));
  }
  return { latencyMs, utilisation, bottleneck, crossingMbps };
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
