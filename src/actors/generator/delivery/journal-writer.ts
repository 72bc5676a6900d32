/** Writes the unsettled tasks of a source to its journal: what is new at once together, and again for as long as that fails. */

import type { AskResult, Context } from "../../../runtime/behaviour.js";
import { errorText } from "../../../runtime/errors.js";
import type { Journal, JournalEntry } from "../../../storage/journal/journal.js";
import type { SourceId, TaskId } from "../../../task/identity.js";
import type { UnsettledTasks } from "./unsettled-tasks.js";

/** Events of the journal and its timer. */
export type JournalPrivate =
  | { readonly type: "journalDue" }
  | {
      readonly type: "journalWritten";
      readonly entries: readonly JournalEntry[];
      readonly result: AskResult<void>;
    };

type Ctx = Context<JournalPrivate>;

/** Between tries to write to a journal that fails. */
const JOURNAL_RETRY_MS = 500;

export class JournalWriter {
  readonly #sourceId: SourceId;
  readonly #journal: Journal;
  readonly #tasks: UnsettledTasks;
  /** The journal failed, and is to be tried again. */
  #failing = false;

  constructor(sourceId: SourceId, journal: Journal, tasks: UnsettledTasks) {
    this.#sourceId = sourceId;
    this.#journal = journal;
    this.#tasks = tasks;
  }

  /** At each start of the generator. */
  start(): void {
    this.#failing = false;
  }

  /** Writes what is new, unless the journal is failing. */
  flush(ctx: Ctx): void {
    if (this.#failing) return;
    const entries = this.#tasks.takeUnwritten();
    if (entries.length === 0) return;
    ctx.pipe(this.#journal.put(entries), (result) => ({ type: "journalWritten", entries, result }));
  }

  receive(message: JournalPrivate, ctx: Ctx): void {
    if (message.type === "journalDue") {
      this.#failing = false;
      return;
    }
    const { entries, result } = message;
    this.#tasks.written(entries, result.ok, ctx.monotonic());
    if (result.ok) return;
    if (!this.#failing) {
      ctx.log.warn("Cannot write the journal of a source; its tasks wait", {
        source: this.#sourceId,
        error: errorText(result.error),
      });
    }
    this.#failing = true;
    ctx.after("journal", JOURNAL_RETRY_MS, { type: "journalDue" });
  }

  settle(id: TaskId): void {
    this.#journal.settle(id);
  }

  close(goesOn: boolean, ctx: Ctx): void {
    const closed = goesOn ? this.#journal.suspend() : this.#journal.close();
    closed.catch((thrown: unknown) => {
      ctx.log.warn("Cannot close the journal of a source", {
        source: this.#sourceId,
        error: errorText(thrown),
      });
    });
  }
}
