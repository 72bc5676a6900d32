/** A node says that it could not load a stage: it is placed elsewhere for a while. */

import { stageKeyText, type NodeName } from "../../task/identity.js";
import type { StageFailure } from "../../task/offers.js";
import type { NodeDescription } from "../../task/requests.js";
import { requestReplan } from "./decide.js";
import { keepFailures, recallFailures } from "./kept-failures.js";
import type { Ctx, Of, State } from "./state.js";

export function onStageUnavailable(state: State, { node, failure }: Of<"stageUnavailable">, ctx: Ctx): void {
  const { pipelineId, pipelineVersion, stage } = failure.stage;
  const concerned = [...state.sources].filter(
    ([
      ,
      {
        description: { pipeline },
      },
    ]) =>
      pipeline.id === pipelineId &&
      pipeline.version === pipelineVersion &&
      pipeline.stages.some(({ id }) => id === stage),
  );
  if (!state.nodes.has(node) || concerned.length === 0) {
    state.ignored++;
    return;
  }
  if (!exclude(state, node, [failure], ctx)) return;
  // What waits there waits for a table, whatever it says.
  for (const [id] of concerned) state.changed.add(id);
}

/** Of a node that is here for the first time: what it could not load under the scheduler before is not placed there yet. */
export function excludeAgain(
  { exclusions, retained }: Pick<State, "exclusions" | "retained">,
  node: NodeDescription,
  ctx: Pick<Ctx, "now" | "monotonic" | "log">,
): void {
  const failures = recallFailures(retained.failures, node, ctx.now());
  for (const failure of failures) exclusions.add(node.name, failure, ctx.monotonic());
  const stages = failures.map(({ stage }) => stageKeyText(stage));
  if (stages.length > 0)
    ctx.log.warn("Stages could not run on a node before, and stay elsewhere", { node: node.name, stages });
}

/** Places stages elsewhere for a while. @returns false where none was to be placed there any more */
export function exclude(state: State, node: NodeName, failures: readonly StageFailure[], ctx: Ctx): boolean {
  const added = failures.filter((failure) => state.exclusions.add(node, failure, ctx.monotonic()));
  keepFailures(state, node, ctx);
  for (const failure of added) placeElsewhere(state, node, failure, ctx);
  return added.length > 0;
}

function placeElsewhere(state: State, node: NodeName, failure: StageFailure, ctx: Ctx): void {
  const { pipelineId, pipelineVersion, stage } = failure.stage;
  const { reason } = failure;
  const text = stageKeyText(failure.stage);
  ctx.log.warn("A stage cannot run on a node, and is placed elsewhere", { node, stage: text, reason });
  for (const [id, { description }] of state.sources) {
    const { pipeline } = description;
    if (pipeline.id !== pipelineId || pipeline.version !== pipelineVersion) continue;
    requestReplan(state, id, `stage ${stage} cannot run on ${node}`, ctx);
  }
}
