/** Where a task goes next: the decision of the router, and what becomes of a task that has no way on. */

import { assertNever } from "../../runtime/errors.js";
import { pipelineKeyText, stageKeyText, type StageId } from "../../task/identity.js";
import { arrive, expire, forget, isForgotten, needsJoin } from "../../task/join.js";
import { hasStage, stageOf, type Pipeline } from "../../task/pipeline.js";
import { routeStage } from "../../task/routing-table.js";
import { addDrops } from "../../task/ledger.js";
import { END, type DropReason, type Task } from "../../task/task.js";
import { completeStage } from "../../task/walk.js";
import {
  accept,
  answerFor,
  createDesk,
  deskSize,
  keepAnswer,
  settle,
  skip,
  withdraw,
  type Answer,
  type Desk,
} from "./desk.js";
import { controllerOf, pipelineOf, type MessageOf, type Router } from "./state.js";

/** Takes a task in and sends it where it has to go next: a join, a desk, another node, the store. */
export function submit(router: Router, task: Task, forwarded: number | null): void {
  // A branch of a task that was dropped on another one.
  if (isForgotten(router.known.joins, task)) return;
  const pipeline = pipelineOf(router, task);
  if (pipeline === undefined) {
    park(router, task);
    return;
  }
  if (task.cursor !== END && !hasStage(pipeline, task.cursor)) {
    drop(router, task, "noRoute", `Pipeline "${pipeline.id}" has no stage "${task.cursor}"`);
    return;
  }
  if (!needsJoin(pipeline, task)) {
    dispatch(router, task, pipeline, forwarded);
    return;
  }
  const joinNode = task.joinNodes.get(task.cursor) ?? router.cloud;
  if (joinNode === router.node) {
    joinHere(router, task, pipeline);
    return;
  }
  router.known.counts.forwarded += 1;
  controllerOf(router, joinNode).tell({ type: "submit", task });
}

/** Meets the other branches of a task at this node. */
function joinHere(router: Router, task: Task, pipeline: Pipeline): void {
  const arrival = arrive(router.known.joins, task, pipeline, router.ctx.now());
  switch (arrival.outcome) {
    case "waiting":
    case "duplicate":
      return;
    case "joined":
      dispatch(router, arrival.task, pipeline, null);
      return;
    case "overflow":
      drop(router, task, "overflow", `Joins of ${router.node} hold ${router.limits.joinTasksMax} tasks`);
      return;
    default:
      assertNever(arrival);
  }
}

/** The router's decision, for a task whose branches are all here. */
function dispatch(router: Router, task: Task, pipeline: Pipeline, forwarded: number | null): void {
  if (task.cursor === END) {
    router.known.counts.finished += 1;
    router.distributor.tell({ type: "store", task });
    return;
  }
  const route = routeStage({
    table: router.known.table,
    cursor: task.cursor,
    task,
    node: router.node,
    localServices: router.services,
    pipeline,
    cloud: router.cloud,
    forwarded,
    ...(router.reachable && { reachable: router.reachable }),
  });
  switch (route.to) {
    case "local":
      executeHere(router, task, task.cursor, pipeline);
      return;
    case "node":
      router.known.counts.forwarded += 1;
      controllerOf(router, route.node).tell({
        type: "submit",
        task,
        forwarded: Math.max(forwarded ?? 0, router.known.table?.epoch ?? 0),
      });
      return;
    case "none":
      drop(router, task, "noRoute", route.detail);
      return;
    default:
      assertNever(route);
  }
}

/** The desk of a stage of this node; where there is none yet, it and the stage's processor are started. */
export function openDesk(router: Router, pipeline: Pipeline, stage: StageId): Desk {
  const key = { pipelineId: pipeline.id, pipelineVersion: pipeline.version, stage };
  const text = stageKeyText(key);
  let desk = router.known.desks.get(text);
  if (desk === undefined) {
    desk = createDesk(key, stageOf(pipeline, stage));
    router.known.desks.set(text, desk);
    router.processors.tell({ type: "ensureProcessor", pipeline, stage, controller: router.ctx.self });
  }
  return desk;
}

/** Puts a task on the desk of a stage of this node. */
function executeHere(router: Router, task: Task, stageId: StageId, pipeline: Pipeline): void {
  const desk = openDesk(router, pipeline, stageId);
  const answer = answerFor(desk, task.id);
  if (answer !== undefined) {
    goOn(router, task, pipeline, answer);
    return;
  }
  if (deskSize(desk) >= router.limits.deskTasksMax) {
    drop(
      router,
      task,
      "overflow",
      `Stage "${stageKeyText(desk.key)}" of ${router.node} has ${router.limits.deskTasksMax} tasks`,
    );
    return;
  }
  accept(desk, task, { epoch: router.known.table?.epoch ?? 0, nowMs: router.ctx.now() });
}

