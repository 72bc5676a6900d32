/**
 * What a cluster does with the plans of one source, second by second: a link from the edge to the cloud whose bandwidth a test
 * sets, services that take their time, queues that grow where more is asked than there is, and a window that bounds them.
 * Outcomes, hops and probes tell the policy of it as they would in a real cluster, and no sooner.
 */

import { viewCluster, type NodeEntry } from "../../../src/actors/scheduler/cluster-view.js";
import { BandwidthEstimates, transfersOf } from "../../../src/actors/scheduler/bandwidth-estimates.js";
import { loadOf, needOf } from "../../../src/scheduling/load.js";
import { OutcomeWindow } from "../../../src/scheduling/outcome-window.js";
import { completePlan, samePlan } from "../../../src/scheduling/plan.js";
import { createPolicies, startPolicy } from "../../../src/scheduling/policies.js";
import type { Plan, PolicyView } from "../../../src/scheduling/policy.js";
import { ServiceTimes } from "../../../src/actors/scheduler/service-times.js";
import { parseObjective, parseSpace } from "../../../src/task/configuration-space.js";
import { parseConfiguration, type Configuration } from "../../../src/task/configuration.js";
import type { TaskOutcome } from "../../../src/task/reports.js";
import {
  CLOUD,
  EDGE_1,
  hop,
  node,
  outcome,
  PIPELINE,
  sample,
  source,
} from "../../actors/scheduler/cluster.js";

/** Of one frame, in ms: the edge is slow and has two processors, the cloud is fast and has eight. */
const FRAME_MS = { "edge-1": 90, cloud: 8 };
const CPUS = { "edge-1": 2, cloud: 8 };
const RTT_MS = 10;
const WINDOW_TASKS = 16;
const PROBE_S = 10;
/** Changes count from here on: before it, a policy finds out how things are. */
const SETTLED_S = 45;

export interface PlantOptions {
  readonly policy: string;
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** Mbit/s of the link in each second. */
  readonly link: (second: number) => number;
  readonly seconds: number;
  readonly latencyMs?: number;
  /** How many times slower the cloud is in each second. Default 1. */
  readonly slowness?: (second: number) => number;
}

export interface Moment {
  readonly second: number;
  readonly plan: Plan;
  readonly needMbps: number;
  /** Of the tasks that were stored in this second; null where none was. */
  readonly latencyMs: number | null;
  readonly reason: string;
}

/** Runs a policy against the plant. */
export function runPlant(options: PlantOptions): {
  readonly moments: readonly Moment[];
  readonly changes: number;
} {
  const { latencyMs = 500, slowness = () => 1 } = options;
  const described = source({
    configuration: parseConfiguration({
      resolution: "640x360",
      fps: 10,
      framesPerTask: 1,
      encoding: "jpeg",
      quality: 80,
    }),
    space: parseSpace({
      resolution: ["160x90", "320x180", "640x360"],
      fps: [2, 5, 10],
      quality: [40, 80],
    }),
    slo: parseObjective({ latencyMs }),
  });
  let run = startPolicy(createPolicies(), { name: options.policy, parameters: options.parameters ?? {} });
  let plan: Plan | null = null;
  let epoch = 0;
  let changes = 0;
  let backlogMs = 0;
  let measured: { readonly mbps: number; readonly second: number } | null = null;
  const window = new OutcomeWindow(0);
  const bandwidths = new BandwidthEstimates();
  const serviceTimes = new ServiceTimes();
  const moments: Moment[] = [];
  for (let second = 0; second < options.seconds; second++) {
    const nowMs = second * 1_000;
    const mbps = options.link(second);
    const probed = measured;
    const links =
      probed === null
        ? { cloud: { rttMs: RTT_MS, bandwidthMbps: null } }
        : {
            cloud: {
              rttMs: RTT_MS,
              bandwidthMbps: probed.mbps,
              bandwidthAgeMs: (second - probed.second) * 1_000,
            },
          };
    const entries = new Map([
      [CLOUD, entryOf("cloud", {}, nowMs)],
      [EDGE_1, entryOf("edge-1", links, nowMs)],
    ]);
    const view: PolicyView = {
      ...viewCluster({ nodes: entries, bandwidths, serviceTimes }, { nowMs, fallback: CLOUD }),
      source: described,
      native: null,
      sources: new Map(),
      plan,
      pauses: plan?.pause !== undefined,
      recent: window.report(nowMs, latencyMs),
      imageBytesPerPixel: new Map(),
      others: { busyMs: new Map(), mbps: new Map() },
      unsampledBusyMs: new Map(),
      seed: second,
    };
    const decided = run.decide(view);
    run = decided.run;
    const next: Plan = completePlan(decided.plan, { ...view, accepted: null });
    if (plan === null || !samePlan(plan, next)) {
      if (second >= SETTLED_S) changes++;
      plan = next;
      epoch++;
      window.restart({ configuration: plan.configuration, epoch, atMs: nowMs, pipelineVersion: 1 }, nowMs);
    }
    const flow = flowOf(plan, { mbps, slowness: slowness(second), view });
    // What is asked beyond what the narrowest place does piles up, as far as the window lets it.
    const taskMs = 1_000 / needOf(plan.configuration, new Map()).tasksPerS;
    backlogMs = Math.max(
      0,
      Math.min(WINDOW_TASKS * flow.slowestMs, backlogMs + 1_000 * (flow.slowestMs / taskMs - 1)),
    );
    const tookMs = backlogMs + flow.throughMs;
    const count = Math.min(Math.floor(1_000 / Math.max(taskMs, flow.slowestMs)), 30);
    for (let index = 0; index < count; index++) {
      const settledAtMs = nowMs + ((index + 1) * 1_000) / count;
      const learned = outcomeOf(plan, { settledAtMs, tookMs, transferMs: flow.transferMs, epoch });
      window.add(learned, settledAtMs);
      serviceTimes.observe(learned, PIPELINE, settledAtMs);
      for (const transfer of transfersOf(learned, { pipeline: PIPELINE, sourceNode: EDGE_1 })) {
        bandwidths.observe(transfer, settledAtMs, RTT_MS);
      }
    }
    if (second % PROBE_S === PROBE_S - 1) measured = { mbps, second };
    const { mbps: needMbps } = needOf(plan.configuration, new Map());
    moments.push({
      second,
      plan,
      needMbps,
      latencyMs: count === 0 ? null : tookMs,
      reason: decided.why.reason,
    });
  }
  return { moments, changes };
}

