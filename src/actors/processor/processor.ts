/**
 * Processor: runs one stage on one node. A bounded line of tasks in front of a service that lives in worker threads.
 *
 * P1 Each task executed is answered once: `stageCompleted` or `stageDropped`. While a task is here, a second copy of it
 *    changes nothing.
 * P2 The line is bounded: what overflows is dropped with the reason of its policy, and where that is `block` the
 *    controller holds back what would.
 * P3 A stateful service has one worker and is given each source's tasks in the order of their sequence. One that was to
 *    come to this node before is waited for until it comes, is skipped, a timeout passes or the line is full. Where a task
 *    did not follow its predecessor in the same worker, its result says `restarted`.
 * P4 A task whose worker dies is tried again, on at most `poisonAttempts` workers. A task that the service throws at is
 *    not: it would throw again.
 * P5 A processor that starts, also anew, says so, and holds nothing: what was sent to the life before is ignored.
 * P6 A worker is started with the processor, so that its service is loaded when the first task comes; after the stop
 *    there is none.
 */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { Behaviour, Context } from "../../runtime/behaviour.js";
import { assertNever } from "../../runtime/errors.js";
import { SluiceError } from "../../task/errors.js";
import type { ProcessorAnswer, ProcessorMessage } from "../protocol/processor.js";
import type { StageKey, NodeName } from "../../task/identity.js";
import type { Stage } from "../../task/pipeline.js";
import type { ServiceDeclaration, StageResult } from "../../task/service.js";
import type { DropReason, Task } from "../../task/task.js";
import type { ProcessorLimits } from "./processor-limits.js";
import type { Entry } from "./task-queue.js";
import {
  clearLine,
  continuityIn,
  createWaitingLine,
  forgetState,
  giveUpGaps,
  joinLine,
  nextGapAtMs,
  passOver,
  rejoinLine,
  settleTask,
  takeNext,
  type WaitingLine,
} from "./waiting-line.js";
import {
  createWorkerPool,
  endPool,
  foldPool,
  idleWorker,
  prepareWorker,
  runOn,
  type PoolMessage,
  type WorkerPool,
} from "./worker-pool.js";
import type { Job, StartWorker } from "./worker-port.js";

/** What a processor tells itself, and is told by its supervisor. */
export type ProcessorPrivate = { readonly type: "gapTimedOut" } | PoolMessage;

type Message = ProcessorMessage | ProcessorPrivate;

export interface ProcessorOptions {
  readonly node: NodeName;
  readonly key: StageKey;
  readonly stage: Stage;
  /** Null where this node does not know the service of the stage: then every task is dropped. */
  readonly service: ServiceDeclaration | null;
  readonly modelDir: string | null;
  readonly controller: ActorRef<ProcessorAnswer>;
  readonly limits: ProcessorLimits;
  readonly startWorker: StartWorker;
}

/** A task on a worker. */
interface Work {
  readonly entry: Entry;
  readonly startedAtMs: number;
  readonly continuity: "continued" | "restarted";
}

type Status =
  | { readonly status: "running"; readonly pool: WorkerPool<Work> }
  /** Nothing can run here, for good. */
  | { readonly status: "failed"; readonly error: SluiceError };

interface State {
  line: WaitingLine;
  status: Status;
}

