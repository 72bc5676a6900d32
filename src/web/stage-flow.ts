/** What the stages of each node have done since the hub started, of tasks that were stored: for rates, by whoever looks twice. */

import type { NodeName, StageId } from "../task/identity.js";
import type { TaskOutcome } from "../task/reports.js";

export interface StageFlow {
  readonly pipeline: string;
  readonly stage: StageId;
  readonly node: NodeName;
  readonly tasks: number;
  /** Of all of them together. */
  readonly queueMs: number;
  readonly executeMs: number;
}

type Sums = { -readonly [Key in keyof StageFlow]: StageFlow[Key] };

/** Stages times the nodes that run them; those of one more are not counted. */
const STAGES_MAX = 2_000;

export interface StageFlows {
  observe(outcome: Pick<TaskOutcome, "pipelineId" | "hops">): void;
  report(): readonly StageFlow[];
}

export function createStageFlows(): StageFlows {
  const sums = new Map<string, Sums>();
  return {
    observe({ pipelineId, hops }) {
      if (pipelineId === null) return;
      for (const { stage, node, enqueuedAtMs, startedAtMs, endedAtMs } of hops) {
        const key = `${pipelineId}/${stage}/${node}`;
        let sum = sums.get(key);
        if (sum === undefined) {
          if (sums.size >= STAGES_MAX) continue;
          sum = { pipeline: pipelineId, stage, node, tasks: 0, queueMs: 0, executeMs: 0 };
          sums.set(key, sum);
        }
        sum.tasks += 1;
        sum.queueMs += Math.max(0, startedAtMs - enqueuedAtMs);
        sum.executeMs += Math.max(0, endedAtMs - startedAtMs);
      }
    },
    report: () => [...sums.values()].map((sum) => ({ ...sum })),
  };
}
