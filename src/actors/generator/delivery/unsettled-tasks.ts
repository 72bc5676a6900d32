/** The tasks of a source that are not settled: each leaves for the controller, and leaves again for as long as it may be lost. */

import type { LivePolicy } from "../../../task/requests.js";
import type { ActorRef } from "../../../runtime/actor-ref.js";
import type { GivenUp, JournalEntry } from "../../../storage/journal/journal.js";
import type { NodeName, TaskId } from "../../../task/identity.js";
import { TASK_LIMITS } from "../../../task/limits.js";
import type { Payload } from "../../../task/payload.js";
import type { Pipeline } from "../../../task/pipeline.js";
import type { SourceSpan } from "../../../task/position.js";
import type { Outcome } from "../../../task/task.js";
import type { Vouch } from "../../../task/voucher.js";
import type { NewTask } from "../../../task/walk.js";
import type { ControllerMessage } from "../../protocol/controller.js";
import type { Frameless } from "../replay.js";
import { Placement, type TaskNodes } from "./placement.js";
import { Redelivery, type DeliveryLimits } from "./redelivery.js";
import {
  branchesOf,
  createUnsettled,
  entryOf,
  taskOf,
  withoutPixels,
  type Unsettled,
  type UnsettledOptions,
} from "./unsettled.js";
import { numberKey, type TaskNumber, type TaskWindow } from "./window.js";

/** What a task is made of; its sequence and its pins are given to it here. */
export interface Offer extends Omit<NewTask, "id" | "pins" | "delivery" | "joinNodes"> {
  readonly id: Omit<TaskId, "sequence">;
  readonly nodes: TaskNodes;
}

export interface UnsettledTasksOptions {
  readonly controller: ActorRef<ControllerMessage>;
  /** Vouches for each delivery as it leaves. */
  readonly vouch: Vouch;
  readonly window: TaskWindow;
  readonly policy: LivePolicy;
  readonly limits: DeliveryLimits;
  /** Where tasks are stored: each one needs it. */
  readonly cloud: NodeName;
  /** In force until a plan gives others. */
  readonly nodes: TaskNodes;
  /** Whether entries are to be written before their tasks leave. */
  readonly journalled: boolean;
}

/** Tasks that wait or whose gap is not stored yet; a live source with so many makes none until the store answers. */
const ASIDE_MAX = 10_000;

export class UnsettledTasks {
  readonly #options: UnsettledTasksOptions;
  readonly #placement: Placement;
  readonly #redelivery: Redelivery;
  /** By incarnation and sequence, in order. */
  readonly #unsettled = new Map<string, Unsettled>();
  #unwritten: Unsettled[] = [];
  /** Under `dropOldest`, the one that waits for room. */
  #waiting: Unsettled | null = null;
  #redelivered = 0;

  constructor(options: UnsettledTasksOptions) {
    this.#options = options;
    this.#placement = new Placement(options.cloud, options.nodes);
    this.#redelivery = new Redelivery(options.limits);
  }

  /** Deliveries after the first one. */
  get redelivered(): number {
    return this.#redelivered;
  }

  /** At each start of the generator: what was being written is written again, as the results of those writes are lost. */
  start(nowMs: number): void {
    this.#redelivery.start(nowMs);
    this.#unwritten = [...this.#unsettled.values()].filter(({ status }) => status === "writing");
  }

