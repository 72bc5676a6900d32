/**
 * The delivery of a source's tasks: a task leaves for the controller, and leaves again for as long as it may have been lost on
 * the way. It survives a restart of the generator.
 *
 * X1 A task is kept from its making until it is stored, or its drop is. Its identity never changes.
 * X2 A task leaves only once the journal has it; without a journal at once.
 * X3 A task that may have been on a node that is gone is delivered again at once, and any other after a time without an
 *    answer that grows with each delivery. Redeliveries are bounded by a rate.
 * X4 A task that needs a node that is gone (its join waits there, a stateful stage runs there, or it is the cloud) is
 *    held until the node is back or a plan names another one.
 * X5 A task that is not settled after so many deliveries is dropped as `expired`, and the drop is delivered until it is
 *    settled.
 */

import type { Context } from "../../../runtime/behaviour.js";
import { assertNever } from "../../../runtime/errors.js";
import type { GivenUp, Journal, JournalEntry, RecoveredState } from "../../../storage/journal/journal.js";
import type { SourceId, TaskId } from "../../../task/identity.js";
import type { Payload } from "../../../task/payload.js";
import type { Pipeline } from "../../../task/pipeline.js";
import type { SourceSpan } from "../../../task/position.js";
import type { Outcome } from "../../../task/task.js";
import type { GeneratorMessage } from "../../protocol/generator.js";
import { JournalWriter, type JournalPrivate } from "./journal-writer.js";
import type { Frameless } from "../replay.js";
import type { TaskNodes } from "./placement.js";
import { UnsettledTasks, type Offer, type UnsettledTasksOptions } from "./unsettled-tasks.js";

/** Messages of the generator that are for its delivery alone. */
export type DeliveryMessage =
  Extract<GeneratorMessage, { readonly type: "nodeGone" | "nodeBack" | "undelivered" }> | DeliveryPrivate;

/** Events of timers and the journal. */
export type DeliveryPrivate = { readonly type: "redeliveryDue" } | JournalPrivate;

type Ctx = Context<DeliveryMessage>;

export interface DeliveryOptions extends Omit<UnsettledTasksOptions, "journalled"> {
  readonly sourceId: SourceId;
  readonly pipeline: Pipeline;
  /** Null keeps tasks in memory alone. */
  readonly journal: Journal | null;
  /** What earlier incarnations left; null where there is no journal. */
  readonly recovered: RecoveredState | null;
}

export class Delivery {
  readonly #pipeline: Pipeline;
  readonly #tasks: UnsettledTasks;
  readonly #writer: JournalWriter | null;
  /** Entries of earlier incarnations, until the first start. */
  #recovered: readonly JournalEntry[];
  /** When the timer of the next redelivery fires; null where none runs. */
  #armedForMs: number | null = null;

  constructor(options: DeliveryOptions) {
    const { sourceId, pipeline, journal, recovered } = options;
    this.#pipeline = pipeline;
    this.#tasks = new UnsettledTasks({ ...options, journalled: journal !== null });
    this.#writer = journal === null ? null : new JournalWriter(sourceId, journal, this.#tasks);
    this.#recovered = recovered?.entries ?? [];
  }

  /** Deliveries after the first one of each task. */
  get redelivered(): number {
    return this.#tasks.redelivered;
  }

  /** Tasks of earlier incarnations whose frames are to be read again, in order. */
  get frameless(): readonly Frameless[] {
    return this.#tasks.frameless;
  }

  /** At each start of the generator; timers and writes under way ended with its state. */
  start(ctx: Ctx): void {
    this.#armedForMs = null;
    this.#writer?.start();
    const recovered = this.#recovered;
    this.#recovered = [];
    for (const entry of recovered) this.#tasks.recover(entry, this.#pipeline, ctx.self.address);
    this.#tasks.start(ctx.monotonic());
    this.flush(ctx);
  }

  receive(message: DeliveryMessage, ctx: Ctx): void {
    switch (message.type) {
      case "nodeGone":
        this.#tasks.nodeGone(message.node, message.left, ctx.monotonic());
        this.#armedForMs = null;
        break;
      case "nodeBack":
        this.#tasks.nodeBack(message.node, ctx.monotonic());
        break;
      case "undelivered":
        this.#tasks.undelivered(message.id, ctx.monotonic());
        this.#armedForMs = null;
        break;
      case "redeliveryDue":
        this.#armedForMs = null;
        this.#tasks.deliverDue(ctx.monotonic());
        break;
      case "journalDue":
      case "journalWritten":
        this.#writer?.receive(message, ctx);
        break;
      default:
        assertNever(message);
    }
  }

  /** A newer plan. Tasks that are held go to its nodes, before any task that is made under it. */
  plan(nodes: TaskNodes, nowMs: number): void {
    this.#tasks.plan(nodes, nowMs);
  }

  /**
   * Makes a task and sends it. A live source drops one where the window is full.
   *
   * @param span which part of the source it is of; null of a live one
   * @returns false where no task was made, as too many gaps wait to be stored
   */
  offer(task: Offer, span: SourceSpan | null, nowMs: number): boolean {
    return this.#tasks.offer(task, span, nowMs);
  }

  /** Makes a task without frames of what a live source did not give, and has its drop stored. */
  offerGap(task: Offer, drop: GivenUp, nowMs: number): void {
    this.#tasks.offerGap(task, drop, nowMs);
  }

  /** The frames of a task have been read again; null where they cannot be. */
  provide(id: TaskId, payload: Payload | null, nowMs: number): void {
    this.#tasks.provide(id, payload, nowMs);
  }

  /** @returns false where the task is settled already, or was never made */
  settle(id: TaskId, outcome: Outcome, nowMs: number): boolean {
    if (!this.#tasks.settle(id, outcome, nowMs)) return false;
    this.#writer?.settle(id);
    return true;
  }

  /** After each message of the generator: writes what is new together, and sets one timer for the first task that is due. */
  flush(ctx: Ctx): void {
    this.#writer?.flush(ctx);
    const sentDueAtMs = this.#tasks.takeSentDueAtMs();
    if (this.#armedForMs !== null && this.#armedForMs <= sentDueAtMs) return;
    const dueAtMs = this.#tasks.dueAtMs(ctx.monotonic());
    if (dueAtMs === null) return;
    this.#armedForMs = dueAtMs;
    ctx.after("redelivery", dueAtMs - ctx.monotonic(), { type: "redeliveryDue" });
  }

  /** Every task is settled, and the source has ended; or `goesOn` with its node. */
  close(goesOn: boolean, ctx: Ctx): void {
    this.#writer?.close(goesOn, ctx);
  }
}
