import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import {
  arrive,
  createJoins,
  expire,
  forget,
  isForgotten,
  needsJoin,
  type Joins,
} from "../../src/task/join.js";
import type { Pipeline } from "../../src/task/pipeline.js";
import { END, type Task } from "../../src/task/task.js";
import { newTask, pipelineOf, resultOf, runStage } from "./pipelines.js";
import { assertWhole } from "./whole-task.js";

const NOW_MS = 5_000;

/** Branches of one task by the stage that they left, up to the joins of a two-root or forked pipeline. */
function branches(pipeline: Pipeline, sequence = 0): Record<string, Task> {
  const found: Record<string, Task> = {};
  const onTheWay = [...newTask(pipeline, sequence)];
  for (let task = onTheWay.shift(); task !== undefined; task = onTheWay.shift()) {
    if (needsJoin(pipeline, task)) found[String(task.cameFrom)] = task;
    else if (task.cursor !== END) onTheWay.push(...runStage(task, pipeline));
  }
  return found;
}

const outcomes = (
  joins: Joins,
  pipeline: Pipeline,
  ...tasks: readonly (Task | undefined)[]
): readonly string[] =>
  tasks.map((task) => (task === undefined ? "no task" : arrive(joins, task, pipeline, NOW_MS).outcome));

const DIAMOND = pipelineOf({ a: [], b: ["a"], c: ["a"], d: ["b", "c"] });

test("arrive keeps what an ancestor on one side found, whichever branch comes last", () => {
  // x before p and q, y before q only: a merge that looks between the last common ancestor and the branch loses y.
  const pipeline = pipelineOf({ x: [], y: [], p: ["x"], q: ["x", "y"], last: ["p", "q"] });
  for (const order of [
    ["x", "y", "p", "q"],
    ["y", "x", "q", "p"],
  ]) {
    const joins = createJoins();
    const waiting = [...newTask(pipeline)];
    const joined: Task[] = [];
    const atLast = new Map<string, Task>();
    for (const task of waiting) {
      for (const next of runStage(task, pipeline)) {
        if (!needsJoin(pipeline, next)) for (const p of runStage(next, pipeline)) atLast.set("p", p);
        else {
          const arrival = arrive(joins, next, pipeline, NOW_MS);
          if (arrival.outcome === "joined")
            for (const q of runStage(arrival.task, pipeline)) atLast.set("q", q);
        }
      }
    }
    for (const name of order.slice(2)) {
      const branch = atLast.get(name);
      if (branch === undefined) throw new Error(`No branch came from ${name}`);
      const arrival = arrive(joins, branch, pipeline, NOW_MS);
      if (arrival.outcome === "joined") joined.push(arrival.task);
    }
    assert.equal([...(joined[0]?.results.keys() ?? [])].sort(), ["p", "q", "x", "y"]);
  }
});

test("arrive takes a branch delivered twice for one branch, and still waits for its partner", () => {
  const { b, c } = branches(DIAMOND);
  assert.equal(outcomes(createJoins(), DIAMOND, b, b, c), ["waiting", "duplicate", "joined"]);
});

test("arrive swallows every branch that is delivered again after the join", () => {
  const { b, c } = branches(DIAMOND);
  const joins = createJoins();
  assert.equal(outcomes(joins, DIAMOND, b, c, c, b), ["waiting", "joined", "duplicate", "duplicate"]);
  assert.is(joins.joining, 0);
});

test("arrive gives the stage the results of all its predecessors", () => {
  const { b, c } = branches(DIAMOND);
  const joins = createJoins();
  const [first, second] = [b, c].map((task) => arrive(joins, task as Task, DIAMOND, NOW_MS));
  assert.is(first?.outcome, "waiting");
  if (second?.outcome !== "joined") throw new Error("The branches did not join");
  assert.equal(second.task.results.get("b" as never), resultOf("b"));
  assert.equal(second.task.results.get("c" as never), resultOf("c"));
  assert.is(second.task.cameFrom, null);
  assert.not.ok(needsJoin(DIAMOND, second.task), "a joined task may be sent on to any node");
});

test("arrive joins an edge that skips a level", () => {
  const pipeline = pipelineOf({ a: [], b: ["a"], c: ["a", "b"] });
  const { a, b } = branches(pipeline);
  assert.equal(outcomes(createJoins(), pipeline, a, b), ["waiting", "joined"]);
});

test("arrive joins several leaves at END", () => {
  const pipeline = pipelineOf({ a: [], b: ["a"], c: ["a"] });
  const { b, c } = branches(pipeline);
  const joins = createJoins();
  assert.equal(outcomes(joins, pipeline, c), ["waiting"]);
  const arrival = arrive(joins, b as Task, pipeline, NOW_MS);
  assert.is(arrival.outcome, "joined");
  if (arrival.outcome === "joined") assertWhole(arrival.task, pipeline);
});

test("arrive keeps tasks of one source apart", () => {
  const [one, other] = [branches(DIAMOND, 0), branches(DIAMOND, 1)];
  const joins = createJoins();
  assert.equal(outcomes(joins, DIAMOND, one["b"], other["c"]), ["waiting", "waiting"]);
  assert.is(joins.joining, 2);
  assert.equal(outcomes(joins, DIAMOND, other["b"], one["c"]), ["joined", "joined"]);
});

