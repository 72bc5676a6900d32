/** The door to prom-client: metrics that are written together in Prometheus' text format. */

import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";

type Labels<Name extends string> = Readonly<Record<Name, string>>;

/** Grows for as long as the process lives. */
interface CounterMetric<Name extends string> {
  add(labels: Labels<Name>, count: number): void;
  /** Forgets every series: for a count that is kept elsewhere and read anew at each scrape. */
  clear(): void;
}

interface GaugeMetric<Name extends string> {
  set(labels: Labels<Name>, value: number): void;
  clear(): void;
}

interface HistogramMetric<Name extends string> {
  observe(labels: Labels<Name>, value: number): void;
}

/** Units are those of Prometheus, and stand at the end of a name: seconds, bytes, ratio; `_total` of a counter. */
export interface MetricSet {
  /** @param read is called before each scrape, to set it */
  counter<Name extends string>(
    name: string,
    help: string,
    labels: readonly Name[],
    read?: (counter: CounterMetric<Name>) => void,
  ): CounterMetric<Name>;
  gauge<Name extends string>(
    name: string,
    help: string,
    labels: readonly Name[],
    read?: (gauge: GaugeMetric<Name>) => void,
  ): GaugeMetric<Name>;
  /** @param buckets upper bounds, ascending */
  histogram<Name extends string>(
    name: string,
    help: string,
    labels: readonly Name[],
    buckets: readonly number[],
  ): HistogramMetric<Name>;
  /** Node.js' own: processor time, memory, event loop, garbage collection, under the names that dashboards know. */
  addProcess(): void;
  readonly contentType: string;
  text(): Promise<string>;
}

export function createMetricSet(): MetricSet {
  const register = new Registry();
  const registers = [register];
  return {
    contentType: register.contentType,
    counter(name, help, labelNames, read) {
      const metric = new Counter({
        name,
        help,
        labelNames,
        registers,
        ...(read && { collect: () => (clearable.clear(), read(clearable)) }),
      });
      const clearable: CounterMetric<(typeof labelNames)[number]> = {
        add: (labels, count) => metric.inc(labels, count),
        clear: () => metric.reset(),
      };
      return clearable;
    },
    gauge(name, help, labelNames, read) {
      const metric = new Gauge({
        name,
        help,
        labelNames,
        registers,
        ...(read && { collect: () => (clearable.clear(), read(clearable)) }),
      });
      const clearable: GaugeMetric<(typeof labelNames)[number]> = {
        set: (labels, value) => metric.set(labels, value),
        clear: () => metric.reset(),
      };
      return clearable;
    },
    histogram(name, help, labelNames, buckets) {
      const metric = new Histogram({ name, help, labelNames, buckets: [...buckets], registers });
      return { observe: (labels, value) => metric.observe(labels, value) };
    },
    addProcess: () => collectDefaultMetrics({ register }),
    text: () => register.metrics(),
  };
}
