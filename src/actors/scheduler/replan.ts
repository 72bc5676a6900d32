/** What waits for the next round: triggers that arrive together are decided together, in one table. */

import type { SourceId } from "../../task/identity.js";

const REASONS_NAMED = 3;

export class PendingReplan {
  /** Whether the actor has told itself to decide. */
  announced = false;
  #all = false;
  #sources = new Set<SourceId>();
  #reasons = new Set<string>();

  add(sources: SourceId | "all" | "none", reason: string): void {
    if (sources === "all") this.#all = true;
    else if (sources !== "none") this.#sources.add(sources);
    this.#reasons.add(reason);
  }

  get isEmpty(): boolean {
    return this.#reasons.size === 0;
  }

  /** Takes everything that waits. */
  take(): { readonly sources: "all" | ReadonlySet<SourceId>; readonly reason: string } {
    const reasons = [...this.#reasons];
    const more = reasons.length - REASONS_NAMED;
    const taken = {
      sources: this.#all ? ("all" as const) : this.#sources,
      reason: reasons.slice(0, REASONS_NAMED).join(", ") + (more > 0 ? ` and ${more} more` : ""),
    };
    this.announced = false;
    this.#all = false;
    this.#sources = new Set();
    this.#reasons = new Set();
    return taken;
  }
}
