/**
 * How many tasks of an incarnation of a source were in flight at once, from when each was created and stored.
 *
 * The most are in flight just before one of them is stored, so they are counted there: for each task stored, those that were
 * created before and stored at that time or later. They come nearly in order of storing.
 */

import type { StoredResult } from "../../task/record.js";
import type { TaskId } from "../../task/identity.js";

/** The moment just before a task is stored. */
interface Moment {
  readonly task: TaskId;
  readonly createdAtMs: number;
  readonly storedAtMs: number;
  /** Tasks in flight. */
  count: number;
  /** The one of them that was created last. */
  newest: TaskId;
  newestAtMs: number;
}

/** Newest tasks that are kept; one that took longer than this many others is not counted for those before them. */
const MOMENTS_MAX = 16_384;

export class PeakInFlight {
  #moments: Moment[] = [];
  #worst: { readonly count: number; readonly newest: TaskId } | null = null;

  /** The most at once, and the task that was created last of them; null before the first. */
  get worst(): { readonly count: number; readonly newest: TaskId } | null {
    return this.#worst;
  }

  /** @param toleranceMs by how much the clocks of the source and of the store may differ, in ms. Default 0 */
  add({ id, createdAtMs, storedAtMs: stored }: StoredResult, toleranceMs = 0): void {
    const storedAtMs = stored - toleranceMs;
    if (!(createdAtMs < storedAtMs)) return;
    const own: Moment = { task: id, createdAtMs, storedAtMs, count: 1, newest: id, newestAtMs: createdAtMs };
    let place = this.#moments.length;
    for (let index = place - 1; index >= 0; index -= 1) {
      const other = this.#moments[index];
      if (other === undefined || other.storedAtMs <= createdAtMs) break;
      if (other.storedAtMs <= storedAtMs) {
        this.#count(other, id, createdAtMs);
      } else {
        place = index;
        if (other.createdAtMs < storedAtMs) this.#count(own, other.task, other.createdAtMs);
      }
    }
    this.#moments.splice(place, 0, own);
    this.#keepWorst(own);
    if (this.#moments.length >= MOMENTS_MAX * 2) this.#moments = this.#moments.slice(-MOMENTS_MAX);
  }

  #count(moment: Moment, task: TaskId, createdAtMs: number): void {
    moment.count += 1;
    if (createdAtMs > moment.newestAtMs) {
      moment.newest = task;
      moment.newestAtMs = createdAtMs;
    }
    this.#keepWorst(moment);
  }

  #keepWorst({ count, newest }: Moment): void {
    if (count > (this.#worst?.count ?? 0)) this.#worst = { count, newest };
  }
}
