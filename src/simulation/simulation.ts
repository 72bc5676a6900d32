/**
 * A simulated run of a whole cluster in one process, under a clock that jumps from event to event: the same behaviours,
 * mailboxes, links and codecs as in production, with faults drawn from a seed, and at the end a verdict on all promises.
 *
 * SM1 The same options give the same history, byte for byte.
 * SM2 Faults end some time before the run does, and then everything must end by itself.
 */

import type { StoredRecord } from "../task/record.js";
import type { Counts } from "./coverage.js";
import { drawFaults, type Fault, type FaultKind } from "./fault-plan.js";
import { FaultInjector } from "./fault-injector.js";
import { History } from "./history.js";
import { isOfHostiles } from "./hostile/hostile-verdict.js";
import { InvariantChecker } from "./invariant-checker.js";
import { createPlantedBug, type BugKind, type PlantedBug } from "./planted-bugs.js";
import { createPrng, type Prng } from "./prng.js";
import {
  drainMsMax,
  drawShape,
  framesForOneMax,
  framesPerTaskMax,
  lateMsMax,
  taskMsMax,
  UNIFORM_SHAPE,
  type ClusterShape,
} from "./shape.js";
import type { Scenario } from "./scenario.js";
import { SimulatedCluster } from "./simulated-cluster.js";
import { HUB } from "./host-names.js";
import { checkRetention, LOOKS_MS } from "./retention-checker.js";
import type { ServiceFaults } from "./simulated-workers.js";
import { UNKNOWN_POSITION } from "./task-times.js";
import { storedOn } from "./stored-on.js";
import { unexplainedGaps } from "./gaps.js";
import { judge } from "./verdict.js";
import { WorkloadDraws } from "./workload-draws.js";
import { StandstillError, VirtualTime } from "./virtual-time.js";

export interface SimulationOptions {
  readonly seed: number;
  /** Plays this one; then nothing else counts that it says. Default: what the seed draws. */
  readonly scenario?: Scenario | null;
  /** Draws the shape of the cluster from the seed, where it is not given here. Default: `UNIFORM_SHAPE`. */
  readonly swarm?: boolean;
  /** Simulated time with faults, in ms. */
  readonly faultyMs?: number;
  /** Edges beside the hub. */
  readonly edges?: number;
  readonly faults?: readonly FaultKind[];
  /** Mean time between faults, in ms. */
  readonly meanGapMs?: number;
  /** Longest time that a fault lasts, in ms. */
  readonly longestMs?: number;
  readonly loading?: ClusterShape["loading"];
  /** Records that the store keeps; null for all. */
  readonly recordsMax?: number | null;
  /** How many times slower every service is than it should be, while there are faults. Default 1. */
  readonly slowness?: number;
  /** A bug to plant, which the simulation must find. Default none. */
  readonly bug?: BugKind | null;
  /** Keeps the history as lines. Default false. */
  readonly keepHistory?: boolean;
  /** Ends the run as soon as a promise is broken: for whoever wants to know no more than whether one is. Default false. */
  readonly stopAtFirst?: boolean;
}

export interface SimulationReport {
  readonly seed: number;
  /** SHA-256 of everything that was sent, was stored or went wrong. */
  readonly history: string;
  readonly lines: readonly string[];
  readonly faults: readonly Fault[];
  /** The run as data, to be played again. */
  readonly scenario: Omit<Scenario, "about">;
  readonly simulatedMs: number;
  /** Until everything had ended once the faults were over, in ms of simulated time; null where it has not. */
  readonly drainedMs: number | null;
  /** From then on, of the tasks that were under way, in ms of simulated time. */
  readonly latestMs: number;
  /** From a source to the store, of the tasks that left once the faults were over, in ms of simulated time. */
  readonly slowestMs: number;
  /** Timers and tasks run. */
  readonly steps: number;
  readonly results: number;
  /** By reason. */
  readonly gaps: Readonly<Record<string, number>>;
  readonly redelivered: number;
  /** What the run has exercised. */
  readonly coverage: { readonly messages: Counts; readonly phases: Counts; readonly laws: Counts };
  /** Promises that were broken; empty where none was. */
  readonly findings: readonly string[];
}

const START_MS = 1_700_000_000_000;
/** For the cluster to come up, in ms. */
const SETTLE_MS = 2_000;
/** For a node to hear whether it may have a name, or that nobody says so, in ms. */
const ANSWER_MS = 11_000;
/** After the end of all sources, until what waits at joins, for tables and for answers is given up, in ms. */
const QUIET_MS = 15_000;

