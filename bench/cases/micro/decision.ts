/**
 * Decisions for 100 sources x 5 stages x 20 nodes, all of which is known: service times, links both ways, outcomes of every source.
 *
 * Between two rounds samples and links have changed, and some sources are late, so that policies have something to decide.
 */

import { BandwidthEstimates } from "../../../src/actors/scheduler/bandwidth-estimates.js";
import { viewCluster, type NodeEntry } from "../../../src/actors/scheduler/cluster-view.js";
import type { DecisionEvent } from "../../../src/actors/scheduler/decision-port.js";
import { openDecisionThread } from "../../../src/actors/scheduler/decision-thread.js";
import { ServiceTimes } from "../../../src/actors/scheduler/service-times.js";
import { DECISION_LIMITS } from "../../../src/scheduling/ask-policy.js";
import { OutcomeWindow } from "../../../src/scheduling/outcome-window.js";
import { createPolicies } from "../../../src/scheduling/policies.js";
import {
  decideRound,
  type RoundRequest,
  type RoundTurn,
  type TurnAnswer,
} from "../../../src/scheduling/round.js";
import { parseObjective, parseSpace } from "../../../src/task/configuration-space.js";
import { DEFAULT_CONFIGURATION } from "../../../src/task/configuration.js";
import { definePipeline } from "../../../src/task/define-pipeline.js";
import { parseNodeName, parseSourceId, type NodeName } from "../../../src/task/identity.js";
import type { PolicySpec } from "../../../src/task/requests.js";
import type { ServiceDeclaration } from "../../../src/task/service.js";
import { hop, outcome, sample } from "../../../test/actors/scheduler/cluster.js";
import { seeded } from "../../../test/support/fold.js";
import type { BenchCase, OpenSubject, Round, Subject } from "../../harness/case.js";

const SOURCES = 100;
const STAGES = 5;
const NODES = 20;
/** Outcomes of each source. */
const OUTCOMES = 128;
const CLOUD = parseNodeName("cloud");
const edgeOf = (index: number): NodeName => parseNodeName(`edge-${1 + (index % (NODES - 1))}`);
const names = [CLOUD, ...Array.from({ length: NODES - 1 }, (_, index) => edgeOf(index))];
const services = Array.from({ length: STAGES }, (_, index): ServiceDeclaration => ({
  name: `service-${index}`,
  summary: "",
  inputs: index < 2 ? ["frame"] : [],
  output: "boxes",
  stateful: false,
  module: "file:///none.js",
}));
/** A line that forks and joins. */
const pipeline = definePipeline(
  {
    id: "bench",
    stages: services.map(({ name }, index) => ({
      id: `stage-${index}`,
      service: name,
      after: [[], ["stage-0"], ["stage-0"], ["stage-1", "stage-2"], ["stage-3"]][index],
    })),
  },
  new Map(services.map((service) => [service.name, service])),
);
const space = parseSpace({
  resolution: ["320x180", "640x360", "1280x720"],
  fps: [2, 5, 10],
  encoding: ["jpeg", "rgb"],
  quality: [40, 60, 80],
});
const slo = parseObjective({ latencyMs: 500 });
const profile = services.flatMap(({ name }) =>
  names.map((node) => ({ work: name, node, width: 640, height: 360, frameMs: 9, p95Ms: 12, count: 50 })),
);

const ONLINE: readonly PolicySpec[] = [
  { name: "predictive", parameters: {} },
  { name: "fixed", parameters: { configuration: { fps: 5 } } },
  { name: "dynamic", parameters: {} },
  { name: "offline-profile", parameters: { profile } },
  { name: "online-profile", parameters: { profile } },
  { name: "fc", parameters: {} },
  { name: "negative-feedback", parameters: {} },
  { name: "gecko", parameters: {} },
  { name: "adamec", parameters: {} },
  { name: "madeye", parameters: {} },
  { name: "chameleon", parameters: {} },
  { name: "two-timescale", parameters: { macroMs: 1_000 } },
  { name: "guard", parameters: { policy: { name: "predictive" } } },
];

