/** Decides before the interval is over where something has gone wrong. @see PressureWatch */

import { pipelineKeyText, type NodeName, type SourceId } from "../../task/identity.js";
import type { ResourceSample, TaskOutcome } from "../../task/reports.js";
import { requestReplan } from "./decide.js";
import type { SourceEntry } from "./source-plan.js";
import type { Ctx, State } from "./state.js";

/** By a sample of a node: those whose stages wait there, and those that have stages on a node that has become hot. */
export function decideOnSample(state: State, sample: ResourceSample, ctx: Ctx): void {
  const { node } = sample;
  const workers = state.nodes.get(node)?.description.capacity?.workersPerStage ?? 1;
  const { hot, queues } = state.pressure.sampled(sample, workers);
  if (!hot && queues.length === 0) return;
  for (const [id, entry] of state.sources) {
    if (!isServed(entry, node)) continue;
    const { id: pipelineId, version } = entry.description.pipeline;
    const queue = queues.find((stage) => stage.startsWith(`${pipelineKeyText(pipelineId, version)}/`));
    if (queue !== undefined) decideEarly(state, id, `the queue of ${queue} on ${node} is long`, ctx);
    else if (hot) decideEarly(state, id, `${node} has become hot`, ctx);
  }
}

/** By what became of a task: its source, where it was one too many that missed the objective. */
export function decideOnOutcome(
  state: State,
  { description: { id, slo } }: SourceEntry,
  { outcome, settledAtMs, sourceAtMs }: TaskOutcome,
  ctx: Ctx,
): void {
  if (slo === undefined) return;
  const missed = outcome.status === "dropped" || settledAtMs - sourceAtMs > slo.latencyMs;
  if (state.pressure.settled(id, missed)) decideEarly(state, id, "task after task misses the objective", ctx);
}

function isServed({ plan }: SourceEntry, node: NodeName): boolean {
  return [...(plan?.placement.values() ?? [])].some(([first]) => first === node);
}

function decideEarly(state: State, id: SourceId, reason: string, ctx: Ctx): void {
  if (state.pressure.mayAsk(id, ctx.monotonic())) requestReplan(state, id, reason, ctx);
}
