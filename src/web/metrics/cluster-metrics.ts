/** The state of the cluster, asked of its scheduler and its distributor once a scrape. */

import type { TotalsReported } from "../../actors/protocol/distributor.js";
import type { NodesReported, TableReported } from "../../actors/protocol/scheduler.js";
import type { ResourceSample } from "../../task/reports.js";
import { splitEpoch } from "../../task/epoch.js";
import type { MetricSet } from "./metric-set.js";

/** One answer each. */
export interface ClusterState {
  readonly nodes: NodesReported;
  readonly table: TableReported;
  readonly totals: TotalsReported;
}

export interface ClusterMetrics {
  /** @param nowMs since the Unix epoch, by the hub's clock */
  set(state: ClusterState, nowMs: number): void;
}

export function createClusterMetrics(metrics: MetricSet): ClusterMetrics {
  const nodes = createNodeMetrics(metrics);
  const scheduler = createSchedulerMetrics(metrics);
  const store = createStoreMetrics(metrics);
  return {
    set({ nodes: reported, table, totals }, nowMs) {
      nodes(reported, nowMs);
      scheduler(table);
      store(totals);
    },
  };
}

function createNodeMetrics(metrics: MetricSet): (reported: NodesReported, nowMs: number) => void {
  const NODE = ["node"] as const;
  const info = metrics.gauge("sluice_node_info", "1 for each node that the scheduler knows.", [
    "node",
    "role",
  ]);
  const excluded = metrics.gauge(
    "sluice_node_excluded_stages",
    "Stages that are not placed on the node, as loading them failed.",
    NODE,
  );
  const held = metrics.counter(
    "sluice_node_held_load_reports_total",
    "How often what the node said that it has loaded had to wait, as it says so too often.",
    NODE,
  );
  const ofSample = createSampleMetrics(metrics);
  return ({ nodes }, nowMs) => {
    info.clear();
    excluded.clear();
    held.clear();
    ofSample.clear();
    for (const { description, sample, failures, heldReports } of nodes) {
      const { name: node, role } = description;
      info.set({ node, role }, 1);
      excluded.set({ node }, failures.length);
      held.add({ node }, heldReports);
      if (sample !== null) ofSample.set(sample, nowMs);
    }
  };
}

interface SampleMetrics {
  set(sample: ResourceSample, nowMs: number): void;
  clear(): void;
}

function createSampleMetrics(metrics: MetricSet): SampleMetrics {
  const gauge = (name: string, help: string) => metrics.gauge(name, help, ["node"]);
  const age = gauge("sluice_node_sample_age_seconds", "Since the newest sample of the node was taken.");
  const cpu = gauge("sluice_node_cpu_ratio", "Share of the processors of the node that is busy, 0 to 1.");
  const cores = gauge("sluice_node_cpus", "Processors that the node may use.");
  const used = gauge("sluice_node_memory_used_bytes", "Memory in use on the machine or in the container.");
  const memory = gauge("sluice_node_memory_total_bytes", "Memory of the machine or of the container.");
  const resident = gauge("sluice_node_resident_bytes", "Resident memory of the node's process.");
  const stall = gauge(
    "sluice_node_loop_stall_seconds",
    "Longest stall of the event loop in the last sample.",
  );
  const failures = gauge("sluice_node_disk_failures", "Stores and journals that cannot be written now.");
  const queued = metrics.gauge("sluice_node_stage_queued_tasks", "Tasks that wait at a stage of the node.", [
    "node",
    "stage",
  ]);
  const parts = [createLinkMetrics(metrics), createBranchMetrics(metrics)];
  const gauges = [age, cpu, cores, used, memory, resident, stall, failures, queued];
  return {
    clear() {
      for (const metric of [...gauges, ...parts]) metric.clear();
    },
    set(sample, nowMs) {
      const { node } = sample;
      age.set({ node }, Math.max(0, nowMs - sample.atMs) / 1_000);
      cpu.set({ node }, sample.cpuShare);
      cores.set({ node }, sample.cpuCount);
      used.set({ node }, sample.memoryUsedBytes);
      memory.set({ node }, sample.memoryTotalBytes);
      resident.set({ node }, sample.residentBytes);
      stall.set({ node }, sample.loopStallMs / 1_000);
      failures.set({ node }, sample.failures?.length ?? 0);
      for (const [stage, tasks] of Object.entries(sample.queued)) queued.set({ node, stage }, tasks);
      for (const part of parts) part.set(sample, nowMs);
    },
  };
}

