/** How a task ends without a result: dropped here, with its reason, or abandoned, as it was dropped elsewhere. */

import { stageKeyText } from "../../task/identity.js";
import { expire, forget, isForgotten } from "../../task/join.js";
import { fittingPins } from "../../task/misfit.js";
import { addDrops } from "../../task/ledger.js";
import { stageOf } from "../../task/pipeline.js";
import { stageKeysOf } from "../../task/variants.js";
import {
  nodesWaitingFor,
  type DropReason,
  type DropRecord,
  type OutageTimes,
  type Task,
} from "../../task/task.js";
import { openInbox, runsHere, settleAt } from "./local-stages.js";
import { skip, withdraw } from "./stage-inbox.js";
import { pipelineOf, type MessageOf, type Router } from "./state.js";

/** A stage or its generator gave a task up, or no link took it. */
export function dropTask(router: Router, message: MessageOf<"stageDropped">): void {
  const { task, reason, detail, outage } = message;
  if (settleAt(router, task, message) === null && !isOfNoStage(reason)) return;
  // It was dropped on another branch too, and recorded there.
  if (isForgotten(router.retained.joins, task)) return;
  drop(router, task, reason, detail, outage);
}

/**
 * What says that it is a task of somebody who does not vouch for it: nothing of it counts here. The distributor alone is told, with
 * all that its voucher is of: it can tell whether the node has the source, or had it before, and waits for it to end.
 */
export function dropForged(router: Router, task: Task): void {
  recordDrop(router, task, "noRoute", "The node of its source does not vouch for it", { disowned: true });
}

/** Ends a task: this node abandons it, and the distributor stores the gap and has every other node that waits for it do so. */
export function drop(
  router: Router,
  task: Task,
  reason: DropReason,
  detail: string,
  outage?: OutageTimes,
): void {
  recordDrop(router, task, reason, detail, outage && { outage });
  const { id, delivery, pipelineId, pipelineVersion, pins } = task;
  if (!nodesWaitingFor(task).includes(router.node)) return;
  abandon(router, { type: "abandon", id, delivery, pipelineId, pipelineVersion, pins });
}

function recordDrop(
  router: Router,
  task: Task,
  reason: DropReason,
  detail: string,
  more: Pick<DropRecord, "outage" | "disowned"> = {},
): void {
  const { id, delivery, pipelineId, pipelineVersion, framePtsUs, frames, sourceAtMs, createdAtMs } = task;
  const { cursor, joinNodes, pins, origin, voucher } = task;
  const { counts } = router.retained;
  counts.dropped = addDrops(counts.dropped, { [reason]: 1 });
  router.distributor.tell({
    type: "recordDrop",
    drop: {
      id,
      delivery,
      pipelineId,
      pipelineVersion,
      framePtsUs,
      ...(frames !== undefined && { frames }),
      sourceAtMs,
      createdAtMs,
      joinNodes,
      pins,
      origin,
      voucher,
      reason,
      stage: isOfNoStage(reason) ? null : cursor,
      node: router.node,
      atMs: router.ctx.now(),
      detail,
      ...more,
    },
  });
}

/** The task ended somewhere: what is left of it here ends too, and no stateful stage waits for it. */
export function abandon(router: Router, message: MessageOf<"abandon">): void {
  const { pins } = message;
  forget(router.retained.joins, message);
  const pipeline = pipelineOf(router, message);
  if (pipeline === undefined) return;
  for (const key of pipeline.stages.flatMap((stage) => stageKeysOf(pipeline, stage))) {
    const inbox = router.retained.inboxes.get(stageKeyText(key));
    if (inbox !== undefined) withdraw(inbox, message);
  }
  for (const [id, { node, ordinal }] of fittingPins(pins, pipeline)) {
    const stage = stageOf(pipeline, id);
    if (!runsHere(router, pipeline, stage)) continue;
    // The first task of a stage may be one that does not come: the inbox keeps that for the processor to be.
    if (node === router.node) skip(openInbox(router, pipeline, stage), message.id, ordinal);
  }
}

/** Drops the tasks that have waited too long at a join. */
export function dropOverdueJoins(router: Router): void {
  for (const { task, missing } of expire(router.retained.joins, router.ctx.monotonic())) {
    drop(router, task, "joinTimeout", `No result of ${missing.map((stage) => `"${stage}"`).join(", ")} came`);
  }
}

/** Why a task is given up where no stage has it: by its generator, or on its way. */
function isOfNoStage(reason: DropReason): boolean {
  return ["windowFull", "expired", "hostGone", "outage", "paused", "sourceLost", "tooLarge"].includes(reason);
}