/** None is ended for being slow: that is what is measured. */
const LIMITS = { ...DECISION_LIMITS, decisionMs: 60_000 };
const EXCLUDES = "the thread, the wire, the table";

export const decision: BenchCase = {
  name: "micro/decision",
  kind: "latency",
  operation: "decisions",
  measures: `A decision for one of ${SOURCES} sources x ${STAGES} stages x ${NODES} nodes, by policy.`,
  excludes: EXCLUDES,
  goals: [{ statistic: "p99", atMost: 1.5, every: true }],
  subjects: subjectsOf((tookMs, round) => {
    for (const ms of tookMs.each) round.took(ms);
  }),
};

export const decisionRound: BenchCase = {
  name: "micro/decision-round",
  kind: "latency",
  operation: "rounds",
  measures: `A round of decisions for all of ${SOURCES} sources x ${STAGES} stages x ${NODES} nodes, the view of the cluster included.`,
  excludes: EXCLUDES,
  goals: [{ statistic: "p99", atMost: 150, every: true }],
  subjects: subjectsOf(({ whole }, round) => round.took(whole)),
};

/** What a round costs: unlike its time, that is the same however busy the machine is. */
export const decisionWork: BenchCase = {
  name: "micro/decision-work",
  kind: "amount",
  operation: "ms of a processor",
  measures: `What a round of decisions for all of ${SOURCES} sources x ${STAGES} stages x ${NODES} nodes takes of the processors, the view of the cluster and garbage collection included.`,
  excludes: EXCLUDES,
  goals: [{ statistic: "value", atMost: 150, every: true }],
  subjects: subjectsOf(({ workMs }, round) => round.amounts(workMs)),
};

/** As the hub asks: the round copied to the thread of policies, decided there, and its answers copied back. */
export const decisionTrip: BenchCase = {
  name: "micro/decision-trip",
  kind: "latency",
  operation: "rounds",
  measures: `A round of decisions for all of ${SOURCES} sources x ${STAGES} stages x ${NODES} nodes, the view of the cluster and the way to the thread and back included.`,
  excludes: "the wire, the table",
  goals: [{ statistic: "p99", atMost: 150, every: true }],
  subjects: subjectsOf(({ whole }, round) => round.took(whole), {
    opened: openOnThread,
    of: ONLINE.slice(0, 3),
  }),
};

interface Took {
  readonly each: readonly number[];
  readonly whole: number;
  /** Of all threads of this process. */
  readonly workMs: number;
}

type Tell = (took: Took, round: Round) => void;

function subjectsOf(
  tell: Tell,
  { opened = openHere, of = ONLINE }: { readonly opened?: typeof openHere; readonly of?: typeof ONLINE } = {},
): readonly [Subject, ...Subject[]] {
  const [first, ...others] = of.map((policy): Subject => ({
    name: policy.name,
    open: () => opened(policy, tell),
  }));
  if (first === undefined) throw new TypeError("There must be a policy");
  return [first, ...others];
}

function openHere(policy: PolicySpec, tell: Tell): Promise<OpenSubject> {
  const policies = createPolicies();
  const tools = { policies, limits: LIMITS, monotonic: () => performance.now(), onTurn: () => {} };
  const decideAll = cluster(policy, (request) => Promise.resolve(decideRound(request, tools).answers));
  return Promise.resolve({ run: (round) => runRounds(decideAll, { tell, round }), close: () => {} });
}

async function openOnThread(policy: PolicySpec, tell: Tell): Promise<OpenSubject> {
  const thread = await openDecisionThread({ limits: LIMITS });
  let job = 0;
  let answered: (event: DecisionEvent) => void = () => {};
  thread.attach({ tell: (event) => answered(event), monotonic: () => performance.now() });
  const decideAll = cluster(policy, async (request) => {
    const answer = new Promise<DecisionEvent>((resolve) => (answered = resolve));
    thread.decide(++job, request);
    const event = await answer;
    if (event.type !== "roundDecided") throw new Error(`It must decide: ${JSON.stringify(event)}`);
    return event.answers;
  });
  return { run: (round) => runRounds(decideAll, { tell, round }), close: () => thread.close() };
}

