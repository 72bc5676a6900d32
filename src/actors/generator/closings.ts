/** The ends of a source's incarnations, each told to the distributor again and again until its record is stored. */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { Context } from "../../runtime/behaviour.js";
import type { UnclosedIncarnation } from "../../storage/journal/journal.js";
import type { SourceId, TaskId } from "../../task/identity.js";
import type { Closing, ClosingCounts } from "../../task/task.js";
import type { Vouch } from "../../task/voucher.js";
import type { DistributorMessage } from "../protocol/distributor.js";

export type ClosingsPrivate = { readonly type: "closingDue" };

type Ctx = Context<ClosingsPrivate>;

export interface ClosingsOptions {
  readonly sourceId: SourceId;
  readonly incarnation: number;
  /** Where they are recorded; null where they are not. */
  readonly distributor: ActorRef<DistributorMessage> | null;
  readonly vouch: Vouch;
  /** Earlier incarnations, which have not ended by themselves. */
  readonly unclosed: readonly UnclosedIncarnation[];
}

/** Until a closing is told again; it doubles with each time. */
const RETRY_MS = 500;
const RETRY_MS_MAX = 30_000;

/** Survives a restart of the generator. */
export class Closings {
  readonly #options: ClosingsOptions;
  /** Not stored yet, by incarnation. */
  readonly #open = new Map<number, Omit<Closing, "origin" | "voucher">>();
  #retryMs = RETRY_MS;
  #ended = false;

  constructor(options: ClosingsOptions) {
    this.#options = options;
    for (const { incarnation, created, end } of options.unclosed) {
      this.#add({ id: this.#idOf(incarnation, created), end, counts: null });
    }
  }

  /** Whether every one is stored. */
  get done(): boolean {
    return this.#open.size === 0;
  }

  /** Every task of this incarnation is settled, and no other one will be made; once is enough. */
  end(created: number, counts: ClosingCounts, ctx: Ctx): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#add({ id: this.#idOf(this.#options.incarnation, created), end: "ended", counts });
    this.#retryMs = RETRY_MS;
    this.send(ctx);
  }

  /** Tells all that are not stored yet; at each start of the generator, too. */
  send(ctx: Ctx): void {
    if (this.done) return;
    for (const open of this.#open.values()) {
      const closing = { ...open, origin: ctx.self.address };
      this.#options.distributor?.tell({
        type: "recordClosing",
        // Each time: its key may be another one since the last.
        closing: { ...closing, voucher: this.#options.vouch(closing) },
      });
    }
    ctx.after("closing", this.#retryMs, { type: "closingDue" });
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MS_MAX);
  }

  /** @returns false where it is the id of no closing that is open */
  settle({ incarnation, sequence }: TaskId, ctx: Ctx): boolean {
    if (this.#open.get(incarnation)?.id.sequence !== sequence) return false;
    this.#open.delete(incarnation);
    if (this.done) ctx.cancel("closing");
    return true;
  }

  #add(closing: Omit<Closing, "origin" | "voucher">): void {
    if (this.#options.distributor !== null) this.#open.set(closing.id.incarnation, closing);
  }

  #idOf(incarnation: number, created: number): TaskId {
    return { sourceId: this.#options.sourceId, incarnation, sequence: created };
  }
}
