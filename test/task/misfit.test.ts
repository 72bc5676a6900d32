import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import * as fc from "fast-check";
import { parseNodeName, parseStageId } from "../../src/task/identity.js";
import { misfitOf } from "../../src/task/misfit.js";
import { END, type Hop, type Task } from "../../src/task/task.js";
import { completeStage } from "../../src/task/walk.js";
import { newTask, NODE, pipelineOf, randomPipeline, resultOf } from "./pipelines.js";

function hopAt(stage: string): Hop {
  const times = { enqueuedAtMs: 1, startedAtMs: 2, endedAtMs: 3 };
  return { stage: parseStageId(stage), node: NODE, epoch: 0, attempt: 1, delivery: 1, ...times };
}

test("misfitOf finds nothing wrong with a task on its walk, whatever the pipeline", () => {
  fc.assert(
    fc.property(randomPipeline, (pipeline) => {
      const open: Task[] = [...newTask(pipeline)];
      for (let steps = 0; steps < 50; steps++) {
        const task = open.shift();
        if (task === undefined) return;
        assert.is(misfitOf(task, pipeline), null);
        if (task.cursor === END) continue;
        const results = new Map(pipeline.stages.map(({ id }) => [id, resultOf(id)]));
        // As a join leaves it: with all results, and come by no one branch.
        const { predecessors } = pipeline.stages.find(({ id }) => id === task.cursor) ?? { predecessors: [] };
        const joined = predecessors.length > 1 ? { ...task, cameFrom: null, results } : task;
        assert.is(misfitOf(joined, pipeline), null);
        open.push(...completeStage(joined, pipeline, resultOf(task.cursor), hopAt(task.cursor)));
      }
    }),
    { numRuns: 100 },
  );
});

test("misfitOf finds a stage, a way, a result, a join or a pin that the pipeline has not", () => {
  const pipeline = pipelineOf({ a: [], b: ["a"], c: ["a"], d: ["b", "c"] });
  const [task] = newTask(pipeline);
  assert.ok(task);
  const [a, b, d, ghost] = ["a", "b", "d", "ghost"].map(parseStageId);
  assert.ok(a && b && d && ghost);
  const node = parseNodeName("edge-1");
  const results = new Map([[a, resultOf("a")]]);
  const odd: readonly Partial<Task>[] = [
    { cursor: ghost },
    { cursor: b },
    { cursor: b, cameFrom: d, results },
    { cursor: b, cameFrom: a },
    { cursor: d, cameFrom: null, results },
    { cursor: END, cameFrom: a, results },
    { results: new Map([[ghost, resultOf("a")]]) },
    { hops: [hopAt("ghost")] },
    { joinNodes: new Map([[b, node]]) },
    { pins: new Map([[ghost, { node, ordinal: 0 }]]) },
    { pins: new Map([[a, { node, ordinal: 0 }]]) },
  ];
  for (const change of odd) assert.type(misfitOf({ ...task, ...change }, pipeline), "string");
});

test.run();
