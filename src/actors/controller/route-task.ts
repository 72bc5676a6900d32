/** Where a task goes next: the decision of the router. */

import { assertNever } from "../../runtime/errors.js";
import { stageKeyText } from "../../task/identity.js";
import { arrive, isForgotten, needsJoin } from "../../task/join.js";
import { misfitOf } from "../../task/misfit.js";
import type { Pipeline, Stage } from "../../task/pipeline.js";
import { routeStage } from "../../task/routing-table.js";
import { END, type Task } from "../../task/task.js";
import { completeStage } from "../../task/walk.js";
import { drop } from "./end-task.js";
import { failureOf, noteSuccess } from "./failed-stages.js";
import { inboxAt, openInbox, runsHere, settleAt, stageFor } from "./local-stages.js";
import { park } from "./park.js";
import { accept, answerFor, keepAnswer, type Answer } from "./stage-inbox.js";
import { controllerOf, pipelineOf, type FailedStage, type MessageOf, type Router } from "./state.js";

/** Takes a task in and sends it where it has to go next: a join, a stage of this node, another node, the store. */
export function submit(router: Router, task: Task, forwarded: number | null, sentAtMs?: number): void {
  // A branch of a task that was dropped on another one.
  if (isForgotten(router.retained.joins, task)) return;
  const pipeline = pipelineOf(router, task);
  if (pipeline === undefined) {
    const detail = `No table names pipeline "${task.pipelineId}"`;
    park(router, task, { reason: "noRoute", detail });
    return;
  }
  const misfit = misfitOf(task, pipeline);
  if (misfit !== null) {
    // Nobody is told of it who only the task itself says waits for it.
    const alone = { ...task, joinNodes: new Map(), pins: new Map() };
    drop(router, alone, "noRoute", `Pipeline "${pipeline.id}" ${misfit}`);
    return;
  }
  if (!needsJoin(pipeline, task)) {
    dispatch(router, task, pipeline, forwarded, sentAtMs);
    return;
  }
  const joinNode = task.joinNodes.get(task.cursor) ?? router.cloud;
  if (joinNode === router.node) {
    joinHere(router, task, pipeline);
    return;
  }
  router.retained.counts.forwarded += 1;
  controllerOf(router, joinNode).tell({ type: "submit", task });
}

/** Meets the other branches of a task at this node. */
function joinHere(router: Router, task: Task, pipeline: Pipeline): void {
  const arrival = arrive(router.retained.joins, task, pipeline, router.ctx.monotonic());
  switch (arrival.outcome) {
    case "waiting":
    case "duplicate":
      return;
    case "joined":
      dispatch(router, arrival.task, pipeline, null);
      return;
    case "overflow":
      drop(
        router,
        task,
        "overflow",
        `Of ${router.limits.joinTasksMax} places at joins of ${router.node}, none is left for it`,
      );
      return;
    default:
      assertNever(arrival);
  }
}

/** The router's decision, for a task whose branches are all here. */
function dispatch(
  router: Router,
  task: Task,
  pipeline: Pipeline,
  forwarded: number | null,
  sentAtMs?: number,
): void {
  const { table, counts } = router.retained;
  if (task.cursor === END) {
    counts.finished += 1;
    router.distributor.tell({ type: "store", task });
    return;
  }
  const stage = stageFor(router, task, pipeline, task.cursor);
  const route = routeStage({
    table,
    cursor: task.cursor,
    task,
    node: router.node,
    runsHere: runsHere(router, pipeline, stage),
    pipeline,
    cloud: router.cloud,
    forwarded,
    ...(router.reachable && { reachable: router.reachable }),
  });
  switch (route.to) {
    case "local":
      executeHere(router, task, stage, pipeline, sentAtMs);
      return;
    case "node":
      counts.forwarded += 1;
      controllerOf(router, route.node).tell({
        type: "submit",
        task,
        forwarded: Math.max(forwarded ?? 0, table?.epoch ?? 0),
        ...(forwarded === null && { sentAtMs: router.ctx.now() }),
      });
      return;
    case "none":
      endWithoutPlace(router, task, failureOf(router, pipeline, stage), route.detail);
      return;
    default:
      assertNever(route);
  }
}

/** No place is left for the stage of a task. Where it has failed here, the scheduler has been told, and its next table may know one. */
function endWithoutPlace(router: Router, task: Task, failed: FailedStage | null, detail: string): void {
  if (failed === null) {
    drop(router, task, "noRoute", detail);
    return;
  }
  const otherwise = { reason: "serviceFailed", detail: failed.error.message } as const;
  if ((router.retained.table?.epoch ?? 0) <= failed.epoch) park(router, task, otherwise);
  else drop(router, task, otherwise.reason, otherwise.detail);
}

/** Puts a task into the inbox of a stage of this node. */
function executeHere(
  router: Router,
  task: Task,
  stage: Stage,
  pipeline: Pipeline,
  sentAtMs: number | undefined,
): void {
  const inbox = openInbox(router, pipeline, stage);
  const answer = answerFor(inbox, task.id);
  if (answer !== undefined) {
    goOn(router, task, pipeline, answer);
    return;
  }
  const epoch = router.retained.table?.epoch ?? 0;
  if (accept(inbox, task, { epoch, monotonicMs: router.ctx.monotonic(), sentAtMs })) return;
  const places = `Of ${router.limits.stageTasksMax} places of stage "${stageKeyText(inbox.key)}" of ${router.node}`;
  drop(router, task, "overflow", `${places}, none is left for it`);
}

/** A stage is done: its task goes on, one branch for each successor. */
export function completeTask(router: Router, message: MessageOf<"stageCompleted">): void {
  const { task, result, hop } = message;
  const pipeline = pipelineOf(router, task);
  const inbox = inboxAt(router, task, hop);
  const given = settleAt(router, task, hop);
  // An answer for a task that is not in flight is the second one, of an executor that was given up.
  if (given === null || pipeline === undefined) return;
  router.retained.counts.processed += 1;
  if (inbox !== undefined) {
    noteSuccess(router, inbox.key);
    keepAnswer(inbox, given, { result, hop });
  }
  goOn(router, given, pipeline, { result, hop });
}

function goOn(router: Router, task: Task, pipeline: Pipeline, { result, hop }: Answer): void {
  for (const next of completeStage(task, pipeline, result, hop)) submit(router, next, null);
}
