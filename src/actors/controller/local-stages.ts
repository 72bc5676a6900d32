/** The stages that run on this node: each has an inbox, and a processor for as long as it has one. */

import { pipelineKeyText, stageKeyText, type StageId } from "../../task/identity.js";
import type { StageNeeds } from "../../task/offers.js";
import { stageOf, type Pipeline, type Stage } from "../../task/pipeline.js";
import { pipelineOfRoute, type RoutingTable } from "../../task/routing-table.js";
import { plannedAs } from "../../task/synthetic.js";
import { END, type Task } from "../../task/task.js";
import { stageAs, stageIn, stageKeyOf } from "../../task/variants.js";
import { createStageInbox, leaveAll, settle, taskCount, type StageInbox } from "./stage-inbox.js";
import type { Router } from "./state.js";

/** The stage that a task stands at, in the variant that it is to run in: as the table says, and as it was made where that says nothing. */
export function stageFor({ retained }: Router, task: Task, pipeline: Pipeline, id: StageId): Stage {
  const route = retained.table?.sources.get(plannedAs(task.id.sourceId));
  return stageIn(stageOf(pipeline, id), route?.configuration ?? task.configuration);
}

/** Whether a stage can run on this node now: it is offered, and was not found to fail. */
export function runsHere(
  router: Router,
  pipeline: Pipeline,
  stage: StageNeeds & Pick<Stage, "id" | "variant">,
): boolean {
  return router.offers(stage) && !isFailed(router, pipeline, stage);
}

/** Whether the stage could not be loaded here, and is not to be tried again yet. */
function isFailed(
  { retained, ctx }: Router,
  pipeline: Pipeline,
  stage: Pick<Stage, "id" | "variant">,
): boolean {
  if (retained.failed.size === 0) return false;
  const failed = retained.failed.get(stageKeyText(stageKeyOf(pipeline, stage)));
  return failed !== undefined && failed.retryAtMs > ctx.monotonic();
}

/** The inbox of a stage of this node, in the variant that it is; where there is none yet, it and the stage's processor are started. */
export function openInbox(router: Router, pipeline: Pipeline, stage: Stage): StageInbox {
  const key = stageKeyOf(pipeline, stage);
  const text = stageKeyText(key);
  let inbox = router.retained.inboxes.get(text);
  if (inbox === undefined) {
    inbox = createStageInbox(key, stage, router.limits.stageTasksMax, router.retained.bytes);
    router.retained.inboxes.set(text, inbox);
    const { variant } = stage;
    router.processors.tell({
      type: "ensureProcessor",
      pipeline,
      stage: stage.id,
      ...(variant !== undefined && { variant }),
      controller: router.ctx.self,
    });
  }
  return inbox;
}

/** Gives up a stage: its inbox, with whatever is in it, and its processor. */
export function closeInbox({ retained, processors }: Router, inbox: StageInbox): void {
  const { key, loaded } = inbox;
  leaveAll(inbox);
  retained.inboxes.delete(stageKeyText(key));
  retained.loadedChanged ||= loaded;
  processors.tell({ type: "retireProcessor", stage: key });
}

/** The inbox of the stage that a task stands at, in the variant that had it. */
export function inboxAt(
  { retained }: Router,
  { pipelineId, pipelineVersion, cursor }: Task,
  { variant }: Pick<Stage, "variant">,
): StageInbox | undefined {
  if (cursor === END) return undefined;
  const stage = { id: cursor, ...(variant !== undefined && { variant }) };
  return retained.inboxes.get(stageKeyText(stageKeyOf({ id: pipelineId, version: pipelineVersion }, stage)));
}

/** Takes a task that its stage has answered for out of its inbox; null where it is not in flight, as that was done before. */
export function settleAt(router: Router, task: Task, ran: Pick<Stage, "variant">): Task | null {
  const inbox = inboxAt(router, task, ran);
  return inbox === undefined ? null : settle(inbox, task);
}

/** `id@version` of the pipeline whose stage it is. */
export function pipelineTextOf({ key }: StageInbox): string {
  return pipelineKeyText(key.pipelineId, key.pipelineVersion);
}

/** Starts the processors of the stages that the table has here, so that their services load before the first task. */
export function prepareStages(router: Router, table: RoutingTable): void {
  const placedHere = new Set<string>();
  router.retained.placedHere = placedHere;
  const prepare = (pipeline: Pipeline, stage: Stage): void => {
    if (!runsHere(router, pipeline, stage)) return;
    const inbox = openInbox(router, pipeline, stage);
    inbox.idleSinceMs = null;
    placedHere.add(stageKeyText(inbox.key));
  };
  for (const { stage: key, nodes } of table.deployments) {
    const pipeline = table.pipelines.get(pipelineKeyText(key.pipelineId, key.pipelineVersion));
    if (pipeline !== undefined && nodes.includes(router.node)) {
      prepare(pipeline, stageAs(stageOf(pipeline, key.stage), key.variant));
    }
  }
  for (const route of table.sources.values()) {
    const pipeline = pipelineOfRoute(table, route);
    if (pipeline === undefined) continue;
    for (const stage of pipeline.stages) {
      if (route.placement.get(stage.id)?.[0] === router.node)
        prepare(pipeline, stageIn(stage, route.configuration));
    }
  }
}

/**
 * Gives up the stages that no table has placed here for a while, once their tasks are done, and with them the memory that
 * their models take. A stateful one stays as long as its pipeline: a task that was pinned to it may be delivered again late, and
 * only it knows what it has done.
 */
export function retireIdle(router: Router): void {
  const { inboxes, placedHere } = router.retained;
  const nowMs = router.ctx.monotonic();
  for (const [text, inbox] of inboxes) {
    if (inbox.stage.stateful || placedHere.has(text) || taskCount(inbox) > 0) inbox.idleSinceMs = null;
    else if (inbox.idleSinceMs === null) inbox.idleSinceMs = nowMs;
    else if (nowMs - inbox.idleSinceMs >= router.limits.stageHoldMs) {
      closeInbox(router, inbox);
      router.retained.counts.unloaded += 1;
      router.ctx.log.info("Unloaded a stage that is placed here no more", { stage: text });
    }
  }
}
