/**
 * Processor: runs one stage on one node. A bounded queue of tasks in front of a service that runs in worker threads.
 *
 * P1 Each task executed is answered once: `stageCompleted` or `stageDropped`; but one that cannot run at all says so
 *    once (`processorFailed`) and answers for none. While a task is here, a second copy of it changes nothing.
 * P2 The queue is bounded: what overflows is dropped with the reason of its policy, and where that is `block` the
 *    controller holds back what would.
 * P3 A stateful service has one worker and is given each source's tasks in the order of their sequence. One that was to
 *    come to this node before is waited for until it comes, is skipped, a timeout passes or the queue is full. Where a
 *    task did not follow its predecessor in the same worker, its result says `restarted`.
 * P4 A service without state has up to `replicas` workers, which run tasks in any order. Where a stage behind it has state, the
 *    tasks of a source leave in the order in which they were begun.
 * P5 A task whose worker dies is tried again, on at most `poisonAttempts` workers. A task that the service throws at is
 *    not: it would throw again.
 *    Nor is one that fails on a new version of the model held against it before the old one has tried it (MS2).
 * P6 A processor that starts, also again, says so, and holds nothing: what was sent to an earlier incarnation is ignored.
 * P7 A worker is started with the processor, so that its service is loaded when the first task comes, and that is said once
 *    (`processorLoaded`); after the stop there is none.
 */

import type { Behaviour, Context } from "../../runtime/behaviour.js";
import { assertNever } from "../../runtime/errors.js";
import { SluiceError } from "../../task/errors.js";
import type { ProcessorAnswer, ProcessorMessage } from "../protocol/processor.js";
import { ownerOf } from "../../task/origin.js";
import type { DropReason, Task } from "../../task/task.js";
import { Departures } from "./departures.js";
import type { ProcessorOptions } from "./processor-options.js";
import type { Entry } from "./source-lanes.js";
import {
  clearQueue,
  continuityIn,
  createStageQueue,
  enterQueue,
  forgetState,
  giveUpGaps,
  nextGapAtMs,
  passOver,
  reenterQueue,
  settleTask,
  takeNext,
  takeOf,
  waitingCount,
  type StageQueue,
} from "./stage-queue.js";
import { hopOf, jobOf, readsFrames, resultOf, specOf, variantOf, type Work } from "./work.js";
import { createWorkerPool, type PoolEvent, type PoolMessage, type WorkerPool } from "./pool-state.js";
import { endDoubt } from "./model-swap.js";
import { endPool, foldPool, idleWorker, prepareWorker, rest, runOn } from "./worker-pool.js";

/** What a processor sends itself. */
export type ProcessorPrivate = { readonly type: "gapTimedOut" } | PoolMessage;

type Message = ProcessorMessage | ProcessorPrivate;

/** What survives a restart of the processor. */
export interface ProcessorRetained {
  /** Starts so far: 1 in the first incarnation. */
  incarnation: number;
  /** Of the newest worker, so that an event of one that an earlier incarnation had finds none of its number. */
  readonly workerNumbers: { last: number };
}

export function createProcessorRetained(): ProcessorRetained {
  return { incarnation: 0, workerNumbers: { last: 0 } };
}

type Completed = Extract<ProcessorAnswer, { type: "stageCompleted" }>;

/** What a task leaves with. */
interface Departure {
  readonly entry: Entry;
  readonly answer: Completed;
}

type Status =
  | { readonly status: "running"; readonly pool: WorkerPool<Work> }
  /** Nothing can run here, for good. */
  | { readonly status: "failed"; readonly error: SluiceError };

interface State {
  queue: StageQueue;
  /** Null where any order will do. */
  departures: Departures<Departure> | null;
  status: Status;
  /** Whether its controller was told so. */
  loaded: boolean;
  /** Number of the worker that had the last task. */
  lastWorker: number | null;
}

