/** How late samples come: what waited for a narrow link is older than its arrival says. */

import type { NodeName } from "../../task/identity.js";

/** The shortest way there was is forgotten by this share of the time that passes, so that a clock which was set is followed. */
const FORGOTTEN_SHARE = 0.1;
/** So late comes only what a clock says that was set, in ms. */
const LATE_MS_MAX = 10_000;

interface Least {
  readonly ms: number;
  readonly atMs: number;
}

export class SampleDelays {
  /** Between the clock of each node and this one's, with the shortest way there was. */
  readonly #least = new Map<NodeName, Least>();

  /**
   * Notes a sample. Only how delays differ counts, so that no foreign clock has to be right.
   *
   * @param sentAtMs by the clock of `node`; @param nowMs by this node's monotonic one
   * @returns how much longer it was under way than the shortest was of late, in ms
   */
  observe(node: NodeName, sentAtMs: number, nowMs: number): number {
    const delayMs = nowMs - sentAtMs;
    const before = this.#least.get(node);
    const usualMs = before === undefined ? delayMs : before.ms + FORGOTTEN_SHARE * (nowMs - before.atMs);
    const leastMs = delayMs - usualMs > LATE_MS_MAX ? delayMs : Math.min(delayMs, usualMs);
    this.#least.set(node, { ms: leastMs, atMs: nowMs });
    return delayMs - leastMs;
  }

  forget(node: NodeName): void {
    this.#least.delete(node);
  }
}
