/** The swap of a run: where stages run at first, and where from the middle of it on. */

import type { SourceId } from "../../src/task/identity.js";
import type { Pipeline, Stage } from "../../src/task/pipeline.js";
import type { PolicySpec } from "../../src/task/requests.js";
import type { RunCluster } from "./run-cluster.js";

/** Stored tasks of a source after which its table is swapped, where the run is not shorter. */
const TASKS_BEFORE = 10;
/** Between looks whether the middle of the run has come. */
const LOOK_MS = 25;

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

/** Swaps the table of each source once it has come to its middle. @returns ends it */
export function swapWhenDue(
  cluster: RunCluster,
  swaps: ReadonlyMap<SourceId, Swap>,
  say: (line: string) => void,
): () => void {
  const waiting = new Map(swaps);
  const look = async (): Promise<void> => {
    if (waiting.size === 0) return;
    const ledgers = await cluster.ledgers().catch(() => []);
    for (const { sourceId, stored } of ledgers) {
      const swap = waiting.get(sourceId);
      if (swap === undefined || stored < swap.afterTasks) continue;
      waiting.delete(sourceId);
      say(`swapping the table of ${sourceId}: ${swap.moves.join(", ")} to the cloud`);
      await cluster.setPolicy(sourceId, swap.after).catch((error: Error) => say(error.message));
    }
  };
  const timer = setInterval(() => void look(), LOOK_MS);
  return () => clearInterval(timer);
}
