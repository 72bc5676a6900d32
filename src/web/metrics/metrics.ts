/** Everything that Prometheus may scrape from a hub. */

import type { TaskOutcome } from "../../task/reports.js";
import type { TextAnswer } from "../answer.js";
import { createClusterMetrics, type ClusterState } from "./cluster-metrics.js";
import { createMetricSet } from "./metric-set.js";
import { createSystemMetrics, type SystemPorts } from "./system-metrics.js";
import { createTaskMetrics } from "./task-metrics.js";

export interface Metrics {
  /** To be called once for each task that is settled. */
  observe(outcome: TaskOutcome): void;
  /** From then on the state of the cluster and of the hub is there, too. */
  attach(ports: MetricsPorts): void;
  /** In Prometheus' text format, version 0.0.4. Those who ask at the same time get the same answer. */
  answer(): Promise<TextAnswer>;
}

interface MetricsPorts extends SystemPorts {
  /** Rejects where a part does not answer; the other metrics are given all the same. */
  state(): Promise<ClusterState>;
  now(): number;
}

export function createMetrics(): Metrics {
  const own = createMetricSet();
  const asked = createMetricSet();
  const tasks = createTaskMetrics(own);
  const cluster = createClusterMetrics(asked);
  const complete = own.gauge(
    "sluice_scrape_complete",
    "0 where the scheduler or the distributor did not answer: what they know is missing then.",
    [],
  );
  let attached: MetricsPorts | null = null;
  let scraping: Promise<TextAnswer> | null = null;

  async function scrape(): Promise<TextAnswer> {
    const isThere = attached !== null && (await update(attached));
    complete.set({}, isThere ? 1 : 0);
    const body = (await own.text()) + (isThere ? await asked.text() : "");
    return { status: 200, contentType: own.contentType, body };
  }

  async function update(ports: MetricsPorts): Promise<boolean> {
    try {
      cluster.set(await ports.state(), ports.now());
      return true;
    } catch {
      return false;
    }
  }

  return {
    observe: (outcome) => tasks.observe(outcome),
    attach(ports) {
      attached = ports;
      createSystemMetrics(own, ports);
    },
    answer() {
      scraping ??= scrape().finally(() => (scraping = null));
      return scraping;
    },
  };
}
