/** A node says that it could not load a stage: it is placed elsewhere for a while. */

import { stageKeyText } from "../../task/identity.js";
import { requestReplan } from "./decide.js";
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
  if (!state.exclusions.add(node, failure, ctx.monotonic())) return;
  const text = stageKeyText(failure.stage);
  ctx.log.warn("A stage cannot run on a node, and is placed elsewhere", {
    node,
    stage: text,
    reason: failure.reason,
  });
  for (const [id] of concerned) {
    state.changed.add(id);
    requestReplan(state, id, `stage ${stage} cannot run on ${node}`, ctx);
  }
}
