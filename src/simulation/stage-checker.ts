/**
 * What a controller does with its stages, and what it says of them, at every step.
 *
 * SG1 The scheduler has been told all that is loaded here, and nothing else, and again with each table that is here (C7).
 * SG2 A stage that is given up leaves no task behind: each goes on, waits elsewhere or is dropped; and its processor goes, too.
 * SG3 A stage that no table places here goes after a hold without a task.
 * SG4 A stage fails to load only where something is wrong with loads.
 */

import type { Message, Router } from "../actors/controller/state.js";
import { taskCount, type StageInbox } from "../actors/controller/stage-inbox.js";
import type { Behaviour } from "../runtime/behaviour.js";
import type { Decorate } from "../runtime/system-options.js";
import { stageKeyText, taskKey, type StageKey } from "../task/identity.js";
import { pipelineOfRoute } from "../task/routing-table.js";
import { newestDelivery } from "../task/recent-deliveries.js";
import { SluiceError } from "../task/errors.js";
import type { DropRecord, Task } from "../task/task.js";
import { stageIn, stageKeyOf } from "../task/variants.js";
import { allHeld, branchText } from "./held-tasks.js";
import type { ClusterShape } from "./shape.js";
import type { SimulatedProcess } from "./simulated-process.js";
import type { StepListener } from "./step-listener.js";
import { ToldInStep } from "./told.js";
import type { VirtualTime } from "./virtual-time.js";

export interface StageCheckerOptions extends StepListener {
  /** Of the node. */
  readonly name: string;
  /** Whether a load has failed or hung in its present process. */
  readonly loadsAreFaulty: () => boolean;
  readonly time: Pick<VirtualTime, "nowMs">;
  readonly process: () => Pick<SimulatedProcess, "awakeSinceMs"> | null;
  readonly shape: Pick<ClusterShape, "loading">;
}

/** What may give up stages. */
const GIVES_UP: ReadonlySet<string> = new Set([
  "tick",
  "installTable",
  "attachGenerator",
  "detachGenerator",
  "processorFailed",
]);

export class StageChecker {
  readonly #options: StageCheckerOptions;
  readonly #told = new ToldInStep();
  /** That the scheduler was told last, in order of their names. */
  #said = "";
  /** Stages without a place and without a task, and since when, by the node's monotonic clock. */
  #idle = new Map<StageInbox, number>();

  constructor(options: StageCheckerOptions) {
    this.#options = options;
  }

  /** The node starts again. */
  forget(): void {
    this.#said = "";
    this.#idle = new Map();
  }

  readonly decorate: Decorate = (name, behaviour) =>
    name === "controller"
      ? (this.#checked(behaviour as unknown as Behaviour<Router, Message>) as unknown as typeof behaviour)
      : behaviour;

  #checked(behaviour: Behaviour<Router, Message>): Behaviour<Router, Message> {
    const told = this.#told;
    return {
      ...behaviour,
      start(ctx) {
        told.begin();
        const router = behaviour.start(told.watchContext(ctx));
        const { scheduler, processors, distributor } = router;
        return {
          ...router,
          scheduler: told.watch(scheduler, "scheduler"),
          processors: told.watch(processors, "processors"),
          distributor: told.watch(distributor),
        };
      },
      receive: (router, message, ctx) => {
        told.begin();
        const { inboxes } = router.retained;
        const before = GIVES_UP.has(message.type)
          ? { stages: new Map(inboxes), held: allHeld(router.retained) }
          : null;
        const next = behaviour.receive(router, message, ctx);
        this.#checkSaid(next, message);
        const placed = message.type === "installTable" ? placedHere(next) : null;
        for (const [inbox] of this.#idle) {
          if (taskCount(inbox) > 0 || placed?.has(stageKeyText(inbox.key)) === true) this.#idle.delete(inbox);
        }
        if (message.type === "processorFailed") this.#checkFailure(message.stage, message.error);
        if (before === null) return next;
        for (const [text, { key }] of before.stages) {
          if (inboxes.get(text)?.key !== key) this.#checkRetired(text);
        }
        for (const { task } of before.held) this.#checkStays(next, task);
        if (message.type === "tick") this.#checkIdle(next, ctx.monotonic());
        return next;
      },
    };
  }

