/**
 * The desk of one local stage: the tasks that its processor has been given, and those that wait for it.
 *
 * A task stays on the desk until its processor has answered for it, so a processor that starts anew is handed again
 * what it had. A `block` stage is given no more than its queue holds; the rest waits here, in order, and so nothing is
 * ever refused or dropped. A stateful stage is given everything: only its processor knows whose turn it is. And so is one
 * with another queue policy: that is the processor's to carry out.
 *
 * A stateful stage must not see a task twice, so its last answers are kept: a task that is delivered again is given the
 * answer that it had.
 */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { ProcessorMessage } from "../protocol/processor.js";
import { type StageKey, taskKey, type TaskId } from "../../task/identity.js";
import type { Stage } from "../../task/pipeline.js";
import type { Delivered } from "../../task/join.js";
import type { StageResult } from "../../task/service.js";
import type { Hop, Task } from "../../task/task.js";

/** What a stage made of a task. */
export interface Answer {
  readonly result: StageResult;
  readonly hop: Hop;
}

interface Entry {
  /** Of the newest delivery. */
  task: Task;
  /** Epoch of the table that sent the task here. */
  readonly epoch: number;
  readonly enqueuedAtMs: number;
  attempt: number;
}

/** A processor in one of its lives. */
interface Living {
  readonly ref: ActorRef<ProcessorMessage>;
  readonly life: number;
}

type Skip = Extract<ProcessorMessage, { readonly type: "skip" }>;

/** Skips kept for a processor that is starting; one forgotten costs its stage the wait for a gap. */
const SKIPS_MAX = 1_024;
/** Answers kept of a stateful stage; one forgotten costs it its memory, should the task come again. */
const ANSWERS_MAX = 1_024;

export interface Desk {
  readonly key: StageKey;
  readonly stage: Stage;
  /** Null until it has announced itself. */
  processor: Living | null;
  /** With the processor, by task key, in the order given. */
  readonly given: Map<string, Entry>;
  /** Not with the processor: it is starting, or has its fill. */
  readonly waiting: Map<string, Entry>;
  /** For the processor once it has started. */
  skips: Skip[];
  /** The last ones of a stateful stage, by task key, oldest first. */
  readonly answers: Map<string, Answer>;
}

export function createDesk(key: StageKey, stage: Stage): Desk {
  return { key, stage, processor: null, given: new Map(), waiting: new Map(), skips: [], answers: new Map() };
}

/** Tasks on the desk. */
export function deskSize(desk: Desk): number {
  return desk.given.size + desk.waiting.size;
}

export function tasksOf(desk: Desk): readonly Task[] {
  return [...desk.given.values(), ...desk.waiting.values()].map((entry) => entry.task);
}

/** Takes a task in, unless it is here already: then the newest delivery is the one that goes on. Returns whether it was new. */
export function accept(
  desk: Desk,
  task: Task,
  routed: { readonly epoch: number; readonly nowMs: number },
): boolean {
  const key = taskKey(task.id);
  const here = desk.given.get(key) ?? desk.waiting.get(key);
  if (here !== undefined) {
    if (here.task.delivery < task.delivery) here.task = task;
    return false;
  }
  desk.waiting.set(key, { task, epoch: routed.epoch, enqueuedAtMs: routed.nowMs, attempt: 1 });
  handOver(desk);
  return true;
}

/** The processor has answered for a task; returns it as it was given, or null where it was not (any more) given. */
export function settle(desk: Desk, task: Task): Task | null {
  const key = taskKey(task.id);
  const entry = desk.given.get(key);
  if (entry === undefined) return null;
  desk.given.delete(key);
  handOver(desk);
  return entry.task;
}

/** Keeps what a stateful stage made of a task, to give it to the task again. */
export function keepAnswer(desk: Desk, id: TaskId, answer: Answer): void {
  if (!desk.stage.stateful) return;
  desk.answers.set(taskKey(id), answer);
  if (desk.answers.size <= ANSWERS_MAX) return;
  const [oldest] = desk.answers.keys();
  if (oldest !== undefined) desk.answers.delete(oldest);
}

/** What the stage made of the task when it was here before; undefined where it was not, or that is forgotten. */
export function answerFor(desk: Desk, id: TaskId): Answer | undefined {
  return desk.answers.get(taskKey(id));
}

/** A processor announced itself: it holds nothing, so everything on the desk is its to do. */
export function announce(desk: Desk, processor: Living): void {
  desk.processor = processor;
  for (const message of desk.skips) processor.ref.tell(message);
  desk.skips = [];
  for (const entry of desk.given.values()) {
    entry.attempt += 1;
    execute(processor, entry);
  }
  handOver(desk);
}

/** This delivery of the task was dropped elsewhere: it waits here no more. */
export function withdraw(desk: Desk, { id, delivery }: Delivered): void {
  const key = taskKey(id);
  const waiting = desk.waiting.get(key);
  if (waiting !== undefined && waiting.task.delivery <= delivery) desk.waiting.delete(key);
}

/** The processor is not to wait for a task that was dropped elsewhere. */
export function skip(desk: Desk, id: TaskId, ordinal: number): void {
  const message: Skip = { type: "skip", id, ordinal };
  if (desk.processor !== null) desk.processor.ref.tell(message);
  else if (desk.skips.push(message) > SKIPS_MAX) desk.skips.shift();
}

/** Removes and returns the tasks that no processor has, so that a newer table may send them elsewhere. */
export function takeBackWaiting(desk: Desk): readonly Task[] {
  const tasks = [...desk.waiting.values()].map((entry) => entry.task);
  desk.waiting.clear();
  return tasks;
}

function handOver(desk: Desk): void {
  if (desk.processor === null) return;
  const { queue, stateful } = desk.stage;
  const givenMax = queue.policy === "block" && !stateful ? queue.capacity : Infinity;
  for (const [key, entry] of desk.waiting) {
    if (desk.given.size >= givenMax) return;
    desk.waiting.delete(key);
    desk.given.set(key, entry);
    execute(desk.processor, entry);
  }
}

function execute({ ref, life }: Living, { task, epoch, attempt, enqueuedAtMs }: Entry): void {
  ref.tell({ type: "execute", task, epoch, attempt, enqueuedAtMs, life });
}