/** What a run consists of. */
interface Run {
  readonly time: VirtualTime;
  readonly prng: Prng;
  readonly history: History;
  readonly invariants: InvariantChecker;
  readonly bug: PlantedBug;
  readonly serviceFaults: ServiceFaults;
  readonly shape: ClusterShape;
  readonly workload: WorkloadDraws;
  readonly cluster: SimulatedCluster;
  /** Whether the run has shown enough. */
  readonly over: () => boolean;
}

/** Simulates a run to its end. */
export async function simulate(options: SimulationOptions): Promise<SimulationReport> {
  const seed = options.scenario?.seed ?? options.seed;
  const run = createRun(options);
  const { faults: kinds, faultyMs, meanGapMs, longestMs } = run.shape;
  run.cluster.startAll();
  const fromMs = START_MS + SETTLE_MS;
  const drawn = drawFaults(run.prng.fork(), {
    kinds,
    hosts: run.cluster.hostNames,
    beside: run.cluster.besides,
    fromMs,
    untilMs: fromMs + faultyMs,
    meanGapMs,
    longestMs,
  });
  const faults = options.scenario?.faults ?? [...drawn, ...drawLoss(run, seed, fromMs)];
  let ending = UNENDED;
  try {
    await runFaults(run, faults, fromMs + faultyMs);
    if (!run.over()) ending = await runToEnd(run);
  } catch (error) {
    if (!(error instanceof StandstillError)) throw error;
    run.invariants.addViolation(error.message);
  }
  const { calmFromMs, ...ended } = ending;
  const scenario = { seed, shape: run.shape, ...run.workload.recorded, faults };
  return { seed, faults, scenario, ...ended, ...(await report(run, calmFromMs)) };
}

/** The end of a host that never comes back, where one is to be lost and others can capture what it does. */
function drawLoss({ cluster, shape }: Run, seed: number, fromMs: number): readonly Fault[] {
  const hosts = cluster.lost.replaceable(cluster.hostNames);
  if (hosts.length === 0) return [];
  const prng = createPrng(seed ^ LOSS_SALT);
  const atMs = fromMs + prng.between(0, shape.faultyMs);
  return [{ kind: "killEdge", atMs, host: prng.pick(hosts), lastsMs: 0 }];
}

/** Its draws are none of those of the run. */
const LOSS_SALT = 0x10057;

function createRun(options: SimulationOptions): Run {
  const { slowness = 1, bug: bugKind = null, keepHistory = false, stopAtFirst = false } = options;
  const time = new VirtualTime(START_MS);
  const prng = createPrng(options.scenario?.seed ?? options.seed);
  const history = new History(time, keepHistory);
  const invariants = new InvariantChecker(time, history);
  const bug = createPlantedBug(bugKind);
  const serviceFaults = { crashes: 0, throws: 0, slowness };
  const shape = options.scenario?.shape ?? shapeOf(options);
  const workload = new WorkloadDraws(prng, shape, options.scenario ?? null);
  // What a hostile member says of itself is none, and comes in the midst of many a run.
  const over = (): boolean => stopAtFirst && invariants.violations.some((text) => !isOfHostiles(text));
  const parts = { time, prng, history, invariants, bug, serviceFaults, shape, workload, over };
  return { ...parts, cluster: new SimulatedCluster(parts) };
}

function shapeOf({ seed, swarm = false, ...given }: SimulationOptions): ClusterShape {
  const drawn = swarm ? drawShape(createPrng(seed ^ SHAPE_SALT)) : UNIFORM_SHAPE;
  const {
    edges = drawn.edges,
    faultyMs = drawn.faultyMs,
    faults = drawn.faults,
    meanGapMs = drawn.meanGapMs,
    longestMs = drawn.longestMs,
    loading = drawn.loading,
    recordsMax = drawn.recordsMax,
  } = given;
  return { ...drawn, edges, faultyMs, faults, meanGapMs, longestMs, loading, recordsMax };
}

/** The draws of a shape are none of those of the run. */
const SHAPE_SALT = 0x5a17;

/** Lets the faults happen, and ends those that still last at `untilMs`. */
async function runFaults(
  { time, history, invariants, serviceFaults, cluster, over }: Run,
  faults: readonly Fault[],
  untilMs: number,
): Promise<void> {
  cluster.rivals?.start();
  const injector = new FaultInjector(time, history, { cluster, serviceFaults });
  for (const fault of faults) injector.schedule(fault);
  invariants.watchLedgers(
    () => cluster.nodes,
    () => cluster.checkMembers(),
  );
  await time.runUntil(untilMs, over);
  history.add("faults end");
  serviceFaults.slowness = 1;
  injector.endAll();
}

/** How the end of a run went. */
interface Ending extends Pick<SimulationReport, "drainedMs" | "latestMs" | "slowestMs"> {
  /** From when on nothing failed any more; null where the run did not come so far. */
  readonly calmFromMs: number | null;
}

