/** What was measured of a cluster, folded as it comes: histograms of the whole, of each stage on each node, and of round trips. */

import { createHistogram } from "node:perf_hooks";
import { breakdown } from "../task/latency.js";
import type { Pipeline } from "../task/pipeline.js";
import type { DropReason, Hop } from "../task/task.js";
import type { ProbeEnd, ProbeEvent, ProbeOrder } from "../actors/protocol/synthetic.js";

/** In ms; of HDR histograms of whole microseconds, three digits each. */
export interface ProbeLatency {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** What tasks met at one stage on one node. */
export interface ProbedStage {
  readonly stage: string;
  /** Absent where the stage has no variants. */
  readonly variant?: string;
  readonly node: string;
  /** From the end of the stage before, or the making of the task, to the queue; clocks of two nodes may take part. */
  readonly transferMs: ProbeLatency;
  readonly queueMs: ProbeLatency;
  readonly executeMs: ProbeLatency;
}

/** What became of the synthetic tasks. */
export interface ProbedTasks {
  readonly source: string;
  /** `pipeline@version`. */
  readonly pipeline: string;
  readonly perSecond: number;
  readonly wanted: number;
  readonly made: number;
  readonly stored: number;
  readonly dropped: Readonly<Partial<Record<DropReason, number>>>;
  /** Without an end when the measuring ended. */
  readonly unanswered: number;
  /** From when each was due until it was at its end; null where none came there. */
  readonly latencyMs: ProbeLatency | null;
  /** Of these: how many took at most so long, and more than the entry before; rising. */
  readonly histogram: readonly { readonly upToMs: number; readonly count: number }[];
  /** In the order of the pipeline. */
  readonly stages: readonly ProbedStage[];
  /** From the end of the last stage until the task was at its end. */
  readonly deliveryMs: ProbeLatency | null;
}

/** What was measured of a cluster. */
export interface ProbeReport {
  /** From here to each node and back, with what it takes to answer. */
  readonly roundTrips: Readonly<
    Record<string, { readonly latencyMs: ProbeLatency | null; readonly unanswered: number }>
  >;
  /** Null where only round trips were asked for. */
  readonly tasks: ProbedTasks | null;
  /** Why it ended: `interrupted` by whoever asked. */
  readonly end: { readonly reason: ProbeEnd | "interrupted"; readonly detail: string };
}

/** Two to a doubling. */
const BUCKET_STEP = Math.SQRT2;
const BUCKET_FIRST_MS = 0.1;
/** Beyond an hour nothing is told apart. */
const MS_MAX = 3_600_000;

class Durations {
  readonly #histogram = createHistogram({ lowest: 1, highest: MS_MAX * 1_000, figures: 3 });

  /** @param ms a negative one, of clocks that differ, counts as nothing */
  add(ms: number): void {
    this.#histogram.record(Math.min(Math.max(1, Math.round(ms * 1_000)), MS_MAX * 1_000));
  }

  /** Null without one. */
  get figures(): ProbeLatency | null {
    const { count, max } = this.#histogram;
    if (count === 0) return null;
    const at = (percent: number): number => this.#histogram.percentile(percent) / 1_000;
    return { count, p50: at(50), p95: at(95), p99: at(99), p999: at(99.9), max: max / 1_000 };
  }
}

interface AtStage {
  readonly hop: Hop;
  readonly transfer: Durations;
  readonly queue: Durations;
  readonly execute: Durations;
}

export class ProbeFigures {
  readonly #roundTrips = new Map<string, { readonly durations: Durations; unanswered: number }>();
  #order: ProbeOrder | null = null;
  #pipeline: Pipeline | null = null;
  #end: Extract<ProbeEvent, { readonly type: "probeEnded" }> | null = null;
  #seen = 0;
  #stored = 0;
  readonly #dropped: Partial<Record<DropReason, number>> = {};
  readonly #latency = new Durations();
  readonly #buckets = new Map<number, number>();
  readonly #stages = new Map<string, AtStage>();
  readonly #delivery = new Durations();

  roundTrip(node: string, ms: number): void {
    this.#node(node).durations.add(ms);
  }

  silent(node: string): void {
    this.#node(node).unanswered += 1;
  }

