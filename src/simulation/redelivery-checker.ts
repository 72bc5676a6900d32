/**
 * When the sources of a simulated node deliver again, at every step.
 *
 * RC1 A task that may have been on a node that is gone leaves again as soon as every node that it needs is there, or the plan
 *     names another one; while its node is cut off, nothing leaves.
 * RC2 Any other task leaves again once its time is up, and no earlier.
 * RC3 No delivery of a task has the number of one of an earlier process, and no two tasks one place at a stateful stage.
 * RC4 A source knows each node that is gone to be gone, and each that is there to be there.
 */

import { DEFAULT_DELIVERY, type DeliveryLimits } from "../actors/generator/delivery/redelivery.js";
import type { DeadLetter } from "../runtime/dead-letters.js";
import type { Decorate } from "../runtime/system-options.js";
import { taskKey, type TaskId } from "../task/identity.js";
import type { Task } from "../task/task.js";
import type { ClusterEvent } from "../transport/cluster/cluster.js";
import {
  createSourceModel,
  GIVEN_UP,
  isPlaceable,
  namedSince,
  patienceMs,
  tellPlan,
  type SourceMessage,
  type SourceModel,
  type Underway,
} from "./delivery-model.js";
import { DeliveryNumbers } from "./delivery-numbers.js";
import { isForged } from "./hostile/claims.js";
import { HUB } from "./host-names.js";
import { lostTaskOf } from "./lost-task.js";
import { NewsChecker } from "./news-checker.js";
import type { SimulatedProcess } from "./simulated-process.js";
import type { StepListener } from "./step-listener.js";
import type { VirtualTime } from "./virtual-time.js";

export interface RedeliveryCheckerOptions extends StepListener {
  readonly name: string;
  readonly time: VirtualTime;
  readonly limits: Partial<DeliveryLimits>;
  /** Whether a source is on this host, can be read again, and nobody else speaks for its tasks. */
  readonly isChecked: (sourceId: string) => boolean;
  readonly process: () => SimulatedProcess | null;
}

/** For what happens at once to have happened, in ms. */
const SOON_MS = 20;
/** Of a time that a clock measures which is wrong. */
const CLOCK_SHARE = 0.01;
const SOURCE = "source-";

export class RedeliveryChecker {
  readonly #options: RedeliveryCheckerOptions;
  readonly #limits: DeliveryLimits;
  #sources = new Map<string, SourceModel>();
  readonly #numbers: DeliveryNumbers;
  #news: NewsChecker;
  #cutOffAtMs: number | null = null;

