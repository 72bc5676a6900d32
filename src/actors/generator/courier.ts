/**
 * Sees the tasks of a source through: writes its outbox to the journal before they leave, and has them leave again when that
 * is due. It outlives a restart of its generator.
 */

import type { AskResult, Context } from "../../runtime/behaviour.js";
import { assertNever, errorText } from "../../runtime/errors.js";
import type { Journal, JournalEntry, RecoveredState } from "../../storage/journal/journal.js";
import type { GeneratorMessage } from "../protocol/generator.js";
import type { SourceId, TaskId } from "../../task/identity.js";
import type { Pipeline } from "../../task/pipeline.js";
import type { Outcome } from "../../task/task.js";
import { Outbox, type Nodes, type OutboxOptions } from "./outbox.js";

/** What timers and the journal tell. */
export type CourierPrivate =
  | { readonly type: "redeliveryDue" }
  | { readonly type: "journalDue" }
  | {
      readonly type: "journalWritten";
      readonly entries: readonly JournalEntry[];
      readonly result: AskResult<void>;
    };

/** What it takes off the generator's hands. */
export type CourierMessage =
  Extract<GeneratorMessage, { readonly type: "nodeGone" | "nodeBack" | "undelivered" }> | CourierPrivate;

type Ctx = Context<CourierMessage>;

export interface CourierOptions extends Omit<OutboxOptions, "journalled"> {
  readonly sourceId: SourceId;
  readonly pipeline: Pipeline;
  /** What holds until a plan says. */
  readonly nodes: Nodes;
  /** Null keeps tasks in memory alone. */
  readonly journal: Journal | null;
  /** What earlier incarnations left; null where there is no journal. */
  readonly recovered: RecoveredState | null;
}

/** Between tries to write to a journal that fails. */
const JOURNAL_RETRY_MS = 500;

export class Courier {
  readonly #options: CourierOptions;
  #outbox: Outbox | null = null;
  /** Whether the timer of the next redelivery runs. */
  #armed = false;
  /** Whether the journal failed, and is to be tried again. */
  #failing = false;

  constructor(options: CourierOptions) {
    this.#options = options;
  }

  /** @throws TypeError before the first start */
  get outbox(): Outbox {
    if (this.#outbox === null) throw new TypeError("The generator has not started");
    return this.#outbox;
  }

  /** With the generator, also anew: then timers and writes under way ended with its state. */
  start(ctx: Ctx): void {
    const { nodes, journal, recovered, pipeline } = this.#options;
    this.#armed = false;
    this.#failing = false;
    if (this.#outbox === null) {
      this.#outbox = new Outbox({ ...this.#options, journalled: journal !== null }, nodes, ctx.now());
      for (const entry of recovered?.entries ?? []) this.#outbox.inherit(entry, pipeline, ctx.self.address);
    } else {
      this.#outbox.rewrite();
    }
    this.tidy(ctx);
  }

  receive(message: CourierMessage, ctx: Ctx): void {
    switch (message.type) {
      case "nodeGone":
        this.outbox.nodeGone(message.node, message.left, ctx.now());
        this.#armed = false;
        break;
      case "nodeBack":
        this.outbox.nodeBack(message.node, ctx.now());
        break;
      case "undelivered":
        this.outbox.undelivered(message.id, ctx.now());
        this.#armed = false;
        break;
      case "redeliveryDue":
        this.#armed = false;
        this.outbox.deliverDue(ctx.now());
        break;
      case "journalDue":
        this.#failing = false;
        break;
      case "journalWritten":
        this.#onWritten(message, ctx);
        break;
      default:
        assertNever(message);
    }
  }

  /** @returns false where the task is settled already, or was never made */
  settle(id: TaskId, outcome: Outcome, nowMs: number): boolean {
    if (!this.outbox.settle(id, outcome, nowMs)) return false;
    this.#options.journal?.settle(id);
    return true;
  }

  /** After each message of the generator: what is new is written together, and one timer runs for the first task that is due. */
  tidy(ctx: Ctx): void {
    this.#write(ctx);
    this.#arm(ctx);
  }

  /** The source is at its end, and every task settled. */
  close(ctx: Ctx): void {
    const { journal, sourceId } = this.#options;
    journal?.close().catch((thrown: unknown) => {
      ctx.log.warn("Cannot close the journal of a source", { source: sourceId, error: errorText(thrown) });
    });
  }

  #write(ctx: Ctx): void {
    const { journal } = this.#options;
    if (journal === null || this.#failing) return;
    const entries = this.outbox.takeUnwritten();
    if (entries.length === 0) return;
    ctx.pipe(journal.put(entries), (result) => ({ type: "journalWritten", entries, result }));
  }

  #onWritten(
    { entries, result }: Extract<CourierPrivate, { readonly type: "journalWritten" }>,
    ctx: Ctx,
  ): void {
    this.outbox.written(entries, result.ok, ctx.now());
    if (result.ok) return;
    if (!this.#failing) {
      ctx.log.warn("Cannot write the journal of a source; its tasks wait", {
        source: this.#options.sourceId,
        error: errorText(result.error),
      });
    }
    this.#failing = true;
    ctx.after("journal", JOURNAL_RETRY_MS, { type: "journalDue" });
  }

  #arm(ctx: Ctx): void {
    if (this.#armed) return;
    const dueAtMs = this.outbox.dueAtMs(ctx.now());
    if (dueAtMs === null) return;
    this.#armed = true;
    ctx.after("redelivery", dueAtMs - ctx.now(), { type: "redeliveryDue" });
  }
}