function entryOf(
  name: "cloud" | "edge-1",
  links: NonNullable<Parameters<typeof sample>[1]>["links"],
  nowMs: number,
): NodeEntry {
  const changes = { cpuCount: CPUS[name], cpuShare: 0.2, ...(links && { links }) };
  const capacity = { provider: "cpu", workersPerStage: CPUS[name] };
  return {
    description: { ...node(name), capacity },
    sample: sample(name, changes),
    sampledAtMs: nowMs,
    sampledFromMs: null,
  };
}

/** What one task meets on its way, in ms: all of it, and the place that takes longest for each. */
function flowOf(
  plan: Plan,
  { mbps, slowness, view }: { readonly mbps: number; readonly slowness: number; readonly view: PolicyView },
): { readonly throughMs: number; readonly slowestMs: number; readonly transferMs: number } {
  const { framesPerTask } = plan.configuration;
  const { bytesPerTask } = needOf(plan.configuration, new Map());
  const { crossings } = loadOf(plan, view);
  const transferMs = crossings.length * ((bytesPerTask * 8) / 1_000 / mbps);
  let stagesMs = 0;
  const busyMs = { cloud: 0, "edge-1": 0 };
  for (const [first] of plan.placement.values()) {
    const at = first === CLOUD ? "cloud" : "edge-1";
    const ms = FRAME_MS[at] * framesPerTask * (at === "cloud" ? slowness : 1);
    stagesMs += ms;
    busyMs[at] += ms;
  }
  const slowestMs = Math.max(transferMs, busyMs.cloud / CPUS.cloud, busyMs["edge-1"] / CPUS["edge-1"]);
  return { throughMs: transferMs + stagesMs + RTT_MS, slowestMs, transferMs };
}

function outcomeOf(
  plan: Plan,
  {
    settledAtMs,
    tookMs,
    transferMs,
    epoch,
  }: { settledAtMs: number; tookMs: number; transferMs: number; epoch: number },
): TaskOutcome {
  const { configuration } = plan;
  const { bytesPerTask } = needOf(configuration, new Map());
  const hops = PIPELINE.stages.map(({ id }, index) => {
    const at = plan.placement.get(id)?.[0] ?? CLOUD;
    const startedAtMs = settledAtMs - 1;
    const endedAtMs = startedAtMs + FRAME_MS[at === CLOUD ? "cloud" : "edge-1"] * configuration.framesPerTask;
    const crossed = index === 0 && transferMs > 0;
    const sent = crossed
      ? { sentAtMs: settledAtMs - transferMs - RTT_MS / 2, enqueuedAtMs: settledAtMs }
      : {};
    return hop(id, at, { epoch, startedAtMs, endedAtMs, ...sent });
  });
  return outcome(settledAtMs, {
    configuration,
    hops,
    frameCount: configuration.framesPerTask,
    payloadBytes: Math.round(bytesPerTask),
    sourceAtMs: settledAtMs - tookMs,
    createdAtMs: settledAtMs - tookMs,
    settledAtMs,
  });
}

/** The configuration of each change, for a message. */
export function describeChanges(moments: readonly Moment[]): string {
  const lines: string[] = [];
  let before: Plan | null = null;
  for (const { second, plan, reason } of moments) {
    if (before === null || !samePlan(before, plan))
      lines.push(
        `${second} s: ${describe(plan.configuration)} on ${[...plan.placement.values()].map(([first]) => first).join(", ")}: ${reason}`,
      );
    before = plan;
  }
  return lines.join("\n");
}

function describe({ width, height, fps, quality, encoding }: Configuration): string {
  return `${width}x${height}@${fps} ${encoding} ${quality}`;
}
