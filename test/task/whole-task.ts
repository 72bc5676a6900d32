import * as assert from "uvu/assert";
import type { Pipeline } from "../../src/task/pipeline.js";
import type { Task } from "../../src/task/task.js";

/** That a task at its end has one result and one hop of each stage, each its own. */
export function assertWhole(task: Task, pipeline: Pipeline): void {
  const stages = pipeline.stages.map((stage) => stage.id);
  assert.equal([...task.results.keys()].sort(), [...stages].sort());
  assert.equal(task.hops.map((hop) => hop.stage).sort(), [...stages].sort());
  for (const [stage, result] of task.results) assert.is(result.frames[0]?.[0]?.label, stage);
}
