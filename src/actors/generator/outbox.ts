/**
 * Where the tasks of a source stay until they are settled: they leave it for the controller, and leave it again for as long
 * as they may have been lost on the way.
 *
 * X1 A task is in the outbox from its making until it is stored, or its drop is. Its identity never changes.
 * X2 A task leaves only once the journal has it; without a journal at once.
 * X3 A task that may have been on a node that is gone is delivered again at once, and any other after a time without an
 *    answer that grows with each delivery. Redeliveries are bounded by a rate.
 * X4 A task that needs a node that is gone (its join waits there, a stateful stage runs there, or it is the cloud) is
 *    held until the node is back or a plan names another one.
 * X5 A task that is not settled after so many deliveries is dropped as `expired`, and that is told as often as it takes.
 */

import type { ActorRef } from "../../runtime/actor-ref.js";
import { RateLimit } from "../../runtime/rate-limit.js";
import type { ControllerMessage } from "../protocol/controller.js";
import type { NodeName, StageId, TaskId } from "../../task/identity.js";
import type { Cursor, Outcome, Pin, Task } from "../../task/task.js";
import { createTask, type NewTask } from "../../task/walk.js";
import type { GivenUp, JournalEntry } from "../../storage/journal/journal.js";
import { numberKey, type TaskNumber, type TaskWindow } from "./window.js";

/** What a live source does with a task that finds the window full; `dropOldest` keeps the newest one waiting. */
export type LivePolicy = "dropNewest" | "dropOldest";

/** The nodes that are fixed in a task: where its joins wait, and where its stateful stages run. */
export interface Nodes {
  readonly joinNodes: ReadonlyMap<Cursor, NodeName>;
  readonly statefulNodes: ReadonlyMap<StageId, NodeName>;
  /** Every node that may have a part in the tasks. */
  readonly placedOn: readonly NodeName[];
}

export interface DeliveryLimits {
  /** Time without an answer until a task is delivered again, in ms; at least four times what tasks take. Default 30,000. */
  readonly timeoutMs: number;
  /** It doubles with each delivery up to this. Default 240,000. */
  readonly timeoutMsMax: number;
  /** Deliveries of a task in one life of its source, before it is dropped as `expired`. Default 16. */
  readonly deliveriesMax: number;
  /** For a node that left to have settled what it had, in ms. Default 2,000. */
  readonly leftGraceMs: number;
  /** Redeliveries of a source: a second, and at once. Default 100 and 256. */
  readonly rate: { readonly perSecond: number; readonly burst: number };
}

export const DEFAULT_DELIVERY: DeliveryLimits = {
  timeoutMs: 30_000,
  timeoutMsMax: 240_000,
  deliveriesMax: 16,
  leftGraceMs: 2_000,
  rate: { perSecond: 100, burst: 256 },
};

/** What a task is made of; the outbox gives it its sequence and its pins. */
export interface Offer extends Omit<NewTask, "id" | "pins" | "delivery" | "joinNodes"> {
  readonly id: Omit<TaskId, "sequence">;
  readonly nodes: Nodes;
}

interface Unsettled {
  task: NewTask & { readonly pins: ReadonlyMap<StageId, Pin> };
  readonly bytes: number;
  drop: GivenUp | null;
  /** `frameless`: its frames are to be read again. `waiting`: for room. `held`: for a node. */
  status: "frameless" | "waiting" | "writing" | "held" | "sent";
  /** Its number before the first delivery of this life. */
  readonly deliveredBefore: number;
  /** In this life. */
  deliveries: number;
  sentAtMs: number;
  /** When it is delivered again. */
  dueAtMs: number;
  /** Where it may be. */
  readonly placedOn: Set<NodeName>;
  /** Where its source was when it was made. */
  readonly positionUs: number | null;
}

/** Tasks that wait or whose gap is not stored yet, beyond which a live source makes none until the store answers. */
const ASIDE_MAX = 10_000;
/** Weight of the newest task in the mean time that tasks take. */
const SETTLE_WEIGHT = 0.125;

