import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  accept,
  announce,
  answerFor,
  createDesk,
  deskSize,
  keepAnswer,
  settle,
  skip,
  takeBackWaiting,
  withdraw,
  type Answer,
} from "../../../src/actors/controller/desk.js";
import type { ProcessorMessage } from "../../../src/actors/protocol/processor.js";
import { parseNodeName, parseStageId } from "../../../src/task/identity.js";
import { definePipeline } from "../../../src/task/define-pipeline.js";
import { stageOf, type Pipeline } from "../../../src/task/pipeline.js";
import type { Task } from "../../../src/task/task.js";
import { createProbe } from "../../support/probe.js";
import { newTask, SERVICES } from "../../task/pipelines.js";

function pipelineWith(policy: "block" | "dropOldest", capacity: number): Pipeline {
  return definePipeline(
    { id: "test", stages: [{ id: "a", service: "reader", queue: { policy, capacity } }] },
    SERVICES,
  );
}

function deskOf(policy: "block" | "dropOldest", capacity: number) {
  const pipeline = pipelineWith(policy, capacity);
  const stage = parseStageId("a");
  const desk = createDesk({ pipelineId: pipeline.id, pipelineVersion: 1, stage }, stageOf(pipeline, stage));
  const task = (sequence: number): Task => firstOf(newTask(pipeline, sequence));
  return { desk, task, processor: createProbe<ProcessorMessage>() };
}

function firstOf(tasks: readonly Task[]): Task {
  const [first] = tasks;
  if (first === undefined) throw new Error("No task");
  return first;
}

const routed = (epoch: number) => ({ epoch, nowMs: 1_000 * epoch });

const sequences = (messages: readonly ProcessorMessage[]) =>
  messages.map((message) => (message.type === "execute" ? message.task.id.sequence : -1));

test("desk keeps tasks until a processor announces itself, then hands them over in order", () => {
  const { desk, task, processor } = deskOf("block", 8);
  accept(desk, task(0), routed(1));
  accept(desk, task(1), routed(1));
  assert.is(deskSize(desk), 2);
  announce(desk, { ref: processor, life: 1 });
  assert.equal(sequences(processor.received), [0, 1]);
});

test("desk gives a block stage no more than its queue holds, and the next one for each answer", () => {
  const { desk, task, processor } = deskOf("block", 2);
  announce(desk, { ref: processor, life: 1 });
  for (const sequence of [0, 1, 2, 3]) accept(desk, task(sequence), routed(1));
  assert.equal(sequences(processor.received), [0, 1]);
  settle(desk, task(1));
  assert.equal(sequences(processor.received), [0, 1, 2]);
  settle(desk, task(0));
  assert.equal(sequences(processor.received), [0, 1, 2, 3]);
});

test("desk gives a dropping stage everything: its queue decides", () => {
  const { desk, task, processor } = deskOf("dropOldest", 1);
  announce(desk, { ref: processor, life: 1 });
  for (const sequence of [0, 1, 2]) accept(desk, task(sequence), routed(1));
  assert.equal(sequences(processor.received), [0, 1, 2]);
});

test("desk gives a stateful stage everything: its processor knows whose turn it is", () => {
  const { desk, task, processor } = deskOf("block", 1);
  const stateful = { ...desk, stage: { ...desk.stage, stateful: true } };
  announce(stateful, { ref: processor, life: 1 });
  for (const sequence of [1, 2, 0]) accept(stateful, task(sequence), routed(1));
  assert.equal(sequences(processor.received), [1, 2, 0]);
});

test("desk takes a task once, whether it waits or is given", () => {
  const { desk, task, processor } = deskOf("block", 1);
  announce(desk, { ref: processor, life: 1 });
  assert.ok(accept(desk, task(0), routed(1)));
  assert.not(accept(desk, task(0), routed(1)));
  assert.ok(accept(desk, task(1), routed(1)));
  assert.not(accept(desk, task(1), routed(2)));
  assert.is(deskSize(desk), 2);
});