  /** SG1. */
  #checkSaid({ retained, node }: Router, message: Message): void {
    const told = this.#told.all.filter(
      ({ to, message: { type } }) => to === "scheduler" && type === "stagesLoaded",
    );
    for (const { message: said } of told) {
      this.#said = textOf((said as unknown as { readonly stages: readonly StageKey[] }).stages);
    }
    const loaded = textOf(
      [...retained.inboxes.values()].flatMap((inbox) => (inbox.loaded ? [inbox.key] : [])),
    );
    if (loaded !== this.#said) {
      this.#report(
        message,
        `${node} has loaded ${loaded || "nothing"}, and the scheduler was told ${this.#said || "nothing"}`,
      );
      this.#said = loaded;
    }
    if (message.type !== "installTable") return;
    const { epoch, term } = message.table;
    const isHere = retained.table?.epoch === epoch && retained.table.term === term;
    if (isHere) this.#options.tried("controller a table answered with what is loaded");
    if (isHere && told.length === 0) this.#report(message, `nobody is told what ${node} has loaded`);
  }

  /** SG2, of the stage. */
  #checkRetired(text: string): void {
    this.#options.tried("controller a stage that is given up");
    const isTold = this.#told.all.some(
      ({ to, message }) =>
        to === "processors" &&
        message.type === "retireProcessor" &&
        stageKeyText((message as unknown as { readonly stage: StageKey }).stage) === text,
    );
    if (!isTold)
      this.#options.onViolation(`step: ${this.#options.name}: "${text}" is gone, and its processor stays`);
  }

  /** SG2, of a task. */
  #checkStays({ retained }: Router, task: Task): void {
    const key = taskKey(task.id);
    // What has ended by then goes nowhere.
    if (newestDelivery(retained.joins.settled, key) >= task.delivery) return;
    const stays = allHeld(retained).some(
      (held) => taskKey(held.task.id) === key && held.task.delivery >= task.delivery,
    );
    if (stays) return;
    const goes = this.#told.all.some(({ message }) => {
      const about = message as { readonly task?: Task; readonly drop?: DropRecord };
      const id = about.task?.id ?? about.drop?.id;
      return id !== undefined && taskKey(id) === key;
    });
    if (!goes)
      this.#options.onViolation(`step: ${this.#options.name}: ${branchText(task)} went with its stage`);
  }

  /** SG3. */
  #checkIdle(router: Router, nowMs: number): void {
    const { limits, node, retained } = router;
    const placed = placedHere(router);
    const idle = new Map<StageInbox, number>();
    for (const [text, inbox] of retained.inboxes) {
      if (placed.has(text) || inbox.stage.stateful || taskCount(inbox) > 0) continue;
      const sinceMs = this.#idle.get(inbox) ?? nowMs;
      this.#options.tried("controller a stage that no table places here");
      if (nowMs - sinceMs < limits.stageHoldMs + limits.tickMs) idle.set(inbox, sinceMs);
      else {
        const idleMs = (nowMs - sinceMs).toFixed(0);
        this.#options.onViolation(
          `loading: ${node} keeps "${text}", which no table places there since ${idleMs} ms`,
        );
      }
    }
    this.#idle = idle;
  }

  /** SG4. */
  #checkFailure(stage: StageKey, error: Error): void {
    if (error instanceof SluiceError && error.code === "service-unknown") return;
    const { loadsAreFaulty, onViolation, name, time, process, shape } = this.#options;
    // The time that a load may take goes by while its process stands still.
    const awakeMs = time.nowMs - (process()?.awakeSinceMs ?? time.nowMs);
    if (awakeMs < shape.loading.timeoutMs)
      this.#options.tried("controller a load while its process stood still");
    else if (loadsAreFaulty()) this.#options.tried("controller a stage that failed to load");
    else
      onViolation(
        `loading: ${name} cannot load "${stageKeyText(stage)}", although no load fails: ${error.message}`,
      );
  }

  #report({ type }: Message, text: string): void {
    this.#options.onViolation(`step: ${this.#options.name}: ${type}: ${text}`);
  }
}

function textOf(stages: readonly StageKey[]): string {
  return stages.map(stageKeyText).sort().join(" ");
}

/** What the table in force has on this node, as texts of stages. */
function placedHere({ retained: { table }, node }: Router): ReadonlySet<string> {
  const placed = new Set(
    (table?.deployments ?? []).flatMap(({ stage, nodes }) =>
      nodes.includes(node) ? [stageKeyText(stage)] : [],
    ),
  );
  for (const route of table?.sources.values() ?? []) {
    const pipeline = table === null ? undefined : pipelineOfRoute(table, route);
    for (const stage of pipeline?.stages ?? []) {
      if (pipeline === undefined || route.placement.get(stage.id)?.[0] !== node) continue;
      placed.add(stageKeyText(stageKeyOf(pipeline, stageIn(stage, route.configuration))));
    }
  }
  return placed;
}