test("arrive refuses a new task where as many wait as may, and its other branches with it", () => {
  const [one, other] = [branches(DIAMOND, 0), branches(DIAMOND, 1)];
  const joins = createJoins({ tasksMax: 1 });
  assert.equal(outcomes(joins, DIAMOND, one["b"], other["b"], one["c"]), ["waiting", "overflow", "joined"]);
  assert.equal(outcomes(joins, DIAMOND, other["c"]), ["duplicate"]);
  assert.is(joins.joining, 0);
});

test("arrive throws a TypeError for a branch along no edge", () => {
  const { b } = branches(DIAMOND);
  const stray = { ...(b as Task), cameFrom: "d" as never };
  assert.throws(() => arrive(createJoins(), stray, DIAMOND, NOW_MS), TypeError);
});

test("expire ends a task whose last branch does not come in time, and says what is missing", () => {
  const { b, c } = branches(DIAMOND);
  const joins = createJoins();
  outcomes(joins, DIAMOND, b);
  assert.equal(expire(joins, NOW_MS + DIAMOND.joinTimeoutMs - 1), []);
  const [expired, ...others] = expire(joins, NOW_MS + DIAMOND.joinTimeoutMs);
  assert.is(expired?.task, b);
  assert.equal(expired?.missing, ["c"]);
  assert.equal(others, []);
  assert.is(joins.joining, 0);
  assert.equal(outcomes(joins, DIAMOND, c), ["duplicate"], "the late branch opens no join of its own");
});

test("expire ends a task once that waits at two joins", () => {
  const pipeline = pipelineOf({ a: [], b: ["a"], c: ["a"], d: ["b", "c"], e: ["a", "b"], f: ["d", "e"] });
  const joins = createJoins();
  const [toB, , toE] = newTask(pipeline).flatMap((task) => runStage(task, pipeline));
  const afterB = toB === undefined ? [] : runStage(toB, pipeline);
  const [d] = afterB;
  assert.equal(outcomes(joins, pipeline, d, toE), ["waiting", "waiting"]);
  assert.is(joins.joining, 1);
  assert.is(expire(joins, NOW_MS + pipeline.joinTimeoutMs).length, 1);
  assert.is(joins.joining, 0);
});

test("forget lets go of a task that ended elsewhere, and refuses its branches from then on", () => {
  const { b, c } = branches(DIAMOND);
  const joins = createJoins();
  outcomes(joins, DIAMOND, b);
  forget(joins, b as Task);
  assert.is(joins.joining, 0);
  assert.equal(outcomes(joins, DIAMOND, c, b), ["duplicate", "duplicate"]);
});

test("a join that lost what it had, or whose task was lost behind it, is made whole by the next delivery", () => {
  const { b, c } = branches(DIAMOND);
  const joins = createJoins();
  const again = (task: Task | undefined, delivery: number): Task => ({ ...(task as Task), delivery });
  // Only one branch of the first delivery came; the second delivery brings both.
  assert.equal(outcomes(joins, DIAMOND, b, again(b, 2), again(c, 2)), ["waiting", "waiting", "joined"]);
  // The joined task is lost: copies of what was joined change nothing, a newer delivery does.
  assert.equal(outcomes(joins, DIAMOND, c, again(b, 2), again(c, 2)), [
    "duplicate",
    "duplicate",
    "duplicate",
  ]);
  assert.equal(outcomes(joins, DIAMOND, again(c, 3), again(b, 3)), ["waiting", "joined"]);
  // A branch of an earlier delivery meets one of a later, and the task goes on as the later.
  const mixed = createJoins();
  assert.is(arrive(mixed, again(b, 1), DIAMOND, NOW_MS).outcome, "waiting");
  const joined = arrive(mixed, again(c, 2), DIAMOND, NOW_MS);
  assert.is(joined.outcome === "joined" && joined.task.delivery, 2);
});

test("a delivery that was dropped is refused, and the next one is not", () => {
  const { b, c } = branches(DIAMOND);
  const joins = createJoins();
  const [first, second] = [b as Task, { ...(b as Task), delivery: 2 }];
  assert.equal(outcomes(joins, DIAMOND, second), ["waiting"]);
  forget(joins, first);
  assert.is(joins.joining, 1);
  assert.is(isForgotten(joins, first), true);
  assert.is(isForgotten(joins, second), false);
  assert.equal(outcomes(joins, DIAMOND, c, { ...(c as Task), delivery: 2 }), ["duplicate", "joined"]);
});

test("createJoins bounds what is remembered, newest first", () => {
  const joins = createJoins({ settledMax: 10 });
  const tasks = Array.from({ length: 105 }, (_, sequence) => branches(DIAMOND, sequence));
  for (const { b, c } of tasks) outcomes(joins, DIAMOND, b, c);
  assert.ok(joins.settled.young.size + joins.settled.old.size <= 20);
  for (const { b } of tasks.slice(-10)) assert.equal(outcomes(joins, DIAMOND, b), ["duplicate"]);
});

test.run();