  walks(order: ProbeOrder, pipeline: Pipeline): void {
    this.#order = order;
    this.#pipeline = pipeline;
  }

  task({
    outcome,
    tookMs,
    createdAtMs,
    endedAtMs,
    hops,
  }: Extract<ProbeEvent, { readonly type: "probeTask" }>): void {
    this.#seen += 1;
    if (outcome.status === "dropped") {
      this.#dropped[outcome.reason] = (this.#dropped[outcome.reason] ?? 0) + 1;
      return;
    }
    this.#stored += 1;
    this.#latency.add(tookMs);
    const bucket = Math.max(0, Math.ceil(Math.log(tookMs / BUCKET_FIRST_MS) / Math.log(BUCKET_STEP)));
    this.#buckets.set(bucket, (this.#buckets.get(bucket) ?? 0) + 1);
    if (this.#pipeline === null) return;
    const { stages, deliveryMs, storeMs } = breakdown(this.#pipeline, hops, {
      sourceAtMs: createdAtMs,
      createdAtMs,
      storedAtMs: endedAtMs,
    });
    this.#delivery.add(deliveryMs + storeMs);
    for (const hop of hops) {
      const took = stages.get(hop.stage);
      if (took === undefined) continue;
      const at = this.#stage(hop);
      at.transfer.add(took.transferMs);
      at.queue.add(took.queueMs);
      at.execute.add(took.executeMs);
    }
  }

  ended(end: Extract<ProbeEvent, { readonly type: "probeEnded" }>): void {
    this.#end ??= end;
  }

  report(interrupted: boolean): ProbeReport {
    const { reason = "done", detail = "" } = this.#end ?? {};
    return {
      roundTrips: Object.fromEntries(
        [...this.#roundTrips].map(([node, { durations, unanswered }]) => [
          node,
          { latencyMs: durations.figures, unanswered },
        ]),
      ),
      tasks: this.#tasks(),
      end: interrupted ? { reason: "interrupted", detail: "" } : { reason, detail },
    };
  }

  #tasks(): ProbedTasks | null {
    const [order, pipeline] = [this.#order, this.#pipeline];
    if (order === null || pipeline === null) return null;
    const { made = this.#seen, unanswered = 0 } = this.#end ?? {};
    const place = new Map(pipeline.stages.map(({ id }, index) => [id, index]));
    const placeOf = ({ hop }: AtStage): number => place.get(hop.stage) ?? pipeline.stages.length;
    return {
      source: order.like,
      pipeline: `${pipeline.id}@${pipeline.version}`,
      perSecond: order.perSecond,
      wanted: order.tasks,
      made,
      stored: this.#stored,
      dropped: { ...this.#dropped },
      unanswered,
      latencyMs: this.#latency.figures,
      histogram: [...this.#buckets]
        .toSorted(([a], [b]) => a - b)
        .map(([bucket, count]) => ({ upToMs: BUCKET_FIRST_MS * BUCKET_STEP ** bucket, count })),
      stages: [...this.#stages.values()].toSorted((a, b) => placeOf(a) - placeOf(b)).flatMap(stageFigures),
      deliveryMs: this.#delivery.figures,
    };
  }

  #node(node: string): { readonly durations: Durations; unanswered: number } {
    let known = this.#roundTrips.get(node);
    if (known === undefined)
      this.#roundTrips.set(node, (known = { durations: new Durations(), unanswered: 0 }));
    return known;
  }

  #stage(hop: Hop): AtStage {
    const key = [hop.stage, hop.variant ?? "", hop.node].join("/");
    let known = this.#stages.get(key);
    if (known === undefined) {
      known = { hop, transfer: new Durations(), queue: new Durations(), execute: new Durations() };
      this.#stages.set(key, known);
    }
    return known;
  }
}

function stageFigures({ hop, transfer, queue, execute }: AtStage): readonly ProbedStage[] {
  const [transferMs, queueMs, executeMs] = [transfer.figures, queue.figures, execute.figures];
  if (transferMs === null || queueMs === null || executeMs === null) return [];
  const variant = hop.variant === undefined ? {} : { variant: hop.variant };
  return [{ stage: hop.stage, ...variant, node: hop.node, transferMs, queueMs, executeMs }];
}