test("desk hands a processor that starts anew what the last one had, as a further attempt", () => {
  const { desk, task, processor } = deskOf("block", 2);
  announce(desk, { ref: processor, life: 1 });
  for (const sequence of [0, 1, 2]) accept(desk, task(sequence), routed(7));
  settle(desk, task(0));
  const again = createProbe<ProcessorMessage>();
  announce(desk, { ref: again, life: 2 });
  assert.equal(
    again.all("execute").map(({ task: { id }, epoch, attempt, enqueuedAtMs, life }) => ({
      sequence: id.sequence,
      epoch,
      attempt,
      enqueuedAtMs,
      life,
    })),
    [1, 2].map((sequence) => ({ sequence, epoch: 7, attempt: 2, enqueuedAtMs: 7_000, life: 2 })),
  );
});

test("desk keeps what does not come for the processor that is starting, and tells the one that is there", () => {
  const { desk, task, processor } = deskOf("block", 2);
  skip(desk, task(0).id, 0);
  announce(desk, { ref: processor, life: 1 });
  skip(desk, task(2).id, 1);
  assert.equal(
    processor.all("skip").map(({ id, ordinal }) => [id.sequence, ordinal]),
    [
      [0, 0],
      [2, 1],
    ],
  );
});

test("desk lets the newest delivery of a task go on, and a stateful one answers for what it has seen", () => {
  const { desk, task, processor } = deskOf("block", 1);
  announce(desk, { ref: processor, life: 1 });
  accept(desk, task(0), routed(1));
  assert.is(accept(desk, { ...task(0), delivery: 2 }, routed(1)), false);
  assert.is(settle(desk, task(0))?.delivery, 2);
  assert.equal(sequences(processor.received), [0]);
  const answer: Answer = {
    result: { type: "boxes", frames: [[]] },
    hop: {
      stage: desk.key.stage,
      node: parseNodeName("edge-1"),
      epoch: 1,
      attempt: 1,
      delivery: 1,
      enqueuedAtMs: 1,
      startedAtMs: 2,
      endedAtMs: 3,
    },
  };
  keepAnswer(desk, task(0).id, answer);
  assert.is(answerFor(desk, task(0).id), undefined);
  const stateful = createDesk(desk.key, { ...desk.stage, stateful: true });
  for (let sequence = 0; sequence < 1_025; sequence++) keepAnswer(stateful, task(sequence).id, answer);
  assert.is(answerFor(stateful, task(0).id), undefined);
  assert.is(answerFor(stateful, task(1).id), answer);
});

test("desk lets a task that was dropped elsewhere wait no more, and one that is given go on", () => {
  const { desk, task, processor } = deskOf("block", 1);
  announce(desk, { ref: processor, life: 1 });
  for (const sequence of [0, 1]) accept(desk, task(sequence), routed(1));
  for (const sequence of [0, 1]) withdraw(desk, task(sequence));
  assert.is(deskSize(desk), 1);
  assert.is(settle(desk, task(0))?.id.sequence, 0);
  assert.equal(sequences(processor.received), [0]);
});

test("desk settles a task once: the second answer finds nothing", () => {
  const { desk, task, processor } = deskOf("block", 2);
  announce(desk, { ref: processor, life: 1 });
  accept(desk, task(0), routed(1));
  assert.is(settle(desk, task(0))?.id.sequence, 0);
  assert.is(settle(desk, task(0)), null);
});

test("desk gives back only what no processor has", () => {
  const { desk, task, processor } = deskOf("block", 1);
  announce(desk, { ref: processor, life: 1 });
  for (const sequence of [0, 1, 2]) accept(desk, task(sequence), routed(1));
  assert.equal(
    takeBackWaiting(desk).map((waiting) => waiting.id.sequence),
    [1, 2],
  );
  assert.is(deskSize(desk), 1);
});

test.run();