const UNENDED: Ending = { drainedMs: null, latestMs: 0, slowestMs: 0, calmFromMs: null };

/** Starts what is down, drains what is live, and lets everything else end by itself. */
async function runToEnd({ time, invariants, cluster, over, shape }: Run): Promise<Ending> {
  const calmMs = time.nowMs;
  cluster.startAll();
  cluster.calm();
  await time.runUntil(calmMs + SETTLE_MS, over);
  const { rivals } = cluster;
  rivals?.end();
  // The names of sources that end are free.
  if (rivals !== null) await time.runUntil(time.nowMs + ANSWER_MS, () => over() || rivals.answered);
  cluster.continueAll();
  cluster.drainLive();
  invariants.watchClocks(() => cluster.nodes);
  // Frames that were not captured during the faults are captured now.
  const ended = (): boolean => cluster.sources.every((source) => source.ended !== null);
  await time.runUntil(calmMs + drainMsMax(shape), () => over() || ended());
  if (over() || !ended()) return UNENDED;
  const drainedMs = time.nowMs - calmMs;
  await time.runUntil(time.nowMs + QUIET_MS, over);
  for (const text of cluster.left()) invariants.addViolation(text);
  const calmFromMs = calmMs + SETTLE_MS;
  const late = cluster.times.underwayAt(calmFromMs);
  const slow = cluster.times.since(calmFromMs);
  const lateMs = lateMsMax(shape) ?? Infinity;
  for (const [task, tookMs] of late.filter(([, ms]) => ms > lateMs)) {
    invariants.addViolation(`late: ${task} took ${tookMs.toFixed(0)} ms more once all faults were over`);
  }
  for (const [task, tookMs] of slow.filter(([, ms]) => ms > taskMsMax(shape))) {
    invariants.addViolation(`slow: ${task} took ${tookMs.toFixed(0)} ms, and left once all faults were over`);
  }
  const longest = (times: typeof late): number => Math.max(0, ...times.map(([, ms]) => ms));
  return { drainedMs, latestMs: longest(late), slowestMs: longest(slow), calmFromMs };
}

async function report(
  { time, history, invariants, bug, shape, cluster, workload }: Run,
  calmFromMs: number | null,
): Promise<Omit<SimulationReport, "seed" | "faults" | "scenario" | keyof Ending>> {
  const { recordCount } = cluster.host(HUB).store;
  cluster.killAll();
  const endedAtMs = time.nowMs;
  const { records: stored, statement } = await storedOn(cluster.host(HUB), time);
  const deleted = cluster.times.storedOf(statement.expired);
  const records = [...deleted, ...stored, ...bug.duplicates];
  const kept = { records: stored, statement, recordsMax: shape.recordsMax, recordCount };
  const newest = calmFromMs === null ? null : cluster.times.storedSince(endedAtMs - LOOKS_MS);
  for (const text of checkRetention({ ...kept, newest })) invariants.addViolation(text);
  const known = records.filter(({ position }) => position !== UNKNOWN_POSITION);
  for (const text of unexplainedGaps(known, {
    shape,
    sources: cluster.sources,
    flushing: workload.flushing,
    times: cluster.times,
    calmFromMs,
  })) {
    invariants.addViolation(text);
  }
  for (const record of records) history.add("-> stored", Buffer.from(JSON.stringify(record)));
  return {
    history: history.digest(),
    lines: history.lines,
    simulatedMs: time.nowMs - START_MS,
    steps: time.steps,
    results: records.filter(({ type }) => type === "result").length,
    gaps: countGaps(records),
    redelivered: cluster.redelivered,
    coverage: {
      messages: cluster.coverage.messages,
      phases: cluster.coverage.phases,
      laws: cluster.coverage.laws,
    },
    findings: await judge({
      records: [...stored, ...bug.duplicates],
      deleted,
      statement,
      sources: cluster.sources,
      framesPerTaskMax: framesPerTaskMax(shape) * framesForOneMax(shape),
      clockToleranceMs: clockToleranceMs(shape),
      violations: invariants.violations,
    }),
  };
}

/** Of two hosts that have joined, in ms: half a round trip to a hub that is busy. */
const APART_MS = 300;

/** How far the clocks of nodes, and of their incarnations, may be apart, in ms. */
function clockToleranceMs({ skewMs, faults, faultyMs }: ClusterShape): number {
  // A machine that sleeps falls behind.
  return 2 * skewMs + (faults.includes("suspend") ? faultyMs : 0) + APART_MS;
}

function countGaps(records: readonly StoredRecord[]): Readonly<Record<string, number>> {
  const gaps: Record<string, number> = {};
  for (const record of records) {
    if (record.type === "gap") gaps[record.reason] = (gaps[record.reason] ?? 0) + 1;
  }
  return gaps;
}
