/**
 * Where the stages of a source run, and the branches of its tasks meet, where no table says otherwise: at home, on the
 * node that has the source, as far as that can.
 */

import type { NodeName, StageId } from "./identity.js";
import type { StageNeeds } from "./offers.js";
import { joinCursors, type Pipeline } from "./pipeline.js";
import { END, type Cursor } from "./task.js";

/** A node with sources of its own. */
export interface Home {
  readonly node: NodeName;
  /** Whether it can run a stage. */
  readonly runs: (stage: StageNeeds) => boolean;
  /** The node that takes what this one cannot run, and where the joins of all leaves are. */
  readonly cloud: NodeName;
}

/** The nodes that are fixed for a task when it is created. */
export interface FixedNodes {
  /** For each join of the pipeline; END is among them where several leaves meet. */
  readonly joinNodes: ReadonlyMap<Cursor, NodeName>;
  /** For each stateful stage. */
  readonly statefulNodes: ReadonlyMap<StageId, NodeName>;
}

/** Where a stage runs that no table places. */
export function defaultNode(stage: StageNeeds, { node, runs, cloud }: Home): NodeName {
  return runs(stage) ? node : cloud;
}

/**
 * The fixed nodes of a source's tasks: the first one of its placement, or the default.
 *
 * @param placement by stage, most wanted first. Default: empty, as before any table
 */
export function fixedNodes(
  pipeline: Pipeline,
  home: Home,
  placement: ReadonlyMap<StageId, readonly NodeName[]> = new Map(),
): FixedNodes {
  const joinNode = (cursor: Cursor): NodeName =>
    cursor === END ? home.cloud : (placement.get(cursor)?.[0] ?? home.node);
  const stateful = pipeline.stages.filter((stage) => stage.stateful);
  return {
    joinNodes: new Map(joinCursors(pipeline).map((cursor) => [cursor, joinNode(cursor)])),
    statefulNodes: new Map(
      stateful.map((stage) => [stage.id, placement.get(stage.id)?.[0] ?? defaultNode(stage, home)]),
    ),
  };
}