export interface OutboxOptions {
  readonly controller: ActorRef<ControllerMessage>;
  readonly window: TaskWindow;
  readonly policy: LivePolicy;
  readonly limits: DeliveryLimits;
  /** Where tasks are stored: each one needs it. */
  readonly cloud: NodeName;
  /** Whether entries are to be written before their tasks leave. */
  readonly journalled: boolean;
}

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #rate: RateLimit;
  /** By incarnation and sequence, in order. */
  readonly #unsettled = new Map<string, Unsettled>();
  /** Tasks pinned so far, by stage and node. */
  readonly #pinned = new Map<string, number>();
  readonly #gone = new Set<NodeName>();
  #nodes: Nodes;
  #unwritten: Unsettled[] = [];
  #waiting: Unsettled | null = null;
  #settleMs = 0;
  #redelivered = 0;

  constructor(options: OutboxOptions, nodes: Nodes, nowMs: number) {
    this.#options = options;
    this.#nodes = nodes;
    this.#rate = new RateLimit(options.limits.rate, nowMs);
  }

  /** Deliveries after the first one. */
  get redelivered(): number {
    return this.#redelivered;
  }

  /**
   * Makes a task and sends it; where the source is `live` and the window full, it drops one.
   *
   * @returns false where no task was made, as too many gaps wait to be stored
   */
  offer({ id, nodes, ...given }: Offer, positionUs: number | null, live: boolean, nowMs: number): boolean {
    const { window, policy } = this.#options;
    if (live && window.aside >= ASIDE_MAX) return false;
    const full = live && window.full;
    const sequence = window.create();
    const made = this.#enter(
      { ...given, id: { ...id, sequence }, joinNodes: nodes.joinNodes, pins: this.#pin(nodes.statefulNodes) },
      { positionUs, placedOn: nodes.placedOn },
    );
    if (!full) {
      this.#admit(made, nowMs);
    } else if (policy === "dropNewest") {
      this.#giveUp(made, { reason: "windowFull", detail: `live source, ${policy}` }, nowMs);
    } else {
      const before = this.#waiting;
      if (before !== null) {
        this.#giveUp(before, { reason: "windowFull", detail: `live source, ${policy}` }, nowMs);
      }
      made.status = "waiting";
      this.#waiting = made;
    }
    return true;
  }

  /**
   * Takes over a task of a life before this one, under the same identity. It goes out again once the journal has it anew,
   * and after `provide` where it has no frames.
   */
  inherit({ task, drop, positionUs }: JournalEntry, pipeline: NewTask["pipeline"], origin: string): void {
    const { window, limits } = this.#options;
    window.inherit(task.id);
    const { id, configuration, payload, sourceAtMs, createdAtMs, joinNodes, pins, traceparent } = task;
    const { encoding, width, height } = configuration;
    const made = this.#enter(
      {
        id,
        pipeline,
        configuration,
        payload: payload ?? { encoding, width, height, frames: framesWithoutData(task.framePtsUs) },
        sourceAtMs,
        createdAtMs,
        origin,
        traceparent,
        joinNodes,
        pins,
      },
      { positionUs, placedOn: [], drop, deliveredBefore: task.delivery - 1 + limits.deliveriesMax },
    );
    if (drop === null) window.takeRoom(id, task.payloadBytes);
    if (drop === null && payload === null) made.status = "frameless";
    else this.#write(made);
  }

  /** Tasks whose frames are to be read again, in order. */
  get frameless(): readonly NewTask[] {
    return [...this.#unsettled.values()].flatMap(({ status, task }) =>
      status === "frameless" ? [task] : [],
    );
  }

  /** The frames of a task have been read again; null where they cannot be. */
  provide(id: TaskNumber, payload: NewTask["payload"] | null, nowMs: number): void {
    const made = this.#unsettled.get(numberKey(id));
    if (made === undefined || made.status !== "frameless") return;
    if (payload === null) {
      this.#giveUp(made, { reason: "sourceLost", detail: "its frames cannot be read again" }, nowMs);
      return;
    }
    made.task = { ...made.task, payload };
    this.#write(made);
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
      const made = this.#unsettled.get(numberKey(task.id));
      if (made?.status !== "writing") continue;
      if (ok) this.#send(made, nowMs);
      else this.#unwritten.push(made);
    }
  }

  /** What was being written when the generator started anew is written again. */
  rewrite(): void {
    this.#unwritten = [...this.#unsettled.values()].filter(({ status }) => status === "writing");
  }

  /** @returns false where the task is settled already, or was never made */
  settle(id: TaskNumber, outcome: Outcome, nowMs: number): boolean {
    if (!this.#options.window.settle(id, outcome)) return false;
    const key = numberKey(id);
    const made = this.#unsettled.get(key);
    this.#unsettled.delete(key);
    if (made?.deliveries === 1 && outcome.status === "stored") {
      this.#settleMs += (nowMs - made.sentAtMs - this.#settleMs) * SETTLE_WEIGHT;
    }
    const waiting = this.#waiting;
    if (waiting !== null && !this.#options.window.full) {
      this.#waiting = null;
      this.#admit(waiting, nowMs);
    }
    return true;
  }

  /** A newer plan: what is held goes where that says, before anything that is made under it. */
  plan(nodes: Nodes, nowMs: number): void {
    this.#nodes = nodes;
    for (const made of this.#unsettled.values()) {
      for (const node of nodes.placedOn) made.placedOn.add(node);
    }
    this.#release(nowMs);
  }

  /** @param left whether it left by itself, and has had the time to settle what it had */
  nodeGone(node: NodeName, left: boolean, nowMs: number): void {
    this.#gone.add(node);
    const dueAtMs = nowMs + (left ? this.#options.limits.leftGraceMs : 0);
    for (const made of this.#unsettled.values()) {
      if (made.status !== "sent" || !this.#mayBeOn(made, node)) continue;
      made.dueAtMs = Math.min(made.dueAtMs, dueAtMs);
    }
  }

  nodeBack(node: NodeName, nowMs: number): void {
    if (this.#gone.delete(node)) this.#release(nowMs);
  }

  /** A message with the task did not reach anybody: it is delivered again soon. */
  undelivered(id: TaskNumber, nowMs: number): void {
    const made = this.#unsettled.get(numberKey(id));
    if (made?.status !== "sent") return;
    const waitMs = Math.min(250 * 2 ** made.deliveries, this.#options.limits.timeoutMs);
    made.dueAtMs = Math.min(made.dueAtMs, nowMs + waitMs);
  }

  /** Delivers again what is due, as far as the rate allows. */
  deliverDue(nowMs: number): void {
    for (const made of this.#unsettled.values()) {
      if (made.status !== "sent" || made.dueAtMs > nowMs) continue;
      if (!this.#rate.take(nowMs)) return;
      if (made.deliveries >= this.#options.limits.deliveriesMax && made.drop === null) {
        this.#giveUp(made, { reason: "expired", detail: `delivered ${made.deliveries} times` }, nowMs);
      } else {
        this.#send(made, nowMs);
      }
    }
  }

  /** When `deliverDue` has something to do; null where nothing is under way. */
  dueAtMs(nowMs: number): number | null {
    let first: number | null = null;
    for (const { status, dueAtMs } of this.#unsettled.values()) {
      if (status === "sent" && (first === null || dueAtMs < first)) first = dueAtMs;
    }
    // Due and still here: the rate is used up.
    return first !== null && first <= nowMs ? nowMs + 1_000 / this.#options.limits.rate.perSecond : first;
  }

  #enter(
    task: Unsettled["task"],
    given: {
      readonly positionUs: number | null;
      readonly placedOn: readonly NodeName[];
      readonly drop?: GivenUp | null;
      readonly deliveredBefore?: number;
    },
  ): Unsettled {
    const made: Unsettled = {
      task,
      bytes: task.payload.frames.reduce((bytes, { data }) => bytes + data.length, 0),
      drop: given.drop ?? null,
      status: "writing",
      deliveredBefore: given.deliveredBefore ?? 0,
      deliveries: 0,
      sentAtMs: 0,
      dueAtMs: 0,
      placedOn: new Set(given.placedOn),
      positionUs: given.positionUs,
    };
    this.#unsettled.set(numberKey(task.id), made);
    return made;
  }

  #admit(made: Unsettled, nowMs: number): void {
    this.#options.window.takeRoom(made.task.id, made.bytes);
    this.#leave(made, nowMs);
  }

  #giveUp(made: Unsettled, drop: GivenUp, nowMs: number): void {
    made.drop = drop;
    const { payload } = made.task;
    const times = payload.frames.map(({ ptsUs }) => ptsUs);
    made.task = { ...made.task, payload: { ...payload, frames: framesWithoutData(times) } };
    this.#leave(made, nowMs);
  }

  /** By way of the journal, where there is one. */
  #leave(made: Unsettled, nowMs: number): void {
    if (this.#options.journalled) this.#write(made);
    else this.#send(made, nowMs);
  }

  #write(made: Unsettled): void {
    made.status = "writing";
    this.#unwritten.push(made);
  }

  #send(made: Unsettled, nowMs: number): void {
    if (this.#gone.size > 0) {
      if (made.drop === null && !this.#gone.has(this.#options.cloud)) this.#placeAnew(made);
      if (this.#needsGone(made)) {
        made.status = "held";
        return;
      }
    }
    const { controller, limits } = this.#options;
    made.status = "sent";
    made.deliveries += 1;
    if (made.deliveries > 1 || made.deliveredBefore > 0) this.#redelivered += 1;
    made.sentAtMs = nowMs;
    const patienceMs = Math.max(limits.timeoutMs, 4 * this.#settleMs) * 2 ** (made.deliveries - 1);
    made.dueAtMs = nowMs + Math.min(patienceMs, Math.max(limits.timeoutMsMax, 4 * this.#settleMs));
    const branches = branchesOf(made);
    if (made.drop === null) {
      for (const task of branches) controller.tell({ type: "submit", task });
      return;
    }
    // Once a task, whatever the number of its branches.
    const [task] = branches;
    if (task === undefined) return;
    controller.tell({ type: "stageDropped", task: { ...task, payload: null }, ...made.drop });
  }

  /** Joins and stateful stages on nodes that are gone go where the plan says, as far as that names others. */
  #placeAnew(made: Unsettled): void {
    const gone = (node: NodeName): boolean => this.#gone.has(node);
    const { joinNodes, statefulNodes } = this.#nodes;
    if ([...made.task.joinNodes.values()].some(gone)) {
      const moved = [...made.task.joinNodes].map(
        ([cursor, node]) => [cursor, gone(node) ? (joinNodes.get(cursor) ?? node) : node] as const,
      );
      made.task = { ...made.task, joinNodes: new Map(moved) };
    }
    const lost = [...made.task.pins].filter(([, { node }]) => gone(node));
    const placeable = lost.flatMap(([stage, { node }]) => {
      const other = statefulNodes.get(stage) ?? node;
      return gone(other) ? [] : [[stage, other] as const];
    });
    if (placeable.length === 0) return;
    made.task = { ...made.task, pins: new Map([...made.task.pins, ...this.#pin(new Map(placeable))]) };
  }

  #needsGone({ drop, task }: Unsettled): boolean {
    const gone = (node: NodeName): boolean => this.#gone.has(node);
    if (gone(this.#options.cloud)) return true;
    if (drop !== null) return false;
    return [...task.joinNodes.values()].some(gone) || [...task.pins.values()].some(({ node }) => gone(node));
  }

  #release(nowMs: number): void {
    for (const made of this.#unsettled.values()) if (made.status === "held") this.#send(made, nowMs);
  }

  #mayBeOn(made: Unsettled, node: NodeName): boolean {
    return node === this.#options.cloud || made.placedOn.has(node);
  }

  #pin(nodes: ReadonlyMap<StageId, NodeName>): ReadonlyMap<StageId, Pin> {
    const pins = new Map<StageId, Pin>();
    for (const [stage, node] of nodes) {
      const place = `${stage} ${node}`;
      const ordinal = this.#pinned.get(place) ?? 0;
      this.#pinned.set(place, ordinal + 1);
      pins.set(stage, { node, ordinal });
    }
    return pins;
  }
}

function branchesOf({ task, deliveredBefore, deliveries }: Unsettled): readonly Task[] {
  return createTask({ ...task, delivery: deliveredBefore + deliveries });
}

function entryOf(made: Unsettled): JournalEntry {
  const [task] = createTask({ ...made.task, delivery: made.deliveredBefore + 1 });
  if (task === undefined) throw new TypeError("A pipeline without a root");
  const payload = made.drop === null && made.positionUs === null ? made.task.payload : null;
  return { task: { ...task, payload }, drop: made.drop, positionUs: made.positionUs };
}

function framesWithoutData(times: readonly number[]): NewTask["payload"]["frames"] {
  const data = new Uint8Array(0);
  return times.map((ptsUs) => ({ ptsUs, data }));
}