  /**
   * Makes a task and sends it. A live source drops one where the window is full.
   *
   * @param span which part of the source it is of; null of a live one
   * @returns false where no task was made, as too many gaps wait to be stored
   */
  offer(offered: Offer, span: SourceSpan | null, nowMs: number): boolean {
    const { window, policy } = this.#options;
    const live = span === null;
    if (live && window.aside >= ASIDE_MAX) return false;
    const full = live && window.full;
    const made = this.#create(offered, span);
    if (made.bytes > TASK_LIMITS.payloadBytesMax) {
      const [got, wanted] = [made.bytes, TASK_LIMITS.payloadBytesMax].map((bytes) =>
        Math.ceil(bytes / 1_048_576),
      );
      const detail = `${got} MiB of frames, more than ${wanted}: lower framesPerTask, the resolution or the quality`;
      this.#giveUp(made, { reason: "tooLarge", detail }, nowMs);
      return true;
    }
    if (!full) {
      this.#admit(made, nowMs);
      return true;
    }
    const drop: GivenUp = { reason: "windowFull", detail: `live source, ${policy}` };
    if (policy === "dropNewest") {
      this.#giveUp(made, drop, nowMs);
    } else {
      if (this.#waiting !== null) this.#giveUp(this.#waiting, drop, nowMs);
      made.status = "waiting";
      this.#waiting = made;
    }
    return true;
  }

  /** Makes a task without frames of what a live source did not give, and has its drop stored. */
  offerGap(offered: Offer, drop: GivenUp, nowMs: number): void {
    if (this.#options.window.aside < ASIDE_MAX) this.#giveUp(this.#create(offered, null), drop, nowMs);
  }

  /**
   * Takes over a task of an earlier incarnation, under the same identity. It leaves once the journal has it again, and
   * after `provide` where it has no frames.
   */
  recover(entry: JournalEntry, pipeline: Pipeline, origin: string): void {
    const { window, limits } = this.#options;
    const { task, drop, span } = entry;
    window.recover(task.id);
    const deliveredBefore = task.delivery - 1 + limits.deliveriesMax;
    const recovered = this.#enter({
      task: taskOf(entry, pipeline, origin),
      span,
      placedOn: [],
      drop,
      deliveredBefore,
    });
    if (drop === null) window.takeRoom(task.id, task.payloadBytes);
    if (drop === null && task.payload === null) recovered.status = "frameless";
    else this.#write(recovered);
  }

  /** Tasks whose frames are to be read again, in order. */
  get frameless(): readonly Frameless[] {
    return [...this.#unsettled.values()].flatMap(({ status, task, span }) =>
      status === "frameless" ? [{ task, after: span?.after ?? null }] : [],
    );
  }

  /** The frames of a task have been read again; null where they cannot be. */
  provide(id: TaskNumber, payload: Payload | null, nowMs: number): void {
    const unsettled = this.#unsettled.get(numberKey(id));
    if (unsettled === undefined || unsettled.status !== "frameless") return;
    if (payload === null) {
      this.#giveUp(unsettled, { reason: "sourceLost", detail: "its frames cannot be read again" }, nowMs);
      return;
    }
    unsettled.task = { ...unsettled.task, payload };
    this.#write(unsettled);
  }

  /** What is to be written to the journal, in order. */
  takeUnwritten(): readonly JournalEntry[] {
    const entries = this.#unwritten.filter(({ status }) => status === "writing").map(entryOf);
    this.#unwritten = [];
    return entries;
  }

  /** The journal has these entries, or failed to take them. */
  written(entries: readonly JournalEntry[], ok: boolean, nowMs: number): void {
    for (const { task } of entries) {
      const unsettled = this.#unsettled.get(numberKey(task.id));
      if (unsettled?.status !== "writing") continue;
      if (ok) this.#send(unsettled, nowMs);
      else this.#unwritten.push(unsettled);
    }
  }