function createLinkMetrics(metrics: MetricSet): SampleMetrics {
  const rtt = metrics.gauge("sluice_link_rtt_seconds", "Round trip from a node to another.", [
    "node",
    "peer",
  ]);
  const bandwidth = metrics.gauge(
    "sluice_link_bandwidth_bytes_per_second",
    "What a link carries from a node on, as last measured.",
    ["node", "peer"],
  );
  return {
    clear() {
      rtt.clear();
      bandwidth.clear();
    },
    set({ node, links }) {
      for (const [peer, { rttMs, bandwidthMbps }] of Object.entries(links)) {
        rtt.set({ node, peer }, rttMs / 1_000);
        if (bandwidthMbps !== null) bandwidth.set({ node, peer }, (bandwidthMbps * 1e6) / 8);
      }
    },
  };
}

function createBranchMetrics(metrics: MetricSet): SampleMetrics {
  const branches = metrics.counter(
    "sluice_node_branches_total",
    "Branches of tasks, by what the node did with them; a repeated delivery counts again.",
    ["node", "did"],
  );
  const dropped = metrics.counter(
    "sluice_node_branches_dropped_total",
    "Branches of tasks that the node gave up, by reason.",
    ["node", "reason"],
  );
  return {
    clear() {
      branches.clear();
      dropped.clear();
    },
    set({ node, counts }) {
      if (counts === undefined) return;
      for (const did of ["admitted", "received", "forwarded", "processed", "finished"] as const) {
        branches.add({ node, did }, counts[did]);
      }
      for (const [reason, count] of Object.entries(counts.dropped)) dropped.add({ node, reason }, count);
    },
  };
}

function createSchedulerMetrics(metrics: MetricSet): (table: TableReported) => void {
  const epoch = metrics.gauge(
    "sluice_table_epoch",
    "Epoch of the routing table in force, within its term.",
    [],
  );
  const term = metrics.gauge("sluice_table_term", "Term of the scheduler that published it.", []);
  const behind = metrics.gauge(
    "sluice_node_table_behind",
    "1 for a node that has not acknowledged the table in force.",
    ["node"],
  );
  const rate = metrics.gauge(
    "sluice_source_frame_rate_hertz",
    "Frames a second that the plan in force has a source capture.",
    ["source"],
  );
  const height = metrics.gauge(
    "sluice_source_frame_height_pixels",
    "Height of the frames that the plan in force has a source capture.",
    ["source"],
  );
  const decisions = metrics.counter("sluice_scheduler_decisions_total", "Decisions made.", []);
  const failures = metrics.counter(
    "sluice_scheduler_decision_failures_total",
    "Decisions that a policy failed to make; the plan before stayed.",
    [],
  );
  const decision = metrics.gauge("sluice_scheduler_decision_seconds", "What one decision took of late.", [
    "quantile",
  ]);
  return ({ table, acknowledged, overhead }) => {
    for (const metric of [epoch, term, behind, rate, height, decisions, failures]) metric.clear();
    decisions.add({}, overhead.decisions);
    failures.add({}, overhead.failures);
    decision.set({ quantile: "0.5" }, overhead.decisionMs.p50 / 1_000);
    decision.set({ quantile: "0.99" }, overhead.decisionMs.p99 / 1_000);
    if (table === null) return;
    const split = splitEpoch(table.epoch);
    term.set({}, split.term);
    epoch.set({}, split.table);
    for (const [source, { configuration }] of table.sources) {
      rate.set({ source }, configuration.fps);
      height.set({ source }, configuration.height);
    }
    for (const [node, held] of Object.entries(acknowledged)) behind.set({ node }, held < table.epoch ? 1 : 0);
  };
}

function createStoreMetrics(metrics: MetricSet): (totals: TotalsReported) => void {
  const counter = (name: string, help: string) => metrics.counter(name, help, []);
  const pending = metrics.gauge("sluice_store_pending_records", "Received and not yet durable.", []);
  const duplicates = counter("sluice_store_duplicates_total", "Repeated deliveries that changed nothing.");
  const contradictions = counter(
    "sluice_store_contradictions_total",
    "Repeated deliveries that claimed another outcome: the first one stands.",
  );
  const refused = counter(
    "sluice_store_refused_total",
    "Deliveries left unanswered as too many were pending.",
  );
  const unvouched = counter(
    "sluice_store_unvouched_total",
    "Records refused as the node of their source does not vouch for them.",
  );
  const superseded = counter(
    "sluice_store_superseded_total",
    "Results and drops of nodes that had their source before another one.",
  );
  const repairs = counter("sluice_store_repairs_total", "Times that damage to the store was repaired.");
  return (totals) => {
    for (const metric of [duplicates, contradictions, refused, unvouched, superseded, repairs])
      metric.clear();
    pending.set({}, totals.pending);
    duplicates.add({}, totals.duplicates);
    contradictions.add({}, totals.contradictions);
    refused.add({}, totals.refused);
    unvouched.add({}, totals.unvouched);
    superseded.add({}, totals.superseded);
    repairs.add({}, totals.repairs.length);
  };
}
