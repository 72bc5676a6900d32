/**
 * How many tasks of an incarnation of a source were under way at once, from when each was made and stored.
 *
 * The most are under way just before one of them is stored, so it is counted there: for each task stored, those that were
 * made before and stored at that time or later. They come in order of storing, nearly.
 */

import type { StoredResult } from "../task/record.js";
import type { TaskId } from "../task/identity.js";

/** The moment just before a task is stored. */
interface Moment {
  readonly task: TaskId;
  readonly createdAtMs: number;
  readonly storedAtMs: number;
  /** Tasks under way. */
  count: number;
  /** The one of them that was made last. */
  newest: TaskId;
  newestAtMs: number;
}

/** Tasks stored last that are kept; one that took longer than so many others is not counted for those before them. */
const MOMENTS_MAX = 16_384;

export class UnderWay {
  #moments: Moment[] = [];
  #worst: { readonly count: number; readonly newest: TaskId } | null = null;

  /** The most at once, and the task that made it so many. */
  get worst(): { readonly count: number; readonly newest: TaskId } | null {
    return this.#worst;
  }

  /** @param toleranceMs by how much the clocks of its source and of the store may differ, in ms. Default 0 */
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
    this.#look(own);
    if (this.#moments.length >= MOMENTS_MAX * 2) this.#moments = this.#moments.slice(-MOMENTS_MAX);
  }

  #count(moment: Moment, task: TaskId, createdAtMs: number): void {
    moment.count += 1;
    if (createdAtMs > moment.newestAtMs) {
      moment.newest = task;
      moment.newestAtMs = createdAtMs;
    }
    this.#look(moment);
  }

  #look({ count, newest }: Moment): void {
    if (count > (this.#worst?.count ?? 0)) this.#worst = { count, newest };
  }
}