  /** @returns false where the task is settled already, or was never made */
  settle(id: TaskNumber, outcome: Outcome, nowMs: number): boolean {
    if (!this.#options.window.settle(id, outcome)) return false;
    const key = numberKey(id);
    const settled = this.#unsettled.get(key);
    this.#unsettled.delete(key);
    if (settled !== undefined && outcome.status === "stored") this.#redelivery.stored(settled, nowMs);
    const waiting = this.#waiting;
    if (waiting !== null && !this.#options.window.full) {
      this.#waiting = null;
      this.#admit(waiting, nowMs);
    }
    return true;
  }

  /** A newer plan. Tasks that are held go to its nodes, before any task that is made under it. */
  plan(nodes: TaskNodes, nowMs: number): void {
    this.#placement.plan(nodes);
    for (const { placedOn } of this.#unsettled.values())
      for (const node of nodes.placedOn) placedOn.add(node);
    this.#release(nowMs);
  }

  /** @param left whether it left by itself, and has had the time to settle what it had */
  nodeGone(node: NodeName, left: boolean, nowMs: number): void {
    this.#placement.nodeGone(node);
    for (const unsettled of this.#unsettled.values()) {
      if (unsettled.status !== "sent" || !this.#placement.mayBeOn(unsettled, node)) continue;
      this.#redelivery.lost(unsettled, left, nowMs);
    }
  }

  nodeBack(node: NodeName, nowMs: number): void {
    if (this.#placement.nodeBack(node)) this.#release(nowMs);
  }

  /** A message with the task did not reach anybody: it is delivered again soon. */
  undelivered(id: TaskNumber, nowMs: number): void {
    const unsettled = this.#unsettled.get(numberKey(id));
    if (unsettled?.status === "sent") this.#redelivery.undelivered(unsettled, nowMs);
  }

  /** Delivers again what is due, as far as the rate allows. */
  deliverDue(nowMs: number): void {
    for (const unsettled of this.#unsettled.values()) {
      if (unsettled.status !== "sent" || unsettled.dueAtMs > nowMs) continue;
      if (!this.#redelivery.take(nowMs)) return;
      if (this.#redelivery.exhausted(unsettled)) {
        const detail = `delivered ${unsettled.deliveries} times`;
        this.#giveUp(unsettled, { reason: "expired", detail }, nowMs);
      } else {
        this.#send(unsettled, nowMs);
      }
    }
  }

  /** When `deliverDue` has something to do; null where nothing is out. */
  dueAtMs(nowMs: number): number | null {
    return this.#redelivery.dueAtMs(this.#unsettled.values(), nowMs);
  }

  /** When the first of the tasks that left since this was asked last is to leave again; Infinity where none left. */
  takeSentDueAtMs(): number {
    return this.#redelivery.takeSentDueAtMs();
  }

  #create({ id, nodes, ...given }: Offer, span: SourceSpan | null): Unsettled {
    const sequence = this.#options.window.create();
    const pins = this.#placement.pin(nodes.statefulNodes);
    const task = { ...given, id: { ...id, sequence }, joinNodes: nodes.joinNodes, pins };
    // The plan that its first frame was captured under may be an older one than the table that it leaves by.
    return this.#enter({ task, span, placedOn: [...nodes.placedOn, ...this.#placement.placedOn] });
  }

  #enter(options: UnsettledOptions): Unsettled {
    const unsettled = createUnsettled(options);
    this.#unsettled.set(numberKey(options.task.id), unsettled);
    return unsettled;
  }

  #admit(unsettled: Unsettled, nowMs: number): void {
    this.#options.window.takeRoom(unsettled.task.id, unsettled.bytes);
    this.#leave(unsettled, nowMs);
  }

  #giveUp(unsettled: Unsettled, drop: GivenUp, nowMs: number): void {
    const { payload } = unsettled.task;
    const frames = withoutPixels(payload.frames.map(({ ptsUs }) => ptsUs));
    unsettled.drop = drop;
    unsettled.task = { ...unsettled.task, payload: { ...payload, frames } };
    this.#leave(unsettled, nowMs);
  }

  /** By way of the journal, where there is one. */
  #leave(unsettled: Unsettled, nowMs: number): void {
    if (this.#options.journalled) this.#write(unsettled);
    else this.#send(unsettled, nowMs);
  }

  #write(unsettled: Unsettled): void {
    unsettled.status = "writing";
    this.#unwritten.push(unsettled);
  }

  #send(unsettled: Unsettled, nowMs: number): void {
    if (!this.#placement.place(unsettled)) {
      unsettled.status = "held";
      return;
    }
    unsettled.status = "sent";
    if (unsettled.deliveries > 0 || unsettled.deliveredBefore > 0) this.#redelivered += 1;
    this.#redelivery.sent(unsettled, nowMs);
    const { controller, vouch } = this.#options;
    const branches = branchesOf(unsettled, vouch);
    if (unsettled.drop === null) {
      for (const task of branches) controller.tell({ type: "submit", task });
      return;
    }
    // Once a task, whatever the number of its branches.
    const [task] = branches;
    if (task === undefined) return;
    controller.tell({ type: "stageDropped", task: { ...task, payload: null }, ...unsettled.drop });
  }

  #release(nowMs: number): void {
    for (const unsettled of this.#unsettled.values()) {
      if (unsettled.status === "held") this.#send(unsettled, nowMs);
    }
  }
}