/** The behaviour of one processor. */
export function createProcessor(
  options: ProcessorOptions,
  retained: ProcessorRetained,
): Behaviour<State, Message> {
  const { controller, feedsState, hasMemory, key, limits, modelDir, node, service, stage, startWorker } =
    options;
  const replicas = stage.stateful ? 1 : limits.replicas;

  return {
    start(ctx) {
      retained.incarnation += 1;
      const { incarnation } = retained;
      controller.tell({ type: "processorStarted", stage: key, processor: ctx.self, incarnation });
      const state: State = {
        queue: createStageQueue(stage, limits),
        departures: feedsState && replicas > 1 ? new Departures(BEGUN_PER_WORKER * replicas) : null,
        status: newStatus(),
        loaded: false,
        lastWorker: null,
      };
      if (state.status.status === "failed") reportFailure(state.status.error);
      else prepareWorker(state.status.pool, ctx);
      return state;
    },
    receive(state, message, ctx) {
      switch (message.type) {
        case "execute":
          onExecute(state, message, ctx);
          break;
        case "skip":
          passOver(state.queue, { ...message.id, ordinal: message.ordinal }, ctx.monotonic());
          break;
        case "flush":
          for (const entry of takeOf(state.queue, message.sourceId))
            drop(state, entry, "flushed", message.detail, ctx);
          break;
        case "gapTimedOut":
          break;
        case "workerEvent":
        case "workerTimedOut":
        case "restartWorker":
        case "growPool":
        case "shrinkPool":
          onPoolMessage(state, message, ctx);
          break;
        default:
          ctx.unhandled(message);
      }
      dispatch(state, ctx);
      return state;
    },
    stop(state, ctx, reason) {
      if (state.status.status === "running") {
        endPool(state.status.pool, reason === "stopped" ? "close" : "kill", ctx);
      }
    },
  };

  function onExecute(
    state: State,
    { task, epoch, attempt, enqueuedAtMs, sentAtMs, incarnation }: Extract<Message, { type: "execute" }>,
    ctx: Context<Message>,
  ): void {
    if (incarnation !== retained.incarnation) return;
    const ordinal = task.pins.get(stage.id)?.ordinal ?? task.id.sequence;
    const entry: Entry = { task, ordinal, epoch, attempt, enqueuedAtMs, sentAtMs, crashes: 0 };
    // The controller takes its tasks back.
    if (state.status.status === "failed") return;
    if (readsFrames(stage) && task.payload === null) {
      drop(state, entry, "serviceFailed", "It came without its frames", ctx);
      return;
    }
    for (const { entry: dropped, reason, detail } of enterQueue(state.queue, entry, ctx.monotonic())) {
      drop(state, dropped, reason, detail, ctx);
    }
  }

  function onPoolMessage(state: State, message: PoolMessage, ctx: Context<Message>): void {
    if (state.status.status === "failed") return;
    const event = foldPool(state.status.pool, message, ctx);
    switch (event.type) {
      case "changed":
        return;
      case "loaded":
        if (state.loaded) return;
        state.loaded = true;
        controller.tell({ type: "processorLoaded", stage: key, incarnation: retained.incarnation });
        return;
      case "completed":
        onCompleted(state, event, ctx);
        return;
      case "failed":
        drop(state, event.work.entry, "serviceFailed", event.text, ctx);
        return;
      case "doubted":
        event.work.entry.attempt += 1;
        reenterQueue(state.queue, event.work.entry);
        return;
      case "workerLost":
        forgetState(state.queue);
        if (event.work !== null) retry(state, event.work.entry, event.text, ctx);
        return;
      case "hopeless":
        onHopeless(state, event.error);
        return;
      default:
        assertNever(event);
    }
  }

  function onCompleted(
    state: State,
    { work, result, model }: Extract<PoolEvent<Work>, { type: "completed" }>,
    ctx: Context<Message>,
  ): void {
    const { entry } = work;
    const answer: Completed = {
      type: "stageCompleted",
      task: entry.task,
      result: resultOf(work, result, stage),
      hop: hopOf(work, { stage, model, node, endedAtMs: ctx.monotonic(), epochMs: ctx.epochMs() }),
    };
    const departure = { entry, answer };
    depart(state, state.departures?.finish(entry, departure) ?? [departure], ctx);
  }

  function depart(state: State, departures: readonly Departure[], ctx: Context<Message>): void {
    for (const { entry, answer } of departures) {
      settleTask(state.queue, entry, "completed", ctx.monotonic());
      controller.tell(answer);
    }
  }

  function retry(state: State, entry: Entry, text: string, ctx: Context<Message>): void {
    entry.crashes += 1;
    if (entry.crashes >= limits.poisonAttempts) {
      drop(state, entry, "poison", `It ended ${entry.crashes} workers, the last one as ${text}`, ctx);
      return;
    }
    entry.attempt += 1;
    reenterQueue(state.queue, entry);
  }

  function onHopeless(state: State, error: SluiceError): void {
    state.status = { status: "failed", error };
    clearQueue(state.queue);
    state.departures?.clear();
    reportFailure(error);
  }

  /** Gives tasks to idle workers for as long as there are both, and sets the alarm for the next gap. */
  function dispatch(state: State, ctx: Context<Message>): void {
    if (state.status.status === "failed") return;
    const { pool } = state.status;
    const { departures } = state;
    const mayBegin = (entry: Entry): boolean => departures?.mayBegin(entry) ?? true;
    giveUpGaps(state.queue, ctx.monotonic());
    while (waitingCount(state.queue) > 0) {
      const worker = idleWorker(pool, ctx);
      const entry = worker === undefined ? undefined : takeNext(state.queue, ctx.monotonic(), mayBegin);
      if (worker === undefined || entry === undefined) break;
      // Another one, as its model is another: it knows nothing of what this one has seen.
      if (state.lastWorker !== null && state.lastWorker !== worker.id) forgetState(state.queue);
      state.lastWorker = worker.id;
      const { deadlineAtMs } = entry.task;
      if (deadlineAtMs !== null && deadlineAtMs <= ctx.now()) {
        drop(state, entry, "deadline", "Its deadline passed before its turn came", ctx);
      } else {
        departures?.begin(entry);
        const work = { entry, startedAtMs: ctx.monotonic(), continuity: continuityIn(state.queue, entry) };
        runOn(pool, worker, { work, job: jobOf(work, stage), owner: ownerOf(entry.task) }, ctx);
      }
    }
    rest(pool, ctx);
    const gapAtMs = nextGapAtMs(state.queue);
    if (gapAtMs !== null)
      ctx.after(GAP_TIMER, Math.max(0, gapAtMs - ctx.monotonic()), { type: "gapTimedOut" });
  }

  function drop(state: State, entry: Entry, reason: DropReason, detail: string, ctx: Context<Message>): void {
    settleTask(state.queue, entry, "dropped", ctx.monotonic());
    if (state.status.status === "running") endDoubt(state.status.pool, (work) => work.entry === entry);
    answerDropped(entry.task, reason, detail);
    depart(state, state.departures?.abandon(entry) ?? [], ctx);
  }

  function answerDropped(task: Task, reason: DropReason, detail: string): void {
    controller.tell({ type: "stageDropped", task, ...variantOf(stage), reason, detail });
  }

  function reportFailure(error: SluiceError): void {
    controller.tell({ type: "processorFailed", stage: key, error });
  }

  function newStatus(): Status {
    if (service === null) {
      const text = `Cannot run stage "${stage.id}" on "${node}" as the service "${stage.service}" is not known there`;
      return { status: "failed", error: new SluiceError(text, { code: "service-unknown" }) };
    }
    const { model } = stage;
    const pool = createWorkerPool<Work>({
      spec: specOf(stage, service, modelDir),
      service: service.name,
      replicas,
      limits,
      startWorker,
      hasMemory,
      numbers: retained.workerNumbers,
      isSame: (a, b) => a.entry === b.entry,
      tellModel(use) {
        if (model === undefined) return;
        const { incarnation } = retained;
        controller.tell({ type: "modelChanged", incarnation, model: { stage: key, file: model, ...use } });
      },
    });
    return { status: "running", pool };
  }
}

const GAP_TIMER = "gap";

/** Of one source: so that its other workers go on while one takes longer than they. */
const BEGUN_PER_WORKER = 2;
