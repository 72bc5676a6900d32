/** How the sinks of a hub do. */

import type { SinkReport } from "../../task/hub-events.js";
import type { MetricSet } from "./metric-set.js";

export interface SinkPorts {
  readonly sinks: () => readonly SinkReport[];
  /** Of the store. */
  readonly nextPosition: () => number;
}

/** Each is read as it is scraped. Sinks are named in the configuration, so their number is bounded. */
export function createSinkMetrics(metrics: MetricSet, { sinks, nextPosition }: SinkPorts): void {
  const counts = [
    ["sluice_sink_delivered_records_total", "Records that a sink has taken.", "delivered"],
    [
      "sluice_sink_delivery_failures_total",
      "Deliveries to a sink that failed, and were tried again.",
      "failures",
    ],
    ["sluice_sink_refused_records_total", "Records that a sink will never take.", "refused"],
    [
      "sluice_sink_expired_records_total",
      "Records that retention deleted before a sink took them.",
      "expired",
    ],
  ] as const;
  for (const [name, help, field] of counts) {
    metrics.counter(name, help, ["sink"], (counter) => {
      for (const report of sinks()) counter.add({ sink: report.sink }, report[field]);
    });
  }
  metrics.gauge("sluice_sink_up", "1 while a sink takes what it is sent.", ["sink", "kind"], (gauge) => {
    for (const { sink, kind, isUp } of sinks()) gauge.set({ sink, kind }, isUp ? 1 : 0);
  });
  metrics.gauge(
    "sluice_sink_behind_records",
    "Positions of the store that a sink has still to come by.",
    ["sink"],
    (gauge) => {
      for (const report of sinks()) {
        gauge.set({ sink: report.sink }, Math.max(0, nextPosition() - report.nextPosition));
      }
    },
  );
}
