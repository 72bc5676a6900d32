/** Views of all kinds, for properties that hold of every policy: DAGs that fork and join, nodes that lack services, links unknown. */

import * as fc from "fast-check";
import { viewCluster, type NodeEntry } from "../../../src/actors/scheduler/cluster-view.js";
import { BandwidthEstimates } from "../../../src/actors/scheduler/bandwidth-estimates.js";
import { OutcomeWindow } from "../../../src/scheduling/outcome-window.js";
import type { Plan, PolicyView } from "../../../src/scheduling/policy.js";
import { ServiceTimes } from "../../../src/actors/scheduler/service-times.js";
import { parseSpace } from "../../../src/task/configuration-space.js";
import { DEFAULT_CONFIGURATION } from "../../../src/task/configuration.js";
import { definePipeline } from "../../../src/task/define-pipeline.js";
import { parseNodeName, type NodeName } from "../../../src/task/identity.js";
import type { Pipeline } from "../../../src/task/pipeline.js";
import { CLOUD, hop, node, outcome, sample, source } from "../../actors/scheduler/cluster.js";
import type { ServiceDeclaration } from "../../../src/task/service.js";

const SERVICE_NAMES = ["s0", "s1", "s2"];
const SERVICES = new Map(
  SERVICE_NAMES.map((name, index): [string, ServiceDeclaration] => [
    name,
    {
      name,
      summary: "",
      inputs: index === 2 ? [] : ["frame"],
      output: "boxes",
      stateful: index === 1,
      module: "file:///none.js",
    },
  ]),
);
const EDGES = ["edge-1", "edge-2", "edge-3"];

/** Stages in one part; each but the first follows one to three before it. */
const pipeline: fc.Arbitrary<Pipeline> = fc
  .array(
    fc.record({
      service: fc.constantFrom(...SERVICE_NAMES),
      after: fc.array(fc.nat(), { minLength: 1, maxLength: 3 }),
    }),
    { minLength: 1, maxLength: 7 },
  )
  .map((drawn) =>
    definePipeline(
      {
        id: "drawn",
        stages: drawn.map(({ service, after }, index) => ({
          id: `stage-${index}`,
          service,
          after: index === 0 ? [] : [...new Set(after.map((at) => `stage-${at % index}`))],
        })),
      },
      SERVICES,
    ),
  );

const space = fc.record({
  fps: fc.subarray([1, 5, 10, 15], { minLength: 1 }),
  resolution: fc.subarray(["160x90", "320x180", "640x360", "1280x720"], { minLength: 1 }),
  quality: fc.subarray([30, 60, 80], { minLength: 1 }),
  encoding: fc.subarray(["jpeg", "rgb"], { minLength: 1 }),
});

const wide = fc.oneof(fc.double({ min: 0, max: 1e9, noNaN: true }), fc.constantFrom(0, 1e-9, 1e12));

export interface Drawn {
  /** The view of a round, given the plan in force. */
  readonly at: (plan: Plan | null, round: number) => PolicyView;
}

export const drawnViews: fc.Arbitrary<Drawn> = fc
  .record({
    pipeline,
    space: fc.option(space),
    slo: fc.option(
      fc.record({
        latencyMs: fc.integer({ min: 1, max: 5_000 }),
        yields: fc.constantFrom("detail", "latency"),
      }),
    ),
    home: fc.constantFrom(...EDGES, "cloud"),
    offers: fc.array(fc.subarray(SERVICE_NAMES), { minLength: 4, maxLength: 4 }),
    present: fc.subarray(["cloud", ...EDGES]),
    loads: fc.array(wide, { minLength: 4, maxLength: 4 }),
    links: fc.array(
      fc.record({
        from: fc.constantFrom("cloud", ...EDGES),
        to: fc.constantFrom("cloud", ...EDGES),
        mbps: wide,
      }),
    ),
    tookMs: fc.array(wide, { maxLength: 40 }),
    hopMs: fc.array(wide, { maxLength: 8 }),
    seed: fc.integer(),
  })
  .map((drawn) => ({ at: (plan, round) => viewOf(drawn, plan, round) }));

function viewOf(
  drawn: {
    readonly pipeline: Pipeline;
    readonly space: unknown;
    readonly slo: { readonly latencyMs: number; readonly yields: string } | null;
    readonly home: string;
    readonly offers: readonly string[][];
    readonly present: readonly string[];
    readonly loads: readonly number[];
    readonly links: readonly { readonly from: string; readonly to: string; readonly mbps: number }[];
    readonly tookMs: readonly number[];
    readonly hopMs: readonly number[];
    readonly seed: number;
  },
  plan: Plan | null,
  round: number,
): PolicyView {
  const nowMs = round * 7_000;
  const nodes = new Map<NodeName, NodeEntry>();
  for (const [index, name] of ["cloud", ...EDGES].entries()) {
    // Nodes come and go.
    if (!drawn.present.includes(name) && round % 2 === 1) continue;
    const load = drawn.loads[index] ?? 0;
    const described = sample(name, { cpuShare: load / 1e9, memoryUsedBytes: load });
    const taken = round === 0 ? null : described;
    const sampledAtMs = nowMs - (load % 9_000);
    nodes.set(parseNodeName(name), {
      description: node(name, drawn.offers[index]),
      sample: taken,
      sampledAtMs,
      sampledFromMs: null,
    });
  }
  const bandwidths = new BandwidthEstimates();
  for (const { from, to, mbps } of drawn.links) {
    const ends = { from: parseNodeName(from), to: parseNodeName(to) };
    bandwidths.observe(
      { ...ends, bytes: Math.max(20_000, mbps * 125), sentAtMs: 0, arrivedAtMs: 1 + round },
      0,
    );
  }
  const serviceTimes = new ServiceTimes();
  const stages = drawn.pipeline.stages.map(({ id }) => id);
  for (const [index, ms] of drawn.hopMs.entries()) {
    const at = ["cloud", ...EDGES][index % 4] ?? "cloud";
    const stage = stages[index % stages.length] ?? "none";
    serviceTimes.observe(outcome(index, { hops: [hop(stage, at, { endedAtMs: ms })] }), drawn.pipeline, 0);
  }
  const window = new OutcomeWindow(0);
  for (const [index, ms] of drawn.tookMs.entries()) {
    const dropped = { status: "dropped", reason: "deadline" } as const;
    window.add(outcome(index, { settledAtMs: ms, ...(index % 5 === 4 && { outcome: dropped }) }), nowMs);
  }
  const described = source({
    node: parseNodeName(drawn.home),
    pipeline: drawn.pipeline,
    configuration: DEFAULT_CONFIGURATION,
    ...(drawn.space !== null && { space: parseSpace(drawn.space) }),
    ...(drawn.slo !== null && {
      slo: {
        latencyMs: drawn.slo.latencyMs,
        percentile: 95,
        yields: drawn.slo.yields === "detail" ? "detail" : "latency",
      },
    }),
  });
  return {
    ...viewCluster({ nodes, bandwidths, serviceTimes }, { nowMs, fallback: CLOUD }),
    source: described,
    native: null,
    sources: new Map(),
    plan,
    pauses: plan?.pause !== undefined,
    recent: window.report(nowMs, described.slo?.latencyMs ?? null),
    imageBytesPerPixel: new Map([["jpeg/80", 0.05]]),
    others: { busyMs: new Map([[CLOUD, drawn.loads[0] ?? 0]]), mbps: new Map() },
    unsampledBusyMs: new Map([[parseNodeName("edge-1"), (drawn.loads[1] ?? 0) - 500]]),
    seed: drawn.seed + round,
  };
}