/** A stage is done: its task goes on, one branch for each successor. */
export function completeTask(router: Router, { task, result, hop }: MessageOf<"stageCompleted">): void {
  const pipeline = pipelineOf(router, task);
  const given = settleAt(router, task);
  // An answer for a task that is not on the desk is the second one, of an executor that was given up.
  if (given === null || pipeline === undefined) return;
  router.known.counts.processed += 1;
  const desk = deskAt(router, task);
  if (desk !== undefined) keepAnswer(desk, task.id, { result, hop });
  goOn(router, given, pipeline, { result, hop });
}

function goOn(router: Router, task: Task, pipeline: Pipeline, { result, hop }: Answer): void {
  for (const next of completeStage(task, pipeline, result, hop)) submit(router, next, null);
}

/** A stage, or a live source's generator, gave a task up. */
export function dropTask(router: Router, { task, reason, detail }: MessageOf<"stageDropped">): void {
  if (settleAt(router, task) === null && !isGeneratorsReason(reason)) return;
  // It was dropped on another branch too, and that one has told.
  if (isForgotten(router.known.joins, task)) return;
  drop(router, task, reason, detail);
}

/** Why a generator gives a task up, wherever that is. */
function isGeneratorsReason(reason: DropReason): boolean {
  return reason === "windowFull" || reason === "expired" || reason === "sourceLost";
}

/** Takes a task off its desk; null where it is not on it, as its answer has been taken. */
function settleAt(router: Router, task: Task): Task | null {
  const desk = deskAt(router, task);
  return desk === undefined ? null : settle(desk, task);
}

/** The desk of the stage that a task stands at. */
function deskAt({ known }: Router, { pipelineId, pipelineVersion, cursor }: Task): Desk | undefined {
  if (cursor === END) return undefined;
  return known.desks.get(stageKeyText({ pipelineId, pipelineVersion, stage: cursor }));
}

/** Keeps a task until a table names its pipeline. */
function park(router: Router, task: Task): void {
  if (router.known.park.length >= router.limits.parkTasksMax) {
    drop(
      router,
      task,
      "overflow",
      `${router.limits.parkTasksMax} tasks wait for their pipeline at ${router.node}`,
    );
    return;
  }
  router.known.park.push({ task, untilMs: router.ctx.now() + router.limits.parkMs });
}

/** Ends a task: the distributor stores the gap, and every node that waits for the task is told. */
export function drop(router: Router, task: Task, reason: DropReason, detail: string): void {
  const { id, delivery, pipelineId, pipelineVersion, cursor, sourceAtMs, origin, joinNodes, pins } = task;
  router.known.counts.dropped = addDrops(router.known.counts.dropped, { [reason]: 1 });
  router.distributor.tell({
    type: "recordDrop",
    drop: {
      id,
      reason,
      stage: isGeneratorsReason(reason) ? null : cursor,
      node: router.node,
      atMs: router.ctx.now(),
      sourceAtMs,
      detail,
      origin,
    },
  });
  const message = { type: "abandon", id, delivery, pipelineId, pipelineVersion, pins } as const;
  for (const node of new Set([...joinNodes.values(), ...[...pins.values()].map((pin) => pin.node)])) {
    if (node === router.node) abandon(router, message);
    else controllerOf(router, node).tell(message);
  }
}

/** The task ended somewhere: what is left of it here ends too, and no stateful stage waits for it. */
export function abandon(router: Router, message: MessageOf<"abandon">): void {
  const { id, pipelineId, pipelineVersion, pins } = message;
  forget(router.known.joins, message);
  const pipeline = router.known.pipelines.get(pipelineKeyText(pipelineId, pipelineVersion));
  for (const { id: stage } of pipeline?.stages ?? []) {
    const desk = router.known.desks.get(stageKeyText({ pipelineId, pipelineVersion, stage }));
    if (desk !== undefined) withdraw(desk, message);
  }
  for (const [stage, { node, ordinal }] of pins) {
    // The first task of a stage may be one that does not come: the desk keeps that for the processor to be.
    if (node === router.node && pipeline !== undefined) skip(openDesk(router, pipeline, stage), id, ordinal);
  }
}

/** Drops the tasks that have waited too long, at a join or for their pipeline. */
export function dropOverdue(router: Router): void {
  const nowMs = router.ctx.now();
  for (const { task, missing } of expire(router.known.joins, nowMs)) {
    drop(router, task, "joinTimeout", `No result of ${missing.map((stage) => `"${stage}"`).join(", ")} came`);
  }
  for (
    let first = router.known.park[0];
    first !== undefined && first.untilMs <= nowMs;
    first = router.known.park[0]
  ) {
    router.known.park.shift();
    drop(router, first.task, "noRoute", `No table names pipeline "${first.task.pipelineId}"`);
  }
}
