import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import {
  accept,
  announce,
  answerFor,
  createStageInbox,
  taskCount,
  keepAnswer,
  leaveAll,
  settle,
  skip,
  takeBackWaiting,
  withdraw,
  type Answer,
} from "../../../src/actors/controller/stage-inbox.js";
import type { ProcessorMessage } from "../../../src/actors/protocol/processor.js";
import { parseNodeName, parseStageId, type StageId } from "../../../src/task/identity.js";
import { definePipeline } from "../../../src/task/define-pipeline.js";
import { stageOf, type Pipeline } from "../../../src/task/pipeline.js";
import { TaskRoom } from "../../../src/task/task-room.js";
import type { Hop, Task } from "../../../src/task/task.js";
import { createProbe } from "../../support/probe.js";
import { newTask, SERVICES } from "../../task/pipelines.js";

function pipelineWith(policy: "block" | "dropOldest", capacity: number): Pipeline {
  return definePipeline(
    { id: "test", stages: [{ id: "a", service: "reader", queue: { policy, capacity } }] },
    SERVICES,
  );
}

function inboxOf(policy: "block" | "dropOldest", capacity: number) {
  const pipeline = pipelineWith(policy, capacity);
  const stage = parseStageId("a");
  const inbox = createStageInbox(
    { pipelineId: pipeline.id, pipelineVersion: 1, stage },
    stageOf(pipeline, stage),
    100,
  );
  const task = (sequence: number): Task => firstOf(newTask(pipeline, sequence));
  return { inbox, task, processor: createProbe<ProcessorMessage>() };
}

function firstOf(tasks: readonly Task[]): Task {
  const [first] = tasks;
  if (first === undefined) throw new Error("No task");
  return first;
}

const routed = (epoch: number) => ({ epoch, monotonicMs: 1_000 * epoch });

const sequences = (messages: readonly ProcessorMessage[]) =>
  messages.map((message) => (message.type === "execute" ? message.task.id.sequence : -1));

test("stage inbox keeps tasks until a processor announces itself, then gives it them in order", () => {
  const { inbox, task, processor } = inboxOf("block", 8);
  accept(inbox, task(0), routed(1));
  accept(inbox, task(1), routed(1));
  assert.is(taskCount(inbox), 2);
  announce(inbox, { ref: processor, incarnation: 1 });
  assert.equal(sequences(processor.received), [0, 1]);
});

test("stage inbox gives a block stage no more than its queue holds, and the next one for each answer", () => {
  const { inbox, task, processor } = inboxOf("block", 2);
  announce(inbox, { ref: processor, incarnation: 1 });
  for (const sequence of [0, 1, 2, 3]) accept(inbox, task(sequence), routed(1));
  assert.equal(sequences(processor.received), [0, 1]);
  settle(inbox, task(1));
  assert.equal(sequences(processor.received), [0, 1, 2]);
  settle(inbox, task(0));
  assert.equal(sequences(processor.received), [0, 1, 2, 3]);
});

test("stage inbox gives a dropping stage everything: its queue decides", () => {
  const { inbox, task, processor } = inboxOf("dropOldest", 1);
  announce(inbox, { ref: processor, incarnation: 1 });
  for (const sequence of [0, 1, 2]) accept(inbox, task(sequence), routed(1));
  assert.equal(sequences(processor.received), [0, 1, 2]);
});

test("stage inbox gives a stateful stage everything: its processor knows whose turn it is", () => {
  const { inbox, task, processor } = inboxOf("block", 1);
  const stateful = { ...inbox, stage: { ...inbox.stage, stateful: true } };
  announce(stateful, { ref: processor, incarnation: 1 });
  for (const sequence of [1, 2, 0]) accept(stateful, task(sequence), routed(1));
  assert.equal(sequences(processor.received), [1, 2, 0]);
});

test("stage inbox takes a task once, whether it waits or is given", () => {
  const { inbox, task, processor } = inboxOf("block", 1);
  announce(inbox, { ref: processor, incarnation: 1 });
  assert.ok(accept(inbox, task(0), routed(1)));
  assert.ok(accept(inbox, task(0), routed(1)));
  assert.ok(accept(inbox, task(1), routed(1)));
  assert.ok(accept(inbox, task(1), routed(2)));
  assert.is(taskCount(inbox), 2);
});

test("stage inbox gives a processor that starts again what the last one had, as a further attempt", () => {
  const { inbox, task, processor } = inboxOf("block", 2);
  announce(inbox, { ref: processor, incarnation: 1 });
  for (const sequence of [0, 1, 2]) accept(inbox, task(sequence), routed(7));
  settle(inbox, task(0));
  const again = createProbe<ProcessorMessage>();
  announce(inbox, { ref: again, incarnation: 2 });
  assert.equal(
    again.all("execute").map(({ task: { id }, epoch, attempt, enqueuedAtMs, incarnation }) => ({
      sequence: id.sequence,
      epoch,
      attempt,
      enqueuedAtMs,
      incarnation,
    })),
    [1, 2].map((sequence) => ({ sequence, epoch: 7, attempt: 2, enqueuedAtMs: 7_000, incarnation: 2 })),
  );
});

