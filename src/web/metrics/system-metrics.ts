/** The hub's own process: its actors, its links, what it refused, and Node.js itself. */

import type { SinkReport } from "../../task/hub-events.js";
import type { DeadLetters } from "../../runtime/dead-letters.js";
import type { MemoryBudget } from "../../runtime/memory-budget.js";
import type { Cluster } from "../../transport/cluster/cluster.js";
import type { RequestCounts } from "../door.js";
import { createSinkMetrics } from "./sink-metrics.js";
import type { MetricSet } from "./metric-set.js";

/** What the hub's process counts by itself. */
export interface SystemPorts {
  readonly deadLetters: DeadLetters;
  readonly memory: MemoryBudget;
  readonly cluster: Pick<Cluster, "links" | "security" | "members">;
  readonly requests: RequestCounts;
  readonly sinks: () => readonly SinkReport[];
  /** Of the store. */
  readonly nextPosition: () => number;
}

/** Each is read as it is scraped. */
export function createSystemMetrics(
  metrics: MetricSet,
  { deadLetters, memory, cluster, requests, sinks, nextPosition }: SystemPorts,
): void {
  metrics.addProcess();
  metrics.counter(
    "sluice_dead_letters_total",
    "Messages that no actor of the hub handled, by reason.",
    ["reason"],
    (counter) => {
      for (const [reason, count] of Object.entries(deadLetters.countByReason)) counter.add({ reason }, count);
    },
  );
  metrics.counter("sluice_refusals_total", "What the hub refused, by kind.", ["kind"], (counter) => {
    for (const [kind, count] of Object.entries(cluster.security)) counter.add({ kind }, count);
  });
  metrics.gauge(
    "sluice_memory_held_bytes",
    "What other nodes make the hub hold, by what holds it.",
    ["part"],
    (gauge) => {
      for (const part of memory.parts) gauge.set({ part }, memory.usedBy(part));
    },
  );
  metrics.counter(
    "sluice_memory_refused_total",
    "What found no room in the memory of the hub, by what was to hold it.",
    ["part"],
    (counter) => {
      for (const part of memory.parts) counter.add({ part }, memory.refusedTo(part));
    },
  );
  metrics.gauge("sluice_memory_max_bytes", "Of all parts of the memory together.", [], (gauge) => {
    gauge.set({}, memory.bytesMax);
  });
  metrics.counter("sluice_http_requests_total", "Requests answered, by status.", ["status"], (counter) => {
    for (const [status, count] of Object.entries(requests)) counter.add({ status }, count);
  });
  metrics.gauge("sluice_cluster_members", "Members by role, this hub included.", ["role"], (gauge) => {
    const byRole = new Map<string, number>();
    for (const { roles } of cluster.members.values()) {
      for (const role of roles) byRole.set(role, (byRole.get(role) ?? 0) + 1);
    }
    for (const [role, count] of byRole) gauge.set({ role }, count);
  });
  createLinkMetrics(metrics, cluster);
  createSinkMetrics(metrics, { sinks, nextPosition });
}

function createLinkMetrics(metrics: MetricSet, cluster: SystemPorts["cluster"]): void {
  // Operators come and go under a name each.
  const shown = () =>
    cluster.links.filter(
      ({ peer }) => cluster.members.get(peer)?.roles.every((role) => role === "operator") !== true,
    );
  metrics.counter(
    "sluice_hub_link_bytes_total",
    "Bytes over the hub's links to members that are here, by direction as the hub sees it.",
    ["peer", "direction"],
    (counter) => {
      for (const { peer, sentBytes, receivedBytes } of shown()) {
        counter.add({ peer, direction: "sent" }, sentBytes);
        counter.add({ peer, direction: "received" }, receivedBytes);
      }
    },
  );
  metrics.gauge(
    "sluice_hub_link_queued_bytes",
    "Bytes of messages that wait for credit of the peer.",
    ["peer"],
    (gauge) => {
      for (const { peer, queuedBytes } of shown()) gauge.set({ peer }, queuedBytes);
    },
  );
  metrics.counter(
    "sluice_hub_link_refused_total",
    "Messages that found no room on the link, by lane.",
    ["peer", "lane"],
    (counter) => {
      for (const { peer, refused } of shown()) {
        counter.add({ peer, lane: "control" }, refused.control);
        counter.add({ peer, lane: "data" }, refused.data);
      }
    },
  );
}
