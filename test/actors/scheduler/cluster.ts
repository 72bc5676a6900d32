/** Nodes, sources, samples and views for tests of the scheduler. */

import type { NodeDescription, SourceDescription } from "../../../src/task/requests.js";
import type { ResourceSample, TaskOutcome } from "../../../src/task/reports.js";
import { viewCluster, type NodeEntry } from "../../../src/actors/scheduler/cluster-view.js";
import { BandwidthEstimates } from "../../../src/actors/scheduler/bandwidth-estimates.js";
import { ServiceTimes } from "../../../src/actors/scheduler/service-times.js";
import { OutcomeWindow } from "../../../src/scheduling/outcome-window.js";
import type { Load, Plan, PolicyView } from "../../../src/scheduling/policy.js";
import { DEFAULT_CONFIGURATION } from "../../../src/task/configuration.js";
import { parseNodeName, parseSourceId, parseStageId } from "../../../src/task/identity.js";
import { definePipeline } from "../../../src/task/define-pipeline.js";
import { type Pipeline } from "../../../src/task/pipeline.js";
import type { Hop } from "../../../src/task/task.js";
import { SERVICES } from "../../task/pipelines.js";

export const CLOUD = parseNodeName("cloud");
export const EDGE_1 = parseNodeName("edge-1");
export const EDGE_2 = parseNodeName("edge-2");
export const DETECT = parseStageId("detect");
export const TRACK = parseStageId("track");
const ALL = ["detect", "track"];

/** detect -> track */
export function twoStages(version = 1, id = "two"): Pipeline {
  const stages = [
    { id: "detect", service: "detect" },
    { id: "track", service: "track", after: ["detect"] },
  ];
  return definePipeline({ id, version, stages }, SERVICES);
}

export const PIPELINE = twoStages();

export function node(name: string, services: readonly string[] = ALL): NodeDescription {
  return { name: parseNodeName(name), role: name.startsWith("cloud") ? "cloud" : "edge", services };
}

export function source(changes: Partial<SourceDescription> = {}): SourceDescription {
  return {
    id: parseSourceId("cam-1"),
    node: EDGE_1,
    pipeline: PIPELINE,
    configuration: DEFAULT_CONFIGURATION,
    policy: { name: "edge-only", parameters: {} },
    ...changes,
  };
}

export function sample(name: string, changes: Partial<ResourceSample> = {}): ResourceSample {
  return {
    node: parseNodeName(name),
    atMs: 0,
    cpuShare: 0,
    cpuCount: 2,
    memoryUsedBytes: 0,
    memoryTotalBytes: 1_000,
    residentBytes: 0,
    loopStallMs: 0,
    queued: {},
    links: {},
    ...changes,
  };
}

export interface ViewOptions {
  readonly nodes?: readonly NodeDescription[];
  /** By name; those without have none. */
  readonly samples?: readonly ResourceSample[];
  /** When the samples arrived. Default `nowMs`. */
  readonly sampledAtMs?: number;
  /** From the source's node to the cloud. */
  readonly bandwidthMbps?: number;
  readonly observedAtMs?: number;
  /** Further ones, by the nodes at their ends. */
  readonly links?: readonly { readonly from: string; readonly to: string; readonly mbps: number }[];
  readonly recent?: readonly TaskOutcome[];
  readonly others?: Load;
  readonly serviceTimes?: ServiceTimes;
  readonly source?: SourceDescription;
  readonly plan?: Plan | null;
  readonly nowMs?: number;
  readonly seed?: number;
}

export function view(options: ViewOptions = {}): PolicyView {
  const nowMs = options.nowMs ?? 0;
  const entries = new Map<string, NodeEntry>();
  for (const description of options.nodes ?? [node("cloud"), node("edge-1"), node("edge-2")]) {
    const known = options.samples?.find((other) => other.node === description.name) ?? null;
    entries.set(description.name, {
      description,
      sample: known,
      sampledAtMs: options.sampledAtMs ?? nowMs,
      sampledFromMs: null,
    });
  }
  const bandwidths = new BandwidthEstimates();
  const { bandwidthMbps, links = [] } = options;
  const known = bandwidthMbps === undefined ? [] : [{ from: "edge-1", to: "cloud", mbps: bandwidthMbps }];
  for (const { from, to, mbps } of [...known, ...links]) {
    const ends = { from: parseNodeName(from), to: parseNodeName(to) };
    const transfer = { ...ends, bytes: mbps * 125_000, sentAtMs: 0, arrivedAtMs: 1_000 };
    bandwidths.observe(transfer, options.observedAtMs ?? nowMs);
  }
  const { serviceTimes = new ServiceTimes() } = options;
  const cluster = viewCluster(
    { nodes: entries as never, bandwidths, serviceTimes },
    { nowMs, fallback: CLOUD },
  );
  const described = options.source ?? source();
  const window = new OutcomeWindow(0);
  for (const settled of options.recent ?? []) window.add(settled, nowMs);
  const { pause = null, ...plan } = options.plan ?? {};
  return {
    ...cluster,
    source: described,
    native: null,
    sources: new Map(),
    recent: window.report(nowMs, described.slo?.latencyMs ?? null),
    plan: options.plan ? (plan as Plan) : null,
    pauses: pause !== null,
    imageBytesPerPixel: new Map(),
    others: options.others ?? { busyMs: new Map(), mbps: new Map() },
    unsampledBusyMs: new Map(),
    seed: options.seed ?? 1,
  };
}

export function hop(stage: string, at: string, times: Partial<Hop> = {}): Hop {
  return {
    stage: parseStageId(stage),
    node: parseNodeName(at),
    epoch: 1,
    attempt: 1,
    delivery: 1,
    enqueuedAtMs: 0,
    startedAtMs: 0,
    endedAtMs: 0,
    ...times,
  };
}

export function outcome(sequence: number, changes: Partial<TaskOutcome> = {}): TaskOutcome {
  return {
    id: { sourceId: parseSourceId("cam-1"), incarnation: 1, sequence },
    outcome: { status: "stored" },
    pipelineId: PIPELINE.id,
    pipelineVersion: PIPELINE.version,
    configuration: DEFAULT_CONFIGURATION,
    hops: [],
    frameCount: 4,
    payloadBytes: 1_000_000,
    sourceAtMs: 0,
    createdAtMs: 0,
    settledAtMs: 0,
    delivery: 1,
    scene: { objects: 0, size: null, speed: null },
    ...changes,
  };
}