test("stage inbox keeps what does not come for the processor that is starting, and tells the one that is there", () => {
  const { inbox, task, processor } = inboxOf("block", 2);
  skip(inbox, task(0).id, 0);
  announce(inbox, { ref: processor, incarnation: 1 });
  skip(inbox, task(2).id, 1);
  assert.equal(
    processor.all("skip").map(({ id, ordinal }) => [id.sequence, ordinal]),
    [
      [0, 0],
      [2, 1],
    ],
  );
});

function hopAt(stage: StageId): Hop {
  return {
    stage,
    node: parseNodeName("edge-1"),
    epoch: 1,
    attempt: 1,
    delivery: 2,
    enqueuedAtMs: 1,
    startedAtMs: 2,
    endedAtMs: 3,
  };
}

test("stage inbox lets the newest delivery of a task go on, and a stateful one answers for what it has seen", () => {
  const { inbox, task, processor } = inboxOf("block", 1);
  announce(inbox, { ref: processor, incarnation: 1 });
  accept(inbox, task(0), routed(1));
  assert.ok(accept(inbox, { ...task(0), delivery: 2 }, routed(1)));
  assert.is(settle(inbox, task(0))?.delivery, 2);
  assert.equal(sequences(processor.received), [0]);
  const answer: Answer = {
    result: { type: "boxes", frames: [[]] },
    hop: hopAt(inbox.key.stage),
  };
  keepAnswer(inbox, task(0), answer);
  assert.is(answerFor(inbox, task(0).id), undefined);
  const stateful = createStageInbox(inbox.key, { ...inbox.stage, stateful: true }, 100);
  for (let sequence = 0; sequence < 1_025; sequence++) keepAnswer(stateful, task(sequence), answer);
  assert.is(answerFor(stateful, task(0).id), undefined);
  assert.is(answerFor(stateful, task(1).id), answer);
});

test("stage inbox remembers no more of stateful stages than there is memory for, the newest", () => {
  const { inbox, task } = inboxOf("block", 1);
  const box = { x: 0, y: 0, width: 1, height: 1, score: 1, label: "car" };
  const frames = [Array.from({ length: 100 }, () => box)];
  const answer: Answer = { result: { type: "boxes", frames }, hop: hopAt(inbox.key.stage) };
  // An answer has about 13 kB here; one node alone has half of the room, and one thing more.
  const bytes = new TaskRoom(100_000, null);
  const stateful = createStageInbox(inbox.key, { ...inbox.stage, stateful: true }, 100, bytes);
  for (let sequence = 0; sequence < 50; sequence += 1) keepAnswer(stateful, task(sequence), answer);
  assert.ok(bytes.bytes <= 100_000, `${bytes.bytes} bytes`);
  const kept = Array.from({ length: 50 }, (_, n) => n).filter(
    (n) => answerFor(stateful, task(n).id) !== undefined,
  );
  assert.equal(kept, [46, 47, 48, 49]);
  leaveAll(stateful);
  assert.is(bytes.bytes, 0);
});

test("stage inbox lets a task that was dropped elsewhere wait no more, and one that is given go on", () => {
  const { inbox, task, processor } = inboxOf("block", 1);
  announce(inbox, { ref: processor, incarnation: 1 });
  for (const sequence of [0, 1]) accept(inbox, task(sequence), routed(1));
  for (const sequence of [0, 1]) withdraw(inbox, task(sequence));
  assert.is(taskCount(inbox), 1);
  assert.is(settle(inbox, task(0))?.id.sequence, 0);
  assert.equal(sequences(processor.received), [0]);
});

test("stage inbox keeps a newer delivery of a task whose older one was dropped elsewhere", () => {
  const { inbox, task } = inboxOf("block", 1);
  accept(inbox, { ...task(0), delivery: 3 }, routed(1));
  withdraw(inbox, { ...task(0), delivery: 2 });
  assert.is(taskCount(inbox), 1);
  withdraw(inbox, { ...task(0), delivery: 3 });
  assert.is(taskCount(inbox), 0);
});

test("stage inbox settles a task once: the second answer finds nothing", () => {
  const { inbox, task, processor } = inboxOf("block", 2);
  announce(inbox, { ref: processor, incarnation: 1 });
  accept(inbox, task(0), routed(1));
  assert.is(settle(inbox, task(0))?.id.sequence, 0);
  assert.is(settle(inbox, task(0)), null);
});

test("stage inbox gives back only what no processor has", () => {
  const { inbox, task, processor } = inboxOf("block", 1);
  announce(inbox, { ref: processor, incarnation: 1 });
  for (const sequence of [0, 1, 2]) accept(inbox, task(sequence), routed(1));
  assert.equal(
    takeBackWaiting(inbox).map((waiting) => waiting.id.sequence),
    [1, 2],
  );
  assert.is(taskCount(inbox), 1);
});

test.run();
