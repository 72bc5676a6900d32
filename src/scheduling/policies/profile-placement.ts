/**
 * Placement by what each stage takes on each node: the cloud while the link to it carries the source, and otherwise each stage on
 * the edge where it is done soonest. `offline-profile` and `online-profile` differ in how they know what it takes.
 *
 * After "offline_profiling" and "online_profiling" in Dayu, which draw a device in proportion to `1 / latency`, halved where its queue
 * is longer than 5. Here it is the soonest one, by what a frame takes, what waits there and what others were given: they are
 * charged for it, so that sources do not all go to the fastest. Stages are placed in topological order, so that a pipeline may fork
 * and join, and pixels cross only by links that carry them.
 */

import type { NodeName, StageId } from "../../task/identity.js";
import type { Stage } from "../../task/pipeline.js";
import { SERVICE_MS_UNKNOWN } from "../load.js";
import type { Decision, PolicyView } from "../policy.js";
import { capacityMs } from "../predict.js";
import { offering, stageQueue } from "../view-queries.js";
import { cloudNodes } from "./cloud-only.js";
import { explainGate, gateOf, isReachable, type GateParameters, type GateState } from "./gate.js";

/** What a stage takes on a node, for one frame, in ms; null where that is not known. */
export type FrameTime = (stage: Stage, node: NodeName) => number | null;

export function placeByTime(
  view: PolicyView,
  { state, parameters }: { readonly state: GateState; readonly parameters: GateParameters },
  timeOf: FrameTime,
): Decision<GateState> {
  const gate = gateOf(view, state, parameters);
  const placement = new Map<StageId, readonly NodeName[]>();
  let known = 0;
  for (const stage of view.source.pipeline.stages) {
    const cloud = cloudNodes(stage.service, view);
    if (gate.tier === "cloud") {
      placement.set(stage.id, cloud);
      continue;
    }
    const held = state.tier === "edges" ? view.plan?.placement.get(stage.id)?.[0] : undefined;
    const candidates: { readonly name: NodeName; readonly doneMs: number }[] = [];
    for (const { description } of offering(view, stage.service)) {
      const { name, role } = description;
      const scope = { view, needMbps: gate.needMbps, improvementMin: parameters.improvementMin };
      if (role !== "edge" || !isReachable(scope, stage, name, { placed: placement, held })) continue;
      const frameMs = timeOf(stage, name);
      if (frameMs !== null) known += 1;
      candidates.push({ name, doneMs: doneMs(view, stage, name, frameMs) });
    }
    const chosen = soonest(candidates, held, gate.settled ? parameters.improvementMin : Infinity);
    placement.set(stage.id, chosen === null ? cloud : [chosen, ...cloud]);
  }
  const moved = [...placement].some(([id, [first]]) => view.plan?.placement.get(id)?.[0] !== first);
  const { reason, inputs } = explainGate(gate);
  return {
    state: moved || state.tier !== gate.tier ? { tier: gate.tier, changedAtMs: view.nowMs } : state,
    plan: { configuration: view.source.configuration, placement },
    why: {
      reason: gate.tier === "cloud" ? reason : `${reason}, each stage where it is done soonest`,
      inputs: { ...inputs, timesKnown: known },
    },
  };
}

/** With what waits there, and with what others were given. */
function doneMs(view: PolicyView, stage: Stage, node: NodeName, frameMs: number | null): number {
  const takesMs = (frameMs ?? SERVICE_MS_UNKNOWN) * view.source.configuration.framesPerTask;
  const { tasks = 0, slots = 1 } = stageQueue(view, stage, node) ?? {};
  const busy = (view.others.busyMs.get(node) ?? 0) / capacityMs(view, node);
  return (takesMs * (1 + tasks / slots)) / Math.max(0.05, 1 - busy);
}

/** The one that holds the stage, unless another is sooner by enough. */
function soonest(
  candidates: readonly { readonly name: NodeName; readonly doneMs: number }[],
  held: NodeName | undefined,
  improvementMin: number,
): NodeName | null {
  const holder = candidates.find(({ name }) => name === held);
  const best = candidates.reduce<(typeof candidates)[number] | undefined>(
    (least, candidate) => (least === undefined || candidate.doneMs < least.doneMs ? candidate : least),
    undefined,
  );
  if (best === undefined) return null;
  if (holder !== undefined && !(best.doneMs < holder.doneMs * (1 - improvementMin))) return holder.name;
  return best.name;
}