/** The behaviour of one processor. */
export function processor(options: ProcessorOptions): Behaviour<State, Message> {
  const { controller, key, limits, modelDir, node, service, stage, startWorker } = options;
  const readsFrames = stage.inputs.includes("frame");
  // Goes on when the actor starts anew, so that an event of a worker before finds none of its number.
  const workerNumbers = { last: 0 };
  let life = 0;

  return {
    start(ctx) {
      life += 1;
      controller.tell({ type: "processorStarted", stage: key, processor: ctx.self, life });
      const state: State = { line: createWaitingLine(stage, limits), status: newStatus() };
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
          passOver(state.line, { ...message.id, ordinal: message.ordinal }, ctx.now());
          break;
        case "gapTimedOut":
          break;
        case "workerEvent":
        case "workerTimedOut":
        case "restartWorker":
          onPoolMessage(state, message, ctx);
          break;
        default:
          assertNever(message);
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
    { task, epoch, attempt, enqueuedAtMs, life: meant }: Extract<Message, { type: "execute" }>,
    ctx: Context<Message>,
  ): void {
    if (meant !== life) return;
    const ordinal = task.pins.get(stage.id)?.ordinal ?? task.id.sequence;
    const entry: Entry = { task, ordinal, epoch, attempt, enqueuedAtMs, crashes: 0 };
    if (state.status.status === "failed") {
      answerDropped(task, "serviceFailed", state.status.error.message);
      return;
    }
    if (readsFrames && task.payload === null) {
      drop(state, entry, "serviceFailed", "It came without its frames", ctx);
      return;
    }
    for (const { entry: dropped, reason, detail } of joinLine(state.line, entry, ctx.now())) {
      drop(state, dropped, reason, detail, ctx);
    }
  }

  function onPoolMessage(state: State, message: PoolMessage, ctx: Context<Message>): void {
    if (state.status.status === "failed") return;
    const event = foldPool(state.status.pool, message, ctx);
    switch (event.type) {
      case "changed":
        return;
      case "completed":
        onCompleted(state, event.work, event.result, ctx);
        return;
      case "failed":
        drop(state, event.work.entry, "serviceFailed", event.text, ctx);
        return;
      case "workerLost":
        forgetState(state.line);
        if (event.work !== null) retry(state, event.work.entry, event.text, ctx);
        return;
      case "hopeless":
        onHopeless(state, event.error, event.works);
        return;
      default:
        assertNever(event);
    }
  }

  function onCompleted(
    state: State,
    { entry, startedAtMs, continuity }: Work,
    result: StageResult,
    ctx: Context<Message>,
  ): void {
    const { task, epoch, attempt, enqueuedAtMs } = entry;
    const endedAtMs = ctx.now();
    settleTask(state.line, entry, "completed", endedAtMs);
    controller.tell({
      type: "stageCompleted",
      task,
      // A service may know of a break that the processor does not: it forgets idle sources, too.
      result: stage.stateful ? { ...result, continuity: brokenBy(continuity, result.continuity) } : result,
      hop: {
        stage: stage.id,
        node,
        epoch,
        attempt,
        delivery: task.delivery,
        enqueuedAtMs,
        startedAtMs,
        endedAtMs,
      },
    });
  }

  function retry(state: State, entry: Entry, text: string, ctx: Context<Message>): void {
    entry.crashes += 1;
    if (entry.crashes >= limits.poisonAttempts) {
      drop(state, entry, "poison", `It ended ${entry.crashes} workers, the last one as ${text}`, ctx);
      return;
    }
    entry.attempt += 1;
    rejoinLine(state.line, entry);
  }

  function onHopeless(state: State, error: SluiceError, works: readonly Work[]): void {
    state.status = { status: "failed", error };
    reportFailure(error);
    for (const { task } of [...works.map(({ entry }) => entry), ...clearLine(state.line)]) {
      answerDropped(task, "serviceFailed", error.message);
    }
  }

  /** Gives tasks to idle workers for as long as there are both, and sets the alarm for the next gap. */
  function dispatch(state: State, ctx: Context<Message>): void {
    if (state.status.status === "failed") return;
    const { pool } = state.status;
    giveUpGaps(state.line, ctx.now());
    while (state.line.queue.size > 0) {
      const worker = idleWorker(pool, ctx);
      const entry = worker === undefined ? undefined : takeNext(state.line, ctx.now());
      if (worker === undefined || entry === undefined) break;
      const { deadlineAtMs } = entry.task;
      const startedAtMs = ctx.now();
      if (deadlineAtMs !== null && deadlineAtMs <= startedAtMs) {
        drop(state, entry, "deadline", "Its deadline passed before its turn came", ctx);
      } else {
        const work = { entry, startedAtMs, continuity: continuityIn(state.line, entry) };
        runOn(pool, worker, { work, job: jobOf(work) }, ctx);
      }
    }
    const gapAtMs = nextGapAtMs(state.line);
    if (gapAtMs !== null) ctx.after(GAP_TIMER, Math.max(0, gapAtMs - ctx.now()), { type: "gapTimedOut" });
  }

  function jobOf({ entry: { task }, continuity }: Work): Job {
    const previous = new Map<string, StageResult>();
    for (const predecessor of stage.predecessors) {
      const result = task.results.get(predecessor);
      if (result !== undefined) previous.set(predecessor, result);
    }
    const { id, frameCount, framePtsUs } = task;
    return {
      sourceId: id.sourceId,
      incarnation: id.incarnation,
      sequence: id.sequence,
      frameCount,
      framePtsUs,
      previous,
      continuity,
      payload: readsFrames ? task.payload : null,
    };
  }

  function drop(state: State, entry: Entry, reason: DropReason, detail: string, ctx: Context<Message>): void {
    settleTask(state.line, entry, "dropped", ctx.now());
    answerDropped(entry.task, reason, detail);
  }

  function answerDropped(task: Task, reason: DropReason, detail: string): void {
    controller.tell({ type: "stageDropped", task, reason, detail });
  }

  function reportFailure(error: SluiceError): void {
    controller.tell({ type: "processorFailed", stage: key, error });
  }

  function newStatus(): Status {
    if (service === null) {
      const text = `Cannot run stage "${stage.id}" on "${node}" as the service "${stage.service}" is not known there`;
      return { status: "failed", error: new SluiceError(text, { code: "service-unknown" }) };
    }
    const { parameters, output } = stage;
    const spec = { name: stage.id, module: service.module, parameters, modelDir, output };
    const replicas = stage.stateful ? 1 : limits.replicas;
    const pool = createWorkerPool<Work>({
      spec,
      service: service.name,
      replicas,
      limits,
      startWorker,
      numbers: workerNumbers,
    });
    return { status: "running", pool };
  }
}

const GAP_TIMER = "gap";

function brokenBy(
  given: "continued" | "restarted",
  returned: StageResult["continuity"],
): "continued" | "restarted" {
  return given === "restarted" || returned === "restarted" ? "restarted" : "continued";
}
