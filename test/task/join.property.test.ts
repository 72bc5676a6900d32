import * as fc from "fast-check";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { arrive, createJoins, needsJoin, type Joins } from "../../src/task/join.js";
import type { Pipeline } from "../../src/task/pipeline.js";
import { END, type Task } from "../../src/task/task.js";
import { seeded } from "../support/fold.js";
import { assertWhole } from "./whole-task.js";
import { newTask, randomPipeline, runStage } from "./pipelines.js";

const NOW_MS = 5_000;

interface Walk {
  readonly ended: readonly Task[];
  readonly runs: ReadonlyMap<string, number>;
  readonly joins: Joins;
}

/**
 * Walks a task to its end. Each branch is a message of its own and the next to arrive is drawn at random;
 * `copies` may deliver a branch again, now or at any later time.
 */
function walk(pipeline: Pipeline, seed: number, copies: "none" | "intoJoins" | "anywhere"): Walk {
  const random = seeded(seed);
  const joins = createJoins();
  const onTheWay: Task[] = [...newTask(pipeline)];
  const ended: Task[] = [];
  const runs = new Map<string, number>();

  const goOn = (task: Task): void => {
    if (task.cursor === END) {
      ended.push(task);
      return;
    }
    runs.set(task.cursor, (runs.get(task.cursor) ?? 0) + 1);
    onTheWay.push(...runStage(task, pipeline));
  };

  for (let copied = 0; onTheWay.length > 0;) {
    const index = Math.floor(random() * onTheWay.length);
    const joining = onTheWay[index] !== undefined && needsJoin(pipeline, onTheWay[index]);
    const again =
      copied < 20 && (copies === "anywhere" || (copies === "intoJoins" && joining)) && random() < 0.4;
    if (again) copied += 1;
    const [task] = again ? onTheWay.slice(index, index + 1) : onTheWay.splice(index, 1);
    if (task === undefined) break;
    if (!needsJoin(pipeline, task)) {
      goOn(task);
      continue;
    }
    const arrival = arrive(joins, task, pipeline, NOW_MS);
    if (arrival.outcome === "joined") goOn(arrival.task);
    else assert.not.equal(arrival.outcome, "overflow");
  }
  return { ended, runs, joins };
}

const seeds = fc.integer();

test("arrive brings a task to END exactly once, with every result and hop once, in any order of arrival", () => {
  fc.assert(
    fc.property(randomPipeline, seeds, (pipeline, seed) => {
      const { ended, runs, joins } = walk(pipeline, seed, "none");
      assert.is(ended.length, 1);
      for (const task of ended) assertWhole(task, pipeline);
      for (const { id } of pipeline.stages) assert.is(runs.get(id), 1);
      assert.is(joins.joining, 0);
    }),
    { numRuns: 300 },
  );
});

test("arrive runs each stage once however often branches into joins are delivered", () => {
  fc.assert(
    fc.property(randomPipeline, seeds, (pipeline, seed) => {
      const { ended, runs, joins } = walk(pipeline, seed, "intoJoins");
      assert.is(ended.length, 1);
      for (const task of ended) assertWhole(task, pipeline);
      for (const { id } of pipeline.stages) assert.is(runs.get(id), 1);
      assert.is(joins.joining, 0);
    }),
    { numRuns: 300 },
  );
});

test("arrive lets no task end incomplete where stages run twice and branches come again", () => {
  fc.assert(
    fc.property(randomPipeline, seeds, (pipeline, seed) => {
      const { ended, joins } = walk(pipeline, seed, "anywhere");
      assert.ok(ended.length >= 1);
      for (const task of ended) assertWhole(task, pipeline);
      assert.is(joins.joining, 0);
    }),
    { numRuns: 300 },
  );
});

test("arrive makes the same task of the same branches in any order of arrival", () => {
  fc.assert(
    fc.property(randomPipeline, seeds, seeds, (pipeline, seed, other) => {
      const [one] = walk(pipeline, seed, "none").ended;
      const [same] = walk(pipeline, other, "none").ended;
      assert.equal([...(one?.results ?? [])], [...(same?.results ?? [])]);
      assert.equal(one, same);
    }),
  );
});

test("arrive brings frames to every stage that reads them", () => {
  fc.assert(
    fc.property(randomPipeline, seeds, (pipeline, seed) => {
      const readers = new Set(
        pipeline.stages.filter((stage) => stage.inputs.includes("frame")).map(({ id }) => id),
      );
      const random = seeded(seed);
      const joins = createJoins();
      const onTheWay = [...newTask(pipeline)];
      while (onTheWay.length > 0) {
        const [task] = onTheWay.splice(Math.floor(random() * onTheWay.length), 1);
        if (task === undefined) break;
        const arrival = needsJoin(pipeline, task)
          ? arrive(joins, task, pipeline, NOW_MS)
          : ({ outcome: "joined", task } as const);
        if (arrival.outcome !== "joined" || arrival.task.cursor === END) continue;
        if (readers.has(arrival.task.cursor)) assert.is.not(arrival.task.payload, null);
        onTheWay.push(...runStage(arrival.task, pipeline));
      }
    }),
  );
});

test.run();
