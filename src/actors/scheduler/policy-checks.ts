/**
 * Policies of one's own are tried where they run, and not by the scheduler: what asks for one waits for that, and is looked at again
 * with what came of it.
 */

import type { SourceId } from "../../task/identity.js";

/** Requests that wait; of one source the newest. */
export class PolicyChecks<Request> {
  readonly #waiting = new Map<SourceId, { readonly job: number; readonly request: Request }>();

  /** @returns what waited for the source before, which is of no use any more */
  add(source: SourceId, job: number, request: Request): Request | null {
    const before = this.forget(source);
    this.#waiting.set(source, { job, request });
    return before;
  }

  /** @returns what waited for the job, unless something newer was said of its source */
  take(job: number): Request | null {
    for (const [source, waiting] of this.#waiting) if (waiting.job === job) return this.forget(source);
    return null;
  }

  forget(source: SourceId): Request | null {
    const waiting = this.#waiting.get(source);
    this.#waiting.delete(source);
    return waiting?.request ?? null;
  }
}
