/**
 * The inbox of one local stage: the tasks that wait for its processor, and those in flight, which the processor has been
 * given.
 *
 * A task stays here until its processor has answered for it, so a processor that starts again is given again what it had.
 * A `block` stage is given no more than its queue holds; the rest waits here, in order, and so nothing is ever refused or
 * dropped. A stateful stage is given everything: only its processor knows whose turn it is. And so is one with another
 * queue policy: that is the processor's to carry out.
 *
 * A stateful stage must not see a task twice, so its last answers are kept: a task that is delivered again is given the
 * answer that it had.
 */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { ProcessorMessage } from "../protocol/processor.js";
import { stageKeyText, taskKey, type SourceId, type StageKey, type TaskId } from "../../task/identity.js";
import { FairRoom } from "../../task/fair-room.js";
import { ownerOf } from "../../task/origin.js";
import type { ModelInUse } from "../../task/model-in-use.js";
import type { Stage } from "../../task/pipeline.js";
import type { Delivered } from "../../task/join.js";
import type { StageResult } from "../../task/service.js";
import { TaskRoom } from "../../task/task-room.js";
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
  /** Undefined where it did not come straight from the node of the stage before. */
  readonly sentAtMs: number | undefined;
  attempt: number;
}

/** The processor of a stage, in one of its incarnations. */
interface StageProcessor {
  readonly ref: ActorRef<ProcessorMessage>;
  readonly incarnation: number;
}

type Skip = Extract<ProcessorMessage, { readonly type: "skip" }>;

/** Skips kept for a processor that is starting; one forgotten costs its stage the wait for a gap. */
const SKIPS_MAX = 1_024;
/** Answers kept of a stateful stage; one forgotten costs it its memory, should the task come again. */
const ANSWERS_MAX = 1_024;

export interface StageInbox {
  readonly key: StageKey;
  readonly stage: Stage;
  /** Null until it has announced itself. */
  processor: StageProcessor | null;
  /** Whether it has loaded what it runs. */
  loaded: boolean;
  /** Which version of its model it runs; null where it has not said one. */
  model: ModelInUse | null;
  /** With the processor, by task key, in the order given. */
  readonly inFlight: Map<string, Entry>;
  /** Not with the processor, by task key: it is starting, or has its fill. */
  readonly waiting: Map<string, Entry>;
  /** What it holds of whom, of both. */
  readonly room: FairRoom<string>;
  /** The bytes of those, and of whatever else waits at the node. */
  readonly bytes: TaskRoom;
  /** For the processor once it has started. */
  skips: Skip[];
  /** The last ones of a stateful stage, by task key, oldest first. */
  readonly answers: Map<string, Answer>;
  /** Since when no task was here that no table places here; null while one is, or may come. */
  idleSinceMs: number | null;
}

/**
 * @param tasksMax tasks that wait or are in flight at most, of all nodes together
 * @param bytes shared with whatever else waits at the node. Default: without bound
 */
export function createStageInbox(
  key: StageKey,
  stage: Stage,
  tasksMax: number,
  bytes: TaskRoom = new TaskRoom(Infinity, null),
): StageInbox {
  return {
    key,
    stage,
    processor: null,
    loaded: false,
    model: null,
    inFlight: new Map(),
    waiting: new Map(),
    room: new FairRoom(tasksMax),
    bytes,
    skips: [],
    answers: new Map(),
    idleSinceMs: null,
  };
}

/** Tasks that wait or are in flight. */
export function taskCount(inbox: StageInbox): number {
  return inbox.inFlight.size + inbox.waiting.size;
}

export function tasksOf(inbox: StageInbox): readonly Task[] {
  return [...inbox.inFlight.values(), ...inbox.waiting.values()].map((entry) => entry.task);
}

/**
 * Takes a task in, unless it is here already: then the newest delivery is the one that goes on.
 *
 * @returns false where there is no room for it, or no more for tasks of its node
 */
export function accept(
  inbox: StageInbox,
  task: Task,
  routed: { readonly epoch: number; readonly monotonicMs: number; readonly sentAtMs?: number | undefined },
): boolean {
  const key = taskKey(task.id);
  const here = inbox.inFlight.get(key) ?? inbox.waiting.get(key);
  if (here !== undefined) {
    return here.task.delivery >= task.delivery || replace(inbox, here, task);
  }
  if (!inbox.room.enter(key, ownerOf(task))) return false;
  if (!inbox.bytes.enter(placeOf(inbox, key), task)) {
    inbox.room.leave(key);
    return false;
  }
  const { epoch, monotonicMs, sentAtMs } = routed;
  inbox.idleSinceMs = null;
  inbox.waiting.set(key, { task, epoch, enqueuedAtMs: monotonicMs, sentAtMs, attempt: 1 });
  handOver(inbox);
  return true;
}

/** By a newer delivery, which may be larger. */
function replace(inbox: StageInbox, here: Entry, task: Task): boolean {
  if (!inbox.bytes.replace(placeOf(inbox, taskKey(task.id)), task)) return false;
  here.task = task;
  return true;
}

