/** One message of a simulated controller, before and after: what the laws of `controller.ts` and `join.ts` say of it. */

import type { ControllerRetained, Message, MessageOf, Router } from "../actors/controller/state.js";
import { assertNever } from "../runtime/errors.js";
import { pipelineKeyText, stageKeyText, taskKey, type TaskId } from "../task/identity.js";
import { joinKey, waitingTasks } from "../task/join.js";
import { newestDelivery } from "../task/recent-deliveries.js";
import { taskCount } from "../actors/controller/stage-inbox.js";
import { nodesWaitingFor, type DropRecord, type Task } from "../task/task.js";
import { branchText, heldOf, newestOf, type HeldBranch } from "./held-tasks.js";
import type { StepListener } from "./step-listener.js";
import type { ToldInStep } from "./told.js";

/** What a message is about, and what the controller had of it before. */
interface Before {
  readonly id: TaskId;
  readonly held: readonly HeldBranch[];
  /** The newest delivery that ended here, or has passed a join here. */
  readonly ended: number;
  readonly passed: number;
}

/** A task that this node is to have nothing more of. */
type Ended = Pick<Task, "id" | "delivery" | "pipelineId" | "pipelineVersion" | "pins">;

const ABOUT_TASKS: ReadonlySet<string> = new Set(["submit", "stageCompleted", "stageDropped", "abandon"]);
const SENT: ReadonlySet<string> = new Set(["submit", "store"]);

export class ControllerStep {
  readonly #router: Router;
  readonly #retained: ControllerRetained;
  readonly #told: ToldInStep;
  readonly #report: StepListener["onViolation"];
  readonly #tried: StepListener["tried"];
  readonly #table: ControllerRetained["table"];
  readonly #parked: ControllerRetained["parked"];
  #before: Before | null = null;
  /** Whether tasks wait at a stage as a table comes. */
  #waiting = false;
  /** Tasks to pass over that were kept for a processor which starts in this step. */
  #skips = 0;

  constructor(router: Router, told: ToldInStep, { onViolation, tried }: StepListener) {
    this.#router = router;
    this.#retained = router.retained;
    this.#told = told;
    this.#report = onViolation;
    this.#tried = tried;
    this.#table = router.retained.table;
    this.#parked = [...router.retained.parked];
  }

  begin(message: Message): void {
    if (message.type === "processorStarted") {
      const inbox = this.#retained.inboxes.get(stageKeyText(message.stage));
      this.#skips = inbox?.skips.length ?? 0;
      if ((inbox?.inFlight.size ?? 0) > 0) this.#tried("a processor starts again with tasks");
    }
    if (message.type === "installTable") {
      this.#waiting = [...this.#retained.inboxes.values()].some(({ waiting }) => waiting.size > 0);
    }
    if (!ABOUT_TASKS.has(message.type)) return;
    const id = "task" in message ? message.task.id : "id" in message ? message.id : null;
    if (id === null) return;
    const { settled } = this.#retained.joins;
    const key = taskKey(id);
    const cursor = "task" in message ? message.task.cursor : null;
    const passed = cursor === null ? 0 : newestDelivery(settled, joinKey(key, cursor));
    this.#before = { id, held: heldOf(this.#retained, id), ended: newestDelivery(settled, key), passed };
  }

