/** What alarms know of each source: its newest tasks, and whether something is to be expected of it. */

import type { TaskOutcome } from "../../task/reports.js";
import type { Condition } from "./alarm-book.js";

const TASKS_MAX = 1_000;
const SOURCES_MAX = 1_000;

interface Settled {
  readonly atMs: number;
  /** Null of a task that was dropped. */
  readonly latencyMs: number | null;
}

interface Watched {
  tasks: Settled[];
  /** When it last gave a result, or was last expected to. */
  lastMs: number;
  /** Why nothing is expected of it now; null where something is. */
  isResting: boolean;
}

/** Bounded: the newest tasks of the sources that were heard of last. */
export class SourceWatch {
  readonly #sources = new Map<string, Watched>();

  settled({ id, outcome, sourceAtMs, settledAtMs }: TaskOutcome, nowMs: number): void {
    const watched = this.#of(id.sourceId, nowMs);
    const isStored = outcome.status === "stored";
    watched.tasks.push({ atMs: nowMs, latencyMs: isStored ? settledAtMs - sourceAtMs : null });
    if (watched.tasks.length >= 2 * TASKS_MAX) watched.tasks = watched.tasks.slice(-TASKS_MAX);
    if (isStored) watched.lastMs = nowMs;
  }

  /** From now on it gives results. */
  started(source: string, nowMs: number): void {
    const watched = this.#of(source, nowMs);
    watched.isResting = false;
    watched.lastMs = nowMs;
  }

  /** It is paused, or has ended. */
  resting(source: string, nowMs: number): void {
    this.#of(source, nowMs).isResting = true;
  }

  names(): Iterable<string> {
    return this.#sources.keys();
  }

  latency(
    source: string,
    limits: { readonly aboveMs: number; readonly percentile: number; readonly windowMs: number },
    nowMs: number,
  ): Condition | null {
    const { aboveMs, percentile, windowMs } = limits;
    const latencies = this.#within(source, windowMs, nowMs)
      .flatMap(({ latencyMs }) => latencyMs ?? [])
      .sort((a, b) => a - b);
    if (latencies.length === 0) return null;
    const value = latencies[Math.ceil((percentile / 100) * latencies.length) - 1] ?? 0;
    if (value <= aboveMs) return { status: "well" };
    return {
      status: "bad",
      detail: `p${percentile} of ${latencies.length} tasks is ${Math.round(value)} ms, and ${aboveMs} ms are allowed`,
    };
  }

  drops(
    source: string,
    limits: { readonly above: number; readonly windowMs: number },
    nowMs: number,
  ): Condition | null {
    const tasks = this.#within(source, limits.windowMs, nowMs);
    if (tasks.length === 0) return null;
    const dropped = tasks.filter(({ latencyMs }) => latencyMs === null).length;
    if (dropped / tasks.length <= limits.above) return { status: "well" };
    return { status: "bad", detail: `${dropped} of ${tasks.length} tasks were dropped` };
  }

  stale(source: string, afterMs: number, nowMs: number): Condition | null {
    const watched = this.#sources.get(source);
    if (watched === undefined) return null;
    const silentMs = nowMs - watched.lastMs;
    if (watched.isResting || silentMs < afterMs) return { status: "well" };
    return { status: "bad", detail: `it has given no result for ${Math.round(silentMs / 1_000)} s` };
  }

  #within(source: string, windowMs: number, nowMs: number): readonly Settled[] {
    return (this.#sources.get(source)?.tasks ?? [])
      .slice(-TASKS_MAX)
      .filter(({ atMs }) => atMs > nowMs - windowMs);
  }

  #of(source: string, nowMs: number): Watched {
    const known = this.#sources.get(source) ?? { tasks: [], lastMs: nowMs, isResting: false };
    // The one that was heard of last is the last.
    this.#sources.delete(source);
    this.#sources.set(source, known);
    const [oldest] = this.#sources.keys();
    if (this.#sources.size > SOURCES_MAX && oldest !== undefined) this.#sources.delete(oldest);
    return known;
  }
}
