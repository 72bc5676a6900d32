/** The swap of a run: where stages run at first, and where after the middle of it. */

import type { PolicySpec } from "../../src/task/requests.js";
import type { Pipeline, Stage } from "../../src/task/pipeline.js";

/** Stored tasks of a source after which its table is swapped, where the run is not shorter. */
const TASKS_BEFORE = 10;

export interface Swap {
  readonly before: PolicySpec;
  readonly after: PolicySpec;
  /** Stored tasks of the source at which it is due. */
  readonly afterTasks: number;
  /** The stages that move, for people. */
  readonly moves: readonly string[];
}

/**
 * At first the stages that read frames stay beside the source, and the rest runs on the cloud. Then those move too that
 * follow another stage and keep no state; where there are none, all that keep no state.
 */
export function planSwap(
  pipeline: Pipeline,
  nodes: { edge: string; cloud: string },
  limit: number | null,
): Swap {
  const readsFrames = ({ inputs }: Stage): boolean => inputs.includes("frame");
  const beside = pipeline.stages.filter(readsFrames);
  const free = beside.filter(({ stateful }) => !stateful);
  const later = free.filter(({ predecessors }) => predecessors.length > 0);
  const moving = new Set((later.length > 0 ? later : free).map(({ id }) => id));
  const place = (isBeside: (stage: Stage) => boolean): PolicySpec => ({
    name: "fixed",
    parameters: {
      placement: Object.fromEntries(
        pipeline.stages.map((stage) => [stage.id, isBeside(stage) ? nodes.edge : nodes.cloud]),
      ),
    },
  });
  return {
    before: place(readsFrames),
    after: place((stage) => readsFrames(stage) && !moving.has(stage.id)),
    afterTasks: Math.min(TASKS_BEFORE, Math.ceil((limit ?? TASKS_BEFORE * 2) / 2)),
    moves: [...moving],
  };
}