  constructor(options: RedeliveryCheckerOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_DELIVERY, ...options.limits };
    this.#numbers = new DeliveryNumbers({
      onViolation: (text) => this.#report(text),
      tried: (law) => this.#tried(law),
    });
    this.#news = this.#createNews();
  }

  #createNews(): NewsChecker {
    return new NewsChecker({
      name: this.#options.name,
      sources: () => this.#sources,
      soon: (check) => this.#soon(check),
      report: (text) => this.#report(text),
    });
  }

  /** The node starts again. */
  forget(): void {
    this.#sources = new Map();
    this.#numbers.forget();
    this.#news = this.#createNews();
    this.#cutOffAtMs = null;
  }

  readonly decorate: Decorate = (name, behaviour) => {
    const isSource = name.startsWith(SOURCE);
    if (name !== "controller" && !isSource) return behaviour;
    return {
      ...behaviour,
      receive: (state, message, ctx) => {
        if (!isSource) this.#toController(message);
        const next = behaviour.receive(state, message, ctx);
        if (isSource) this.#toSource(name.slice(SOURCE.length), message as SourceMessage);
        return next;
      },
      stop: (state, ctx, reason) => {
        if (isSource && reason === "stopped") this.#sources.delete(name.slice(SOURCE.length));
        behaviour.stop?.(state, ctx, reason);
      },
    };
  };

  /** A message reached nobody: where it had a task of a source of this node, that source is told. */
  onDeadLetter(letter: DeadLetter): void {
    const { name } = this.#options;
    const lost = lostTaskOf(letter, name);
    const model = lost === null ? undefined : this.#sources.get(lost.sourceId);
    if (lost === null || model?.underway.has(lost.key) !== true) return;
    const { sourceId, key, type } = lost;
    this.#tried(`a "${type}" that reached nobody`);
    const before = model.toldLost.get(key) ?? 0;
    this.#soon(() => {
      if (this.#sources.get(sourceId) !== model || (model.toldLost.get(key) ?? 0) > before) return;
      this.#report(`${sourceId} was not told that "${type}" of ${key} reached nobody`);
    });
  }

  /** What the node hears of its cluster, once it has passed that on. */
  onCluster(event: ClusterEvent): void {
    if (event.type === "cutOff") this.#cutOffAtMs ??= this.#options.time.nowMs;
    if (event.type === "joined") this.#cutOffAtMs = null;
    this.#news.onCluster(event);
  }

  #toController(message: unknown): void {
    const { type, task, reason, forwarded } = message as {
      readonly type?: unknown;
      readonly task?: Task;
      readonly reason?: string;
      readonly forwarded?: number;
    };
    if (task === undefined || isForged(task) || !this.#options.isChecked(task.id.sourceId)) return;
    if (type === "stageDropped" && GIVEN_UP.has(reason ?? "")) {
      this.#sources.get(task.id.sourceId)?.underway.delete(taskKey(task.id));
    }
    if (type === "submit" && task.cameFrom === null && forwarded === undefined && task.hops.length === 0) {
      this.#sent(task);
    }
  }

  #sent(task: Task): void {
    const { time } = this.#options;
    const model = this.#modelOf(task.id.sourceId);
    const key = taskKey(task.id);
    const before = model.underway.get(key);
    // Another branch of the same delivery, or one that was on its way.
    if (before?.task.delivery === task.delivery || model.settled.has(key)) return;
    this.#numbers.check(model.ordinals, task);
    const cutOffMs = this.#cutOffAtMs;
    if (cutOffMs !== null && time.nowMs > Math.max(cutOffMs, this.#awakeSinceMs()) + SOON_MS) {
      this.#report(`${key} left while its node was cut off`);
    }
    if (before !== undefined && before.lostAtMs === null && !before.expedited)
      this.#checkNotEarly(before, key);
    // One of an earlier process has waited to leave: meanwhile it may have been anywhere that a plan has named.
    const placedNow = task.delivery > 1 ? model.named : (model.plan?.placedOn ?? []);
    const underway: Underway = {
      task,
      sentAtMs: time.nowMs,
      deliveries: (before?.deliveries ?? 0) + 1,
      placedOn: before?.placedOn ?? new Set(placedNow),
      namedBefore: before?.namedBefore ?? namedSince(model, task),
      placedFirst: before?.placedFirst ?? new Set(model.plan?.placedOn ?? []),
      lostAtMs: null,
      placeableSinceMs: null,
      expedited: false,
    };
    model.underway.set(key, underway);
    this.#expectInTime(model, key, underway);
  }

  #checkNotEarly(before: Underway, key: string): void {
    this.#tried(before.deliveries > 1 ? "a task whose longer time is up" : "a task whose time is up");
    const { min } = patienceMs(this.#limits, before, 0);
    const waitedMs = this.#options.time.nowMs - before.sentAtMs;
    if (waitedMs < min * (1 - CLOCK_SHARE) - SOON_MS) {
      this.#report(
        `${key} left again after ${waitedMs.toFixed(0)} ms, and nothing but its time has it leave, ${min} ms`,
      );
    }
  }

  #expectInTime(model: SourceModel, key: string, underway: Underway): void {
    const { time } = this.#options;
    const { max } = patienceMs(this.#limits, underway, model.settleMsMax);
    const { sentAtMs } = underway;
    time.at(sentAtMs + max * (1 + CLOCK_SHARE) + SOON_MS, () => {
      if (model.underway.get(key) !== underway || underway.lostAtMs !== null || model.gone.has(HUB)) return;
      if (this.#isOther(underway, model) || this.#awakeSinceMs() > sentAtMs) return;
      // Tasks take longer by now.
      if (patienceMs(this.#limits, underway, model.settleMsMax).max > max)
        this.#expectInTime(model, key, underway);
      else this.#report(`${key} has not left again within ${max.toFixed(0)} ms`);
    });
  }

  #isOther({ task }: Underway, model: SourceModel): boolean {
    return this.#sources.get(task.id.sourceId) !== model;
  }

  #toSource(sourceId: string, message: SourceMessage): void {
    if (!this.#options.isChecked(sourceId)) return;
    const model = this.#modelOf(sourceId);
    switch (message.type) {
      case "nodeGone":
        this.#gone(model, message.node ?? "", message.left === true);
        break;
      case "nodeBack":
        model.gone.delete(message.node ?? "");
        break;
      case "configure":
        tellPlan(model, message as unknown as NonNullable<SourceModel["plan"]>);
        break;
      case "frameCaptured":
        model.planAtFrame.set(message.frame?.number ?? 0, model.plans.length - 1);
        return;
      case "taskSettled":
        this.#settled(model, message.id);
        return;
      case "undelivered": {
        const underway = message.id === undefined ? undefined : model.underway.get(taskKey(message.id));
        if (message.id !== undefined) {
          const key = taskKey(message.id);
          model.toldLost.set(key, (model.toldLost.get(key) ?? 0) + 1);
        }
        if (underway !== undefined) underway.expedited = true;
        return;
      }
      default:
        return;
    }
    for (const [key, underway] of model.underway) this.#expectMove(model, key, underway);
  }

  #gone(model: SourceModel, node: string, left: boolean): void {
    model.gone.add(node);
    model.goneTimes.set(node, (model.goneTimes.get(node) ?? 0) + 1);
    const dueAtMs = this.#options.time.nowMs + (left ? this.#limits.leftGraceMs : 0);
    for (const underway of model.underway.values()) {
      if (node !== HUB && !underway.placedOn.has(node)) {
        underway.expedited ||= underway.namedBefore.has(node);
        continue;
      }
      if (node !== HUB && !underway.placedFirst.has(node))
        this.#tried("a node that is gone which a newer plan named");
      underway.lostAtMs = Math.min(underway.lostAtMs ?? Infinity, dueAtMs);
    }
  }

  #settled(model: SourceModel, id: TaskId | undefined): void {
    const key = id === undefined ? "" : taskKey(id);
    model.settled.add(key);
    const underway = model.underway.get(key);
    if (underway === undefined) return;
    model.underway.delete(key);
    if (underway.deliveries > 1) return;
    model.settleMsMax = Math.max(model.settleMsMax, this.#options.time.nowMs - underway.sentAtMs);
  }

  /** It is to leave again as soon as it may. */
  #expectMove(model: SourceModel, key: string, underway: Underway): void {
    const { time } = this.#options;
    const { lostAtMs } = underway;
    if (lostAtMs === null) return;
    if (!isPlaceable(model, underway.task, HUB)) {
      underway.placeableSinceMs = null;
      return;
    }
    if (underway.placeableSinceMs === null) {
      const needs = [
        ...underway.task.joinNodes.values(),
        ...[...underway.task.pins.values()].map(({ node }) => node),
      ];
      const moves = needs.some((node) => model.gone.has(node));
      this.#tried(moves ? "a task that moves from a node that is gone" : "a task whose nodes are there");
    }
    underway.placeableSinceMs ??= time.nowMs;
    const sinceMs = Math.max(underway.placeableSinceMs, lostAtMs);
    time.at(sinceMs + SOON_MS + CLOCK_SHARE * (sinceMs - time.nowMs), () => {
      const held =
        underway.lostAtMs === lostAtMs &&
        underway.placeableSinceMs !== null &&
        underway.placeableSinceMs <= sinceMs;
      if (!held || model.underway.get(key) !== underway || this.#isOther(underway, model)) return;
      if (this.#awakeSinceMs() <= sinceMs)
        this.#report(`${key} does not leave again, and every node that it needs is there`);
    });
  }

  #modelOf(sourceId: string): SourceModel {
    const known = this.#sources.get(sourceId) ?? createSourceModel();
    this.#sources.set(sourceId, known);
    return known;
  }

  /** In simulated time; never while the process is paused or dead. */
  #awakeSinceMs(): number {
    return this.#options.process()?.awakeSinceMs ?? Infinity;
  }

  /** Where the process is still the same, and has not been paused meanwhile. */
  #soon(check: () => void): void {
    const { time, process } = this.#options;
    const own = process();
    const atMs = time.nowMs;
    time.after(SOON_MS, () => {
      if (own !== null && process() === own && own.awakeSinceMs <= atMs) check();
    });
  }

  #tried(law: string): void {
    this.#options.tried(`delivery ${law}`);
  }

  #report(text: string): void {
    this.#options.onViolation(`delivery: ${text}`);
  }
}
