/** What each service takes on each node for a frame, learned from the hops of stored tasks. */

import type { NodeName } from "../../task/identity.js";
import type { Pipeline } from "../../task/pipeline.js";
import type { TaskOutcome } from "../../task/reports.js";
import { percentiles } from "../../scheduling/outcome-window.js";
import type { ServiceTime } from "../../scheduling/policy.js";
import { workKey } from "../../scheduling/view-queries.js";
import { stageAs } from "../../task/variants.js";

/** Hops kept of a service on a node. */
const HOPS_KEPT = 64;
/** Services with their parameters; whoever names more pushes out the oldest. */
const SERVICES_KEPT = 1_024;

interface Samples {
  readonly frameMs: Float64Array;
  /** When each of them arrived, by the clock of its node. */
  readonly arrivedAtMs: Float64Array;
  count: number;
  observedAtMs: number;
  /** Null where a hop came after it was computed. */
  summary: Summary | null;
}

type Summary = Pick<ServiceTime, "meanMs" | "p95Ms" | "arrivalsPerS">;

export class ServiceTimes {
  readonly #services = new Map<string, Map<NodeName, Samples>>();

  /** Learns from a stored task what its hops took. Clocks do not matter: each hop is timed by one. */
  observe(outcome: TaskOutcome, pipeline: Pipeline, nowMs: number): void {
    for (const { stage: id, variant, node, enqueuedAtMs, startedAtMs, endedAtMs } of outcome.hops) {
      const stage = pipeline.stages.find((other) => other.id === id);
      const tookMs = endedAtMs - startedAtMs;
      if (stage === undefined || outcome.frameCount < 1 || !(tookMs >= 0)) continue;
      const samples = this.#samplesOf(workKey(stageAs(stage, variant)), node);
      const at = samples.count++ % HOPS_KEPT;
      samples.frameMs[at] = tookMs / outcome.frameCount;
      samples.arrivedAtMs[at] = enqueuedAtMs;
      samples.observedAtMs = nowMs;
      samples.summary = null;
    }
  }

  forget(node: NodeName): void {
    for (const nodes of this.#services.values()) nodes.delete(node);
  }

  report(nowMs: number): Map<string, Map<NodeName, ServiceTime>> {
    const report = new Map<string, Map<NodeName, ServiceTime>>();
    for (const [service, nodes] of this.#services) {
      const times = new Map<NodeName, ServiceTime>();
      for (const [node, samples] of nodes) {
        const summary = (samples.summary ??= summaryOf(samples));
        const count = Math.min(samples.count, HOPS_KEPT);
        times.set(node, { ...summary, count, ageMs: nowMs - samples.observedAtMs });
      }
      report.set(service, times);
    }
    return report;
  }

  #samplesOf(service: string, node: NodeName): Samples {
    let nodes = this.#services.get(service);
    if (nodes === undefined) {
      const [oldest] = this.#services.keys();
      if (this.#services.size >= SERVICES_KEPT && oldest !== undefined) this.#services.delete(oldest);
      this.#services.set(service, (nodes = new Map<NodeName, Samples>()));
    }
    let samples = nodes.get(node);
    if (samples === undefined) {
      const frameMs = new Float64Array(HOPS_KEPT);
      const arrivedAtMs = new Float64Array(HOPS_KEPT);
      samples = { frameMs, arrivedAtMs, count: 0, observedAtMs: 0, summary: null };
      nodes.set(node, samples);
    }
    return samples;
  }
}

/** What took so many times as long as half of them is no part of the mean: a first run, or a machine that was held up. */
const OUTLIER_TIMES = 3;

function summaryOf({ frameMs, arrivedAtMs, count }: Samples): Summary {
  const all = frameMs.subarray(0, Math.min(count, HOPS_KEPT));
  const { p50, p95 } = percentiles(all);
  const kept = all.filter((ms) => ms <= OUTLIER_TIMES * p50);
  const arrived = arrivedAtMs.subarray(0, all.length);
  const overMs = Math.max(...arrived) - Math.min(...arrived);
  return {
    meanMs: kept.reduce((sum, ms) => sum + ms, 0) / kept.length,
    p95Ms: p95,
    arrivalsPerS: overMs > 0 ? ((all.length - 1) * 1_000) / overMs : null,
  };
}
