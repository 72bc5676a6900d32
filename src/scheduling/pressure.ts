/**
 * What cannot wait for the next interval: a queue that has become long, a node that has become hot, a source that misses its objective
 * task after task. Each is told as it begins, and not again before it was over.
 */

import type { NodeName, SourceId } from "../task/identity.js";
import type { ResourceSample } from "../task/reports.js";

/** Tasks that wait for each worker of a stage. */
const QUEUE_TASKS = 4;
/** Share of a node's processors in two samples in a row; it is over below the second one. */
const HOT_SHARE = 0.95;
const COOL_SHARE = 0.8;
/** Tasks in a row that were late or dropped. */
const MISSES = 8;
/** A source is decided for no more often for such reasons, in ms. */
const AGAIN_MS = 500;

/** What a sample shows that the one before did not. */
export interface Pressure {
  readonly hot: boolean;
  /** `pipeline@version/stage:variant`. */
  readonly queues: readonly string[];
}

interface Watched {
  hotSamples: number;
  isHot: boolean;
  long: ReadonlySet<string>;
}

export class PressureWatch {
  readonly #nodes = new Map<NodeName, Watched>();
  /** Misses in a row. */
  readonly #misses = new Map<SourceId, number>();
  readonly #askedAtMs = new Map<SourceId, number>();

  /** @param workers that a stage has there */
  sampled({ node, cpuShare, queued }: ResourceSample, workers: number): Pressure {
    const known = this.#nodes.get(node) ?? { hotSamples: 0, isHot: false, long: new Set<string>() };
    this.#nodes.set(node, known);
    known.hotSamples = cpuShare >= HOT_SHARE ? known.hotSamples + 1 : 0;
    const hot = !known.isHot && known.hotSamples >= 2;
    known.isHot = known.isHot ? cpuShare > COOL_SHARE : hot;
    const long = Object.entries(queued).filter(([, tasks]) => tasks >= QUEUE_TASKS * workers);
    const queues = long.flatMap(([stage]) => (known.long.has(stage) ? [] : [stage]));
    known.long = new Set(long.map(([stage]) => stage));
    return { hot, queues };
  }

  /** @returns whether this is the one miss that is too many */
  settled(source: SourceId, missed: boolean): boolean {
    const misses = missed ? (this.#misses.get(source) ?? 0) + 1 : 0;
    if (misses === 0) this.#misses.delete(source);
    else this.#misses.set(source, misses);
    return misses === MISSES;
  }

  /** Whether the source may be decided for before its time, and notes that it is. */
  mayAsk(source: SourceId, nowMs: number): boolean {
    if (nowMs - (this.#askedAtMs.get(source) ?? -Infinity) < AGAIN_MS) return false;
    this.#askedAtMs.set(source, nowMs);
    return true;
  }

  forgetNode(node: NodeName): void {
    this.#nodes.delete(node);
  }

  forgetSource(source: SourceId): void {
    this.#misses.delete(source);
    this.#askedAtMs.delete(source);
  }
}
