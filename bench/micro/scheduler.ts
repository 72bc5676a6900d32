/**
 * What deciding costs: 100 sources x 5 stages x 20 nodes, by policy.
 *
 * Measured, with fresh samples of all nodes before every round:
 * - decision: one source under its policy, checked and compared with the plan in force (goal p99 <= 1.5 ms);
 * - round: the same for all 100 sources, the view of the cluster included, as at a tick;
 * - tick: a round inside the actor, and where something changed the new table, sent to 20 controllers.
 * Not measured: the wire, the controllers' side, mailboxes.
 *
 * Usage: node dist/bench/micro/scheduler.js [rounds, default 500]
 */

import type { ControllerMessage } from "../../src/actors/protocol/controller.js";
import type { NodeDescription, SourceDescription } from "../../src/task/requests.js";
import { viewCluster, type NodeEntry } from "../../src/actors/scheduler/cluster-view.js";
import { BandwidthEstimates } from "../../src/actors/scheduler/bandwidth-estimates.js";
import { ServiceTimes } from "../../src/actors/scheduler/service-times.js";
import { OutcomeWindow } from "../../src/scheduling/outcome-window.js";
import { createInlineDecisions } from "../../src/actors/scheduler/inline-decisions.js";
import { createPolicies } from "../../src/scheduling/policies.js";
import { createSchedulerRetained } from "../../src/actors/scheduler/retained.js";
import { createScheduler } from "../../src/actors/scheduler/scheduler.js";
import { DECISION_LIMITS } from "../../src/scheduling/ask-policy.js";
import { decideRound, type RoundTurn } from "../../src/scheduling/round.js";
import { parseSpace } from "../../src/task/configuration-space.js";
import { DEFAULT_CONFIGURATION } from "../../src/task/configuration.js";
import { parseNodeName, parseSourceId, type NodeName } from "../../src/task/identity.js";
import { definePipeline } from "../../src/task/define-pipeline.js";
import { validateTable } from "../../src/task/routing-table.js";
import type { ServiceDeclaration } from "../../src/task/service.js";
import { fold, seeded } from "../../test/support/fold.js";
import { createProbe } from "../../test/support/probe.js";
import { percentile, report, rounded, type Row } from "../report.js";
import { createMemoryTrust } from "../../src/storage/trust/trust.js";

const SOURCES = 100;
const STAGES = 5;
const NODES = 20;
const rounds = Number(process.argv[2] ?? 500);
const warmUp = Math.ceil(rounds / 5);

const CLOUD = parseNodeName("cloud");
const edgeOf = (index: number): NodeName => parseNodeName(`edge-${1 + (index % (NODES - 1))}`);
const services = Array.from({ length: STAGES }, (_, index): ServiceDeclaration => ({
  name: `service-${index}`,
  summary: "",
  inputs: ["frame"],
  output: "boxes",
  stateful: false,
  module: "file:///none.js",
}));
const names = services.map(({ name }) => name);
const pipeline = definePipeline(
  {
    id: "bench",
    stages: names.map((service, index) => ({
      id: `stage-${index}`,
      service,
      after: index === 0 ? [] : [`stage-${index - 1}`],
    })),
  },
  new Map(services.map((service) => [service.name, service])),
);
const descriptions: readonly NodeDescription[] = [
  { name: CLOUD, role: "cloud", services: names },
  ...Array.from({ length: NODES - 1 }, (_, index): NodeDescription => ({
    name: edgeOf(index),
    role: "edge",
    services: names,
  })),
];
const POLICIES = [
  {
    name: "fixed",
    parameters: {
      configuration: { fps: 5 },
      placement: Object.fromEntries(pipeline.stages.map(({ id }, i) => [id, edgeOf(i)])),
    },
  },
  { name: "cloud-only", parameters: {} },
  { name: "edge-only", parameters: {} },
  { name: "dynamic", parameters: {} },
  // No damping at all: every round draws again wherever a freer edge is seen.
  {
    name: "dynamic",
    parameters: { unknownBandwidth: "edge", dwellMsMin: 0, improvementMin: 0 },
    label: "dynamic, undamped",
  },
  { name: "fc", parameters: {} },
  { name: "negative-feedback", parameters: {} },
  { name: "two-timescale", parameters: { macroMs: 1_000 }, label: "two-timescale, searching" },
  { name: "predictive", parameters: {} },
  { name: "guard", parameters: { policy: { name: "predictive" } } },
];

const SPACE = parseSpace({
  resolution: ["320x180", "640x360", "1280x720"],
  fps: [2, 5, 10],
  encoding: ["jpeg", "rgb"],
  quality: [40, 60, 80],
});

const sourcesFor = (policy: (typeof POLICIES)[number]): readonly SourceDescription[] =>
  Array.from({ length: SOURCES }, (_, index) => ({
    id: parseSourceId(`cam-${index}`),
    node: edgeOf(index),
    pipeline,
    configuration: DEFAULT_CONFIGURATION,
    space: SPACE,
    policy,
  }));