function placeOf({ key }: StageInbox, task: string): string {
  return `${stageKeyText(key)} ${task}`;
}

function leave(inbox: StageInbox, key: string): void {
  inbox.room.leave(key);
  inbox.bytes.leave(placeOf(inbox, key));
}

/** Gives up the room of all that is in it, as the inbox is given up. */
export function leaveAll(inbox: StageInbox): void {
  for (const key of [...inbox.inFlight.keys(), ...inbox.waiting.keys()]) leave(inbox, key);
  for (const key of inbox.answers.keys()) inbox.bytes.leave(answerPlaceOf(inbox, key));
}

/** The processor has answered for a task; returns it as it was given, or null where it is not (any more) in flight. */
export function settle(inbox: StageInbox, task: Task): Task | null {
  const key = taskKey(task.id);
  const entry = inbox.inFlight.get(key);
  if (entry === undefined) return null;
  leave(inbox, key);
  inbox.inFlight.delete(key);
  handOver(inbox);
  return entry.task;
}

/** Keeps what a stateful stage made of a task, to give it to the task again: where there is no room for it, in place of older ones. */
export function keepAnswer(inbox: StageInbox, task: Task, answer: Answer): void {
  if (!inbox.stage.stateful) return;
  const key = taskKey(task.id);
  while (!inbox.bytes.remember(answerPlaceOf(inbox, key), task, answer.result)) {
    if (!forgetOldestAnswer(inbox)) return;
  }
  inbox.answers.set(key, answer);
  if (inbox.answers.size > ANSWERS_MAX) forgetOldestAnswer(inbox);
}

function forgetOldestAnswer(inbox: StageInbox): boolean {
  const [oldest] = inbox.answers.keys();
  if (oldest === undefined) return false;
  inbox.answers.delete(oldest);
  inbox.bytes.leave(answerPlaceOf(inbox, oldest));
  return true;
}

function answerPlaceOf(inbox: StageInbox, task: string): string {
  return `${placeOf(inbox, task)} answer`;
}

/** What the stage made of the task when it was here before; undefined where it was not, or that is forgotten. */
export function answerFor(inbox: StageInbox, id: TaskId): Answer | undefined {
  return inbox.answers.get(taskKey(id));
}

/** A processor announced itself: it holds nothing, so it is given again what was in flight, and then what waits. */
export function announce(inbox: StageInbox, processor: StageProcessor): void {
  inbox.processor = processor;
  inbox.loaded = false;
  for (const message of inbox.skips) processor.ref.tell(message);
  inbox.skips = [];
  for (const entry of inbox.inFlight.values()) {
    entry.attempt += 1;
    execute(processor, entry);
  }
  handOver(inbox);
}

/** This delivery of the task was dropped elsewhere: it waits here no more. */
export function withdraw(inbox: StageInbox, { id, delivery }: Delivered): void {
  const key = taskKey(id);
  const waiting = inbox.waiting.get(key);
  if (waiting === undefined || waiting.task.delivery > delivery) return;
  inbox.waiting.delete(key);
  leave(inbox, key);
}

/** The processor is not to wait for a task that was dropped elsewhere. */
export function skip(inbox: StageInbox, id: TaskId, ordinal: number): void {
  const message: Skip = { type: "skip", id, ordinal };
  if (inbox.processor !== null) inbox.processor.ref.tell(message);
  else if (inbox.skips.push(message) > SKIPS_MAX) inbox.skips.shift();
}

/** Has the processor drop what waits with it of a source. */
export function flush(inbox: StageInbox, sourceId: SourceId, detail: string): void {
  for (const { task } of inbox.inFlight.values()) {
    if (task.id.sourceId !== sourceId) continue;
    inbox.processor?.ref.tell({ type: "flush", sourceId, detail });
    return;
  }
}

/** Removes and returns the tasks that no processor has, so that a newer table may send them elsewhere. */
export function takeBackWaiting(inbox: StageInbox): readonly Task[] {
  const tasks = [...inbox.waiting.values()].map((entry) => entry.task);
  for (const key of inbox.waiting.keys()) leave(inbox, key);
  inbox.waiting.clear();
  return tasks;
}

function handOver(inbox: StageInbox): void {
  if (inbox.processor === null) return;
  const { queue, stateful } = inbox.stage;
  const inFlightMax = queue.policy === "block" && !stateful ? queue.capacity : Infinity;
  for (const [key, entry] of inbox.waiting) {
    if (inbox.inFlight.size >= inFlightMax) return;
    inbox.waiting.delete(key);
    inbox.inFlight.set(key, entry);
    execute(inbox.processor, entry);
  }
}

function execute({ ref, incarnation }: StageProcessor, entry: Entry): void {
  const { task, epoch, attempt, enqueuedAtMs, sentAtMs } = entry;
  const sent = sentAtMs === undefined ? {} : { sentAtMs };
  ref.tell({ type: "execute", task, epoch, attempt, enqueuedAtMs, ...sent, incarnation });
}