  end(message: Message): void {
    this.#checkRooms();
    const before = this.#before;
    if (before !== null) this.#checkJoins(before.id);
    switch (message.type) {
      case "submit":
        if (before?.passed === message.task.delivery && message.task.cameFrom !== null)
          this.#tried("a branch again of what has passed its join");
        if (before !== null)
          this.#checkGoesOn(this.#withJoins(before, message.task), message.task, message.task.delivery);
        break;
      case "stageCompleted":
        if (before !== null) this.#checkAnswered(before, message);
        break;
      case "abandon":
        if (before !== null) this.#checkNewerStays(before, message.delivery);
        this.#checkEnded(message);
        break;
      case "installTable":
        if (message.table.epoch === this.#table?.epoch) this.#tried("a table that is here");
        if (this.#waiting) this.#tried("a table while tasks wait");
        this.#checkTable();
        break;
      case "processorStarted":
        this.#checkHandedAgain(message);
        break;
      case "stageDropped":
      case "answerLost":
      case "processorLoaded":
      case "modelChanged":
      case "processorFailed":
      case "attachGenerator":
      case "detachGenerator":
      case "reportQueues":
      case "tick":
        break;
      default:
        assertNever(message);
    }
    for (const drop of this.#drops()) {
      // Nothing counts of what is not vouched for, and so not how it says that it is to end.
      if (drop.disowned === true || !nodesWaitingFor(drop).includes(this.#router.node)) continue;
      this.#tried("a drop of what this node waits for");
      this.#checkEnded(drop);
    }
    if (message.type === "tick" || message.type === "installTable") this.#checkPipelines();
  }

  /** C1: what came in or was here goes on in its newest delivery, or is dropped; what has ended goes nowhere. */
  #checkGoesOn(before: Before, task: Task, delivery: number): void {
    const now = this.#newestNow(before.id);
    if (delivery === before.ended) this.#tried("a branch of what has ended");
    if (before.held.some((held) => held.task.cursor === task.cursor && held.task.delivery < delivery)) {
      this.#tried("a newer delivery of what is here");
    }
    if (delivery <= before.ended) {
      const sent = this.#told.all.some(
        ({ message }) => SENT.has(message.type) && this.#isOf(message, before.id),
      );
      const more = heldOf(this.#retained, before.id).length > before.held.length;
      if (sent || more) this.#report(`${branchText(task)} goes on although the task has ended`);
      return;
    }
    if (delivery <= before.passed || now >= delivery) return;
    this.#report(`${branchText(task)} is nowhere, or older`);
  }

  /** The answer is of the task as it was given last, whatever delivery the processor had. */
  #checkAnswered(before: Before, { task }: MessageOf<"stageCompleted">): void {
    const given = before.held.find((held) => held.place === "inFlight" && held.task.cursor === task.cursor);
    if (given === undefined) return;
    if (given.task.delivery > task.delivery) this.#tried("an answer for an older delivery");
    const pipeline = pipelineKeyText(task.pipelineId, task.pipelineVersion);
    if (!this.#retained.pipelines.has(pipeline)) return;
    this.#checkGoesOn(this.#withJoins(before, given.task), given.task, given.task.delivery);
  }

  /** An answer, also one that was kept, meets the joins that its branch was to meet: they may have been passed. */
  #withJoins(before: Before, { joinNodes }: Task): Before {
    const key = taskKey(before.id);
    const { settled } = this.#retained.joins;
    const passed = [...joinNodes.keys()].map((cursor) => newestDelivery(settled, joinKey(key, cursor)));
    return { ...before, passed: Math.max(before.passed, ...passed) };
  }

  /** What was dropped of a task is an older delivery than what came after it. */
  #checkNewerStays({ id, held }: Before, delivery: number): void {
    const newer = held.filter(({ task }) => task.delivery > delivery);
    if (newer.some(({ place }) => place === "waiting"))
      this.#tried("an old end of what waits in a newer delivery");
    const now = heldOf(this.#retained, id).filter(({ task }) => task.delivery > delivery);
    if (now.length < newer.length)
      this.#report(`${taskKey(id)}, delivery ${newestOf(newer)}, went with ${delivery}`);
  }

  /** J3: nothing of a task that ended waits here, and no stateful stage waits for it. */
  #checkEnded({ id, delivery, pipelineId, pipelineVersion, pins }: Ended): void {
    const waits = heldOf(this.#retained, id).find(
      ({ place, task }) => (place === "waiting" || place === "join") && task.delivery <= delivery,
    );
    const known = this.#retained.pipelines.has(pipelineKeyText(pipelineId, pipelineVersion));
    if (!known) return;
    if (waits !== undefined) this.#report(`${branchText(waits.task)} waits although the task has ended`);
    for (const [stage, { node, ordinal }] of pins) {
      const inbox = this.#retained.inboxes.get(stageKeyText({ pipelineId, pipelineVersion, stage }));
      if (inbox === undefined) continue;
      const skipped =
        inbox.skips.some((skip) => skip.ordinal === ordinal && taskKey(skip.id) === taskKey(id)) ||
        this.#told.all.some(({ message }) => message.type === "skip" && message["ordinal"] === ordinal);
      const wanted = node === this.#router.node;
      this.#tried(wanted ? "a pinned task that ended" : "a task that ended, pinned elsewhere");
      if (wanted && !skipped) this.#report(`"${stage}" is not told to pass over ${taskKey(id)}`);
      if (!wanted && skipped)
        this.#report(`"${stage}" is told to pass over ${taskKey(id)}, which it is not to run`);
    }
  }

  /** C3: a table gives way to a newer one alone, and then everything that waited is looked at again. */
  #checkTable(): void {
    const { table, parked, pipelines } = this.#retained;
    if (table === this.#table || table === null) return;
    const before = this.#table;
    if (this.#parked.length > 0) this.#tried("a table while tasks are parked");
    if (
      before !== null &&
      (table.term < before.term || (table.term === before.term && table.epoch <= before.epoch))
    ) {
      this.#report(`epoch ${table.epoch} of term ${table.term} replaced ${before.epoch} of ${before.term}`);
    }
    for (const left of this.#parked) {
      const known = pipelines.has(pipelineKeyText(left.task.pipelineId, left.task.pipelineVersion));
      if (known && parked.includes(left))
        this.#report(`${branchText(left.task)} stays parked under the newer table`);
    }
    for (const { message } of this.#told.all) {
      const { task } = message as { readonly task?: Task };
      if (message.type !== "submit" || task === undefined) continue;
      const stays = heldOf(this.#retained, task.id).some(
        (held) => held.place !== "inFlight" && held.place !== "join" && held.task.cursor === task.cursor,
      );
      if (stays) this.#report(`${branchText(task)} was sent on and waits here, too`);
    }
  }

  /** C5: a processor that starts is given what was with the one before it, and what it is to pass over. */
  #checkHandedAgain({ stage }: MessageOf<"processorStarted">): void {
    const inbox = this.#retained.inboxes.get(stageKeyText(stage));
    const given = new Set(
      this.#told.all.flatMap(({ message }) => {
        const { task } = message as { readonly task?: Task };
        return message.type === "execute" && task !== undefined ? [taskKey(task.id)] : [];
      }),
    );
    if (this.#skips > 0) this.#tried("a processor starts with tasks to pass over");
    for (const [key] of inbox?.inFlight ?? []) {
      if (!given.has(key)) this.#report(`${key} is not given to the processor again`);
    }
    const skips = this.#told.all.filter(({ message }) => message.type === "skip").length;
    if (skips < this.#skips) this.#report(`${this.#skips - skips} tasks to pass over are forgotten`);
  }

  /** J1: what has passed a join waits there no more. */
  #checkJoins(id: TaskId): void {
    const { open, settled } = this.#retained.joins;
    const key = taskKey(id);
    for (const [cursor, { branches }] of open.get(key) ?? []) {
      const passed = newestDelivery(settled, joinKey(key, cursor));
      for (const task of branches.values()) {
        if (task.delivery <= passed) this.#report(`${branchText(task)} waits at a join that it has passed`);
      }
    }
  }