async function runRounds(
  decideAll: () => Promise<Took>,
  { tell, round }: { readonly tell: Tell; readonly round: Round },
): Promise<void> {
  do tell(await decideAll(), round);
  while (!round.over);
}

/** A cluster under one policy: each call is a round, a second after the one before. */
function cluster(
  policy: PolicySpec,
  ask: (request: RoundRequest) => Promise<readonly TurnAnswer[]>,
): () => Promise<Took> {
  const random = seeded(1);
  const serviceTimes = new ServiceTimes();
  for (const node of names) {
    for (let sequence = 0; sequence < 16; sequence++) {
      const endedAtMs = node === CLOUD ? 4 : 6 + 10 * random();
      const hops = pipeline.stages.map(({ id }) => hop(id, node, { endedAtMs }));
      serviceTimes.observe(outcome(sequence, { frameCount: 1, hops }), pipeline, 0);
    }
  }
  const window = new OutcomeWindow(0);
  for (let sequence = 0; sequence < OUTCOMES; sequence++) {
    const scene = { objects: 3 * random(), size: 0.05, speed: random() };
    window.add(outcome(sequence, { scene, settledAtMs: 550 * random() }), 10_000 + sequence);
  }
  let turns: readonly RoundTurn[] = Array.from({ length: SOURCES }, (_, index) => ({
    source: {
      id: parseSourceId(`cam-${index}`),
      node: edgeOf(index),
      pipeline,
      configuration: DEFAULT_CONFIGURATION,
      space,
      slo,
      policy,
    },
    plan: null,
    recent: window.report(20_000, slo.latencyMs),
    imageBytesPerPixel: new Map([["jpeg/80", 0.06]]),
    excluded: new Map(),
    kept: null,
    fenced: null,
    shadow: null,
    seed: index,
  }));
  let nowMs = 20_000;
  return async () => {
    nowMs += 1_000;
    const nodes = entriesAt(nowMs, random);
    // As it comes to the thread of policies: another object in each round.
    turns = turns.map((turn) => ({ ...turn, source: structuredClone(turn.source) }));
    const [startedMs, before] = [performance.now(), process.cpuUsage()];
    const known = { nodes, bandwidths: new BandwidthEstimates(), serviceTimes };
    const facts = { ...viewCluster(known, { nowMs, fallback: CLOUD }), unsampledBusyMs: new Map() };
    const planned = { busyMs: new Map(), mbps: new Map() };
    const answers = await ask({ cluster: facts, planned, sources: new Map(), turns });
    const whole = performance.now() - startedMs;
    const { user, system } = process.cpuUsage(before);
    const each: number[] = [];
    turns = turns.map((turn, index) => {
      const answer = answers[index];
      if (answer?.status !== "decided") throw new Error(`It must decide: ${JSON.stringify(answer)}`);
      each.push(answer.tookMs);
      return { ...turn, plan: answer.plan, kept: answer.kept ?? turn.kept, seed: turn.seed + SOURCES };
    });
    return { each, whole, workMs: (user + system) / 1_000 };
  };
}

function entriesAt(nowMs: number, random: () => number): Map<NodeName, NodeEntry> {
  return new Map(
    names.map((name) => {
      const links = Object.fromEntries(
        names
          .filter((other) => other !== name)
          .map((other) => [other, { rttMs: 10, bandwidthMbps: 1 + 200 * random(), bandwidthAgeMs: 0 }]),
      );
      const changes = { cpuShare: random(), cpuCount: 4, memoryUsedBytes: 500 * random(), links };
      const role = name === CLOUD ? ("cloud" as const) : ("edge" as const);
      const description = { name, role, services: services.map((service) => service.name) };
      return [
        name,
        { description, sample: sample(name, changes), sampledAtMs: nowMs, sampledFromMs: nowMs - 1_000 },
      ];
    }),
  );
}
