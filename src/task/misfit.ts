/** Whether a task is one of its pipeline's: what another node sends has the form of a task, and may still walk where no task does. */

import { branchesInto, hasStage, joinCursors, stageOf, type Pipeline } from "./pipeline.js";
import { END, type Pin, type Task } from "./task.js";
import type { StageId } from "./identity.js";

/** What of the task contradicts the pipeline, in words; null where nothing does, and so no step of the walk fails on it. */
export function misfitOf(task: Task, pipeline: Pipeline): string | null {
  const { cursor, cameFrom, results, hops, joinNodes, pins } = task;
  if (cursor !== END && !hasStage(pipeline, cursor)) return `has no stage "${cursor}"`;
  const branches = branchesInto(pipeline, cursor);
  if (cameFrom === null) {
    // At its start, or where its branches have met.
    if (branches.length === 1) return `has one way to "${cursor}", and the task came by none`;
  } else if (!branches.includes(cameFrom)) {
    return `has no way from "${cameFrom}" to "${cursor}"`;
  }
  for (const before of cameFrom === null ? branches : [cameFrom]) {
    if (!results.has(before)) return `has stage "${before}" before "${cursor}", and the task no result of it`;
  }
  for (const stage of results.keys()) if (!hasStage(pipeline, stage)) return `has no stage "${stage}"`;
  for (const { stage } of hops) if (!hasStage(pipeline, stage)) return `has no stage "${stage}"`;
  const joins = joinCursors(pipeline);
  for (const join of joinNodes.keys()) if (!joins.includes(join)) return `has no join "${join}"`;
  for (const stage of pins.keys())
    if (!isStateful(pipeline, stage)) return `has no stateful stage "${stage}"`;
  return null;
}

/** The pins that mean something: those of the pipeline's stateful stages. */
export function* fittingPins(
  pins: ReadonlyMap<StageId, Pin>,
  pipeline: Pipeline,
): Iterable<readonly [StageId, Pin]> {
  for (const entry of pins) if (isStateful(pipeline, entry[0])) yield entry;
}

function isStateful(pipeline: Pipeline, stage: StageId): boolean {
  return hasStage(pipeline, stage) && stageOf(pipeline, stage).stateful;
}