function sampleOf(node: NodeName, atMs: number, random: () => number) {
  return {
    node,
    atMs,
    cpuShare: random(),
    cpuCount: 4,
    memoryUsedBytes: random() * 1e9,
    memoryTotalBytes: 1e9,
    residentBytes: 1e8,
    loopStallMs: 1,
    queued: {},
    links: {},
  };
}

function quantiles(valuesMs: readonly number[]): Row {
  const at = (share: number) => rounded(percentile(valuesMs, share) * 1_000);
  return { "p50 us": at(0.5), "p99 us": at(0.99), samples: valuesMs.length };
}

function benchDecisions(policy: (typeof POLICIES)[number]): { decisions: number[]; rounds: number[] } {
  const registry = createPolicies();
  const random = seeded(1);
  const window = new OutcomeWindow(0);
  let turns: readonly RoundTurn[] = sourcesFor(policy).map((source, index) => ({
    source,
    plan: null,
    recent: window.report(0, null),
    imageBytesPerPixel: new Map(),
    excluded: new Map(),
    kept: null,
    fenced: null,
    shadow: null,
    seed: index,
  }));
  const nodes = new Map<NodeName, NodeEntry>();
  const bandwidths = new BandwidthEstimates();
  const serviceTimes = new ServiceTimes();
  const decisions: number[] = [];
  const wholes: number[] = [];
  for (let round = 0; round < warmUp + rounds; round++) {
    const nowMs = round * 1_000;
    for (const description of descriptions) {
      nodes.set(description.name, {
        description,
        sample: sampleOf(description.name, nowMs, random),
        sampledAtMs: nowMs,
        sampledFromMs: nowMs - 1_000,
      });
    }
    const roundStartedMs = performance.now();
    const known = { nodes, bandwidths, serviceTimes };
    const cluster = { ...viewCluster(known, { nowMs, fallback: CLOUD }), unsampledBusyMs: new Map() };
    const planned = { busyMs: new Map(), mbps: new Map() };
    const { answers } = decideRound(
      { cluster, planned, sources: new Map(), turns },
      { policies: registry, limits: DECISION_LIMITS, monotonic: () => performance.now(), onTurn: () => {} },
    );
    turns = turns.map((turn, index) => {
      const answer = answers[index];
      if (answer?.status !== "decided") throw new Error(`It must decide: ${JSON.stringify(answer)}`);
      if (round >= warmUp) decisions.push(answer.tookMs);
      const { plan, kept } = answer;
      return { ...turn, plan, kept: kept ?? turn.kept, seed: round * SOURCES + index };
    });
    if (round >= warmUp) wholes.push(performance.now() - roundStartedMs);
  }
  return { decisions, rounds: wholes };
}

function benchTicks(policy: (typeof POLICIES)[number]): { ticks: number[]; tables: number } {
  const retained = createSchedulerRetained();
  const scheduler = fold(
    createScheduler(
      {
        term: 1,
        epoch: 0,
        fallback: CLOUD,
        decisions: createInlineDecisions(createPolicies()),
        intervalMs: 1e9,
        moveLimits: {},
        nodesMax: NODES,
        sourcesMax: SOURCES,
        sourcesPerNodeMax: SOURCES,
        pipelinesPerNodeMax: SOURCES,
        owners: createMemoryTrust().owners,
        listener: null,
      },
      retained,
    ),
  );
  const random = seeded(1);
  for (const node of descriptions) {
    const controller = createProbe<ControllerMessage>();
    const discard = { ...controller, tell: () => {} };
    scheduler.tell({ type: "registerNode", node, controller: discard });
  }
  for (const source of sourcesFor(policy)) scheduler.tell({ type: "registerSource", source });
  const ticks: number[] = [];
  const firstEpoch = retained.table?.epoch ?? 0;
  for (let round = 0; round < warmUp + rounds; round++) {
    scheduler.clock.advance(1_000);
    for (const { name } of descriptions) {
      scheduler.tell({
        type: "resourcesSampled",
        sample: sampleOf(name, scheduler.clock.now(), random),
      });
    }
    const startedMs = performance.now();
    scheduler.tell({ type: "tick" });
    if (round >= warmUp) ticks.push(performance.now() - startedMs);
  }
  const { table } = retained;
  if (table === null || table.sources.size !== SOURCES || validateTable(table).length > 0) {
    throw new Error("The table must carry every source and be valid");
  }
  return { ticks, tables: table.epoch - firstEpoch };
}

const rows: Record<string, Row> = {};
for (const policy of POLICIES) {
  const name = policy.label ?? policy.name;
  const { decisions, rounds: wholes } = benchDecisions(policy);
  const { ticks, tables } = benchTicks(policy);
  rows[`${name}: decision`] = { ...quantiles(decisions), "tables a tick": "", goal: "p99 <= 1500 us" };
  rows[`${name}: round`] = quantiles(wholes);
  rows[`${name}: tick`] = { ...quantiles(ticks), "tables a tick": rounded(tables / (warmUp + rounds)) };
}
report(`Deciding: ${SOURCES} sources x ${STAGES} stages x ${NODES} nodes, ${rounds} rounds`, rows);