  /** C6: what takes room is there, and what is there takes room. */
  #checkRooms(): void {
    const { inboxes, parked, parkRoom } = this.#retained;
    for (const [text, inbox] of inboxes) {
      const count = taskCount(inbox);
      if (count !== inbox.room.size)
        this.#report(`"${text}" has ${count} tasks, and takes room for ${inbox.room.size}`);
    }
    if (parked.length !== parkRoom.size) {
      this.#report(`${parked.length} tasks are parked, and take room for ${parkRoom.size}`);
    }
  }

  /** The pipeline of what waits at a join is known for as long as it waits. */
  #checkPipelines(): void {
    for (const { id, pipelineId, pipelineVersion } of waitingTasks(this.#retained.joins)) {
      const text = pipelineKeyText(pipelineId, pipelineVersion);
      if (this.#retained.table?.pipelines.has(text) === false)
        this.#tried("a join whose pipeline no table names");
      if (this.#retained.pipelines.has(text)) continue;
      this.#report(`${taskKey(id)} waits at a join, and its pipeline is forgotten`);
    }
  }

  #newestNow(id: TaskId): number {
    const sent = this.#told.all.flatMap(({ message }) => {
      if (!this.#isOf(message, id)) return [];
      const { task, drop } = message as { readonly task?: Task; readonly drop?: DropRecord };
      return [task?.delivery ?? drop?.delivery ?? 0];
    });
    return Math.max(newestOf(heldOf(this.#retained, id)), ...sent);
  }

  #isOf(message: object, id: TaskId): boolean {
    const { task, drop } = message as { readonly task?: Task; readonly drop?: DropRecord };
    const about = task?.id ?? drop?.id;
    return about !== undefined && taskKey(about) === taskKey(id);
  }

  #drops(): readonly DropRecord[] {
    return this.#told.all.flatMap(({ message }) => {
      const { drop } = message as { readonly drop?: DropRecord };
      return message.type === "recordDrop" && drop !== undefined ? [drop] : [];
    });
  }
}
