/**
 * The desk of one local stage: the tasks that its processor has been given, and those that wait for it.
 *
 * A task stays on the desk until its processor has answered for it, so a processor that starts anew is handed again
 * what it had. A `block` stage is given no more than its queue holds; the rest waits here, in order, and so nothing is
 * ever refused or dropped. The other queue policies are the processor's to carry out: it is given everything.
 */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { ProcessorMessage, StageKey } from "../protocol.js";
import { taskKey } from "../task/identity.js";
import type { Stage } from "../task/pipeline.js";
import type { Task } from "../task/task.js";

interface Entry {
  readonly task: Task;
  /** Epoch of the table that sent the task here. */
  readonly epoch: number;
  attempt: number;
}

export interface Desk {
  readonly key: StageKey;
  readonly stage: Stage;
  /** Null until it has announced itself. */
  processor: ActorRef<ProcessorMessage> | null;
  /** With the processor, by task key, in the order given. */
  readonly given: Map<string, Entry>;
  /** Not with the processor: it is starting, or has its fill. */
  readonly waiting: Map<string, Entry>;
}

export function createDesk(key: StageKey, stage: Stage): Desk {
  return { key, stage, processor: null, given: new Map(), waiting: new Map() };
}

/** Tasks on the desk. */
export function deskSize(desk: Desk): number {
  return desk.given.size + desk.waiting.size;
}

/** Takes a task in. A second copy of one that is here already changes nothing; returns whether it was new. */
export function accept(desk: Desk, task: Task, epoch: number): boolean {
  const key = taskKey(task.id);
  if (desk.given.has(key) || desk.waiting.has(key)) return false;
  desk.waiting.set(key, { task, epoch, attempt: 1 });
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

/** A processor announced itself: it holds nothing, so everything on the desk is its to do. */
export function announce(desk: Desk, processor: ActorRef<ProcessorMessage>): void {
  desk.processor = processor;
  for (const entry of desk.given.values()) {
    entry.attempt += 1;
    execute(processor, entry);
  }
  handOver(desk);
}

/** Removes and returns the tasks that no processor has, so that a newer table may send them elsewhere. */
export function takeBackWaiting(desk: Desk): readonly Task[] {
  const tasks = [...desk.waiting.values()].map((entry) => entry.task);
  desk.waiting.clear();
  return tasks;
}

function handOver(desk: Desk): void {
  if (desk.processor === null) return;
  const givenMax = desk.stage.queue.policy === "block" ? desk.stage.queue.capacity : Infinity;
  for (const [key, entry] of desk.waiting) {
    if (desk.given.size >= givenMax) return;
    desk.waiting.delete(key);
    desk.given.set(key, entry);
    execute(desk.processor, entry);
  }
}

function execute(processor: ActorRef<ProcessorMessage>, entry: Entry): void {
  processor.tell({ type: "execute", task: entry.task, epoch: entry.epoch, attempt: entry.attempt });
}
