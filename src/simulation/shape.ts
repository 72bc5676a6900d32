/**
 * What a simulated cluster is like. Swarm testing (Groce et al., ISSTA 2012): each seed draws some kinds of faults and leaves
 * out others, and draws sizes and bounds, as a mix of everything hides what only shows where something is absent or small.
 */

import type { FlushOptions } from "../actors/distributor/spawn.js";
import { DEFAULT_DELIVERY } from "../actors/generator/delivery/redelivery.js";
import type { DeliveryLimits } from "../actors/generator/spawn.js";
import { QUEUE_POLICIES, type QueuePolicy } from "../task/pipeline.js";
import type { LinkLimits } from "../transport/link/link-limits.js";
import { FAULTS, type FaultKind } from "./fault-plan.js";
import type { Prng } from "./prng.js";

/** What an operator orders of sources besides their policies. */
const STEERS = ["pause", "configure"] as const;

export type Steer = (typeof STEERS)[number] | "fps";

/** How stages are loaded, and held. */
interface LoadingShape {
  /** A load takes at most, in ms. */
  readonly loadMs: number;
  /** Until a load is given up, in ms. */
  readonly timeoutMs: number;
  /** In a row, before the stage has failed. */
  readonly attempts: number;
  /** A stage stays that is placed nowhere near any more, in ms. */
  readonly holdMs: number;
  /** Nodes besides the first that are to have the stages of a source. */
  readonly standby: number;
}

export interface ClusterShape {
  /** Beside the hub. */
  readonly edges: number;
  /** Simulated time with faults, in ms. */
  readonly faultyMs: number;
  /** How far the clock of a host may be set to either side between two of its processes, in ms. */
  readonly skewMs: number;
  readonly faults: readonly FaultKind[];
  /** Mean time between faults, in ms. */
  readonly meanGapMs: number;
  /** Longest time that a fault lasts, in ms. */
  readonly longestMs: number;
  readonly sources: number;
  /** Share of sources that are live. */
  readonly liveShare: number;
  /** Of each frame; at least the 16 that its numbers take. */
  readonly frameBytes: number;
  readonly framesPerTask: number;
  /** Sources leave frames out in which nothing moves. */
  readonly gated: boolean;
  /** Of each source, in tasks. */
  readonly windowTasks: number;
  /** Of each source: pixels of its tasks. */
  readonly windowBytes: number;
  /** Share of services that an edge has. */
  readonly serviceShare: number;
  readonly queue: { readonly policy: QueuePolicy; readonly capacity: number };
  /** Null for none. */
  readonly deadlineMs: number | null;
  readonly joinTimeoutMs: number;
  /** Edges listen for each other. */
  readonly direct: boolean;
  /** Whoever joins proves a token. */
  readonly tokens: boolean;
  /** An operator asks, orders and watches. */
  readonly operator: boolean;
  /** What that orders besides. */
  readonly steers: readonly Steer[];
  /** Once nothing fails any more, nodes want names of sources that others have. */
  readonly rivals: boolean;
  readonly loading: LoadingShape;
  /** Records that the store keeps; null for all. */
  readonly recordsMax: number | null;
  /** Share of sources that any of several hosts may capture. */
  readonly hostedShare: number;
  /** Share of the others that an operator adds, once. */
  readonly orderedShare: number;
  /** One of the hosts that is killed never comes back, if others may capture what it captures. */
  readonly losesHost: boolean;
  readonly link: Partial<LinkLimits>;
  readonly flush: FlushOptions;
  readonly delivery: Partial<DeliveryLimits>;
}

/** The one shape of runs without a swarm. */
export const UNIFORM_SHAPE: ClusterShape = {
  edges: 3,
  faultyMs: 30_000,
  skewMs: 30_000,
  faults: FAULTS,
  meanGapMs: 1_000,
  longestMs: 5_000,
  sources: 3,
  liveShare: 0.5 / 3,
  frameBytes: 16,
  windowBytes: 256 * 1024 * 1024,
  framesPerTask: 1,
  gated: false,
  windowTasks: 16,
  serviceShare: 1,
  queue: { policy: "block", capacity: 16 },
  deadlineMs: null,
  joinTimeoutMs: 10_000,
  direct: false,
  tokens: false,
  operator: false,
  steers: [],
  rivals: false,
  loading: { loadMs: 50, timeoutMs: 2_000, attempts: 2, holdMs: 3_000, standby: 0 },
  recordsMax: null,
  hostedShare: 0,
  orderedShare: 0,
  losesHost: false,
  // By default it depends on the machine.
  link: { budgetBytes: 320 * 1024 * 1024 },
  flush: {},
  delivery: {},
};

const KIB = 1024;

/** Each has time to wait for all others of its node, and one for longer than a load keeps others from loading. */
const LOADS = [
  { loadMs: 1, timeoutMs: 1_500 },
  { loadMs: 200, timeoutMs: 1_500 },
  { loadMs: 1_000, timeoutMs: 7_000 },
] as const;

/** Of a store that takes no more now and then, so that deliveries stay unanswered. */
const SMALL_PENDING_BYTES = 48 * KIB;

/** A shape of its own for each seed. */
export function drawShape(prng: Prng): ClusterShape {
  const timeoutMs = prng.pick([800, 4_000, 30_000]);
  const share = prng.pick([0.2, 0.5, 0.8]);
  // Who lies hides from some checks what others do.
  const some = FAULTS.filter((kind) => prng.happens(kind === "hostileMember" ? share / 4 : share));
  const framesPerTask = prng.pick([1, 1, 2, 4]);
  const frameBytes = prng.pick([16, 16, 300, 3_000, 30_000]);
  const windowBytes = prng.pick([2, 16, 256]) * KIB;
  const drawn: ClusterShape = {
    edges: prng.between(1, 5),
    faultyMs: prng.pick([6_000, 10_000, 15_000, 20_000]),
    // The audit compares times of different hosts, and sees little where their clocks may be wrong.
    skewMs: prng.pick([0, 0, 30_000]),
    faults: some.length > 0 ? some : [prng.pick(FAULTS)],
    meanGapMs: prng.pick([300, 1_000, 1_000, 3_000]),
    longestMs: prng.pick([1_500, 5_000, 8_000]),
    sources: prng.between(2, 4),
    liveShare: prng.pick([0, 0.3, 0.6]),
    frameBytes,
    framesPerTask,
    windowBytes: prng.pick([2.5 * frameBytes * framesPerTask, 256 * KIB * KIB]),
    windowTasks: prng.pick([2, 4, 16]),
    serviceShare: prng.pick([0.4, 0.7, 1]),
    queue: {
      policy: prng.happens(0.8) ? "block" : prng.pick(QUEUE_POLICIES),
      capacity: prng.pick([1, 2, 16]),
    },
    deadlineMs: prng.happens(0.15) ? prng.between(500, 5_000) : null,
    joinTimeoutMs: prng.pick([1_500, 5_000, 10_000]),
    direct: prng.happens(0.5),
    tokens: prng.happens(0.4),
    operator: prng.happens(0.5),
    link: {
      windowBytes,
      inlineBytes: prng.pick([128, 1_024, 16 * KIB]),
      chunkBytes: prng.pick([512, 4_096, 32 * KIB]),
      // Small enough that what is never given back is missed within a run.
      queueBytes: prng.pick([1, 4, 256]) * KIB * KIB,
      controlBytes: prng.pick([64, 8 * KIB]) * KIB,
      assemblies: prng.pick([64, 4_096]),
      budgetBytes: prng.pick([4, 320]) * KIB * KIB,
    },
    flush: {
      periodMs: prng.pick([0, 0, 50]),
      recordsMax: prng.pick([4, 128]),
      pendingBytesMax: prng.pick([SMALL_PENDING_BYTES, 64 * KIB * KIB, 64 * KIB * KIB]),
    },
    delivery: { timeoutMs, timeoutMsMax: 2 * timeoutMs, deliveriesMax: timeoutMs < 4_000 ? 64 : 16 },
    steers: STEERS.filter(() => prng.happens(0.5)),
    rivals: prng.happens(0.4),
    loading: {
      ...prng.pick(LOADS),
      attempts: prng.pick([1, 2]),
      holdMs: prng.pick([400, 2_000, 30_000]),
      standby: prng.pick([0, 0, 1, 2]),
    },
    recordsMax: prng.pick([null, null, 10, 60]),
    hostedShare: prng.pick([0, 0, 0.5, 1]),
    orderedShare: prng.pick([0, 0, 0.5, 1]),
    losesHost: false,
    gated: false,
  };
  const steers: ClusterShape["steers"] = prng.happens(0.3) ? [...drawn.steers, "fps"] : drawn.steers;
  return { ...drawn, steers, losesHost: prng.happens(0.5), gated: prng.happens(0.3) };
}

/** Stages of a pipeline at most, and what a run of one takes at most, in ms: one after the other on one node. */
const STAGES_MAX = 4;
const RUN_MS_MAX = 50;
/** Until a frame is read again, in ms. */
const FRAME_MS = 100;
/** For what goes on around it, in ms: a table, a join of the cluster, a slow disk. */
const AROUND_MS = 3_000;

/** Frames in a task that an operator may set, at most. */
export const FRAMES_ORDERED_MAX = 4;

/** Frames in a task at most, whoever says how many. */
export function framesPerTaskMax({ framesPerTask, operator, steers }: ClusterShape): number {
  const ordered = operator && steers.includes("configure") ? FRAMES_ORDERED_MAX : 1;
  return Math.max(framesPerTask, ordered);
}

/** Of those that an operator may order, in frames a second: the first is that of the cameras. */
export const RATES_ORDERED = [10, 5, 2] as const;

/** How many frames of a camera there are for one of a task, at most. */
export function framesForOneMax({ operator, steers }: ClusterShape): number {
  return operator && steers.includes("fps") ? RATES_ORDERED[0] / Math.min(...RATES_ORDERED) : 1;
}

/** How long a task may take once nothing fails any more, in ms: behind all others that there may be, on one node. */
export function taskMsMax(shape: ClusterShape): number {
  const { sources, windowTasks } = shape;
  const missedMs = leavesUnanswered(shape) ? timeoutsOf(shape).timeoutMs : 0;
  return sources * windowTasks * STAGES_MAX * RUN_MS_MAX + AROUND_MS + missedMs + loadMsMax(shape);
}

/** Stages of all pipelines, and how many of them load at a time. */
const STAGES_IN_ALL = 10;
export const LOADS_AT_ONCE = 2;
/** Between two attempts to load, in ms, at most: they are few. */
const LOAD_BACKOFF_MS = 400;

/** How long it may take until a stage is loaded once no load fails any more, in ms: behind all others of its node, which may hang. */
function loadMsMax({ faults, loading }: ClusterShape): number {
  const { loadMs, timeoutMs, attempts } = loading;
  const hang = faults.includes("hangingLoad");
  const attemptMs = hang ? timeoutMs : loadMs;
  const tries = hang || faults.includes("failingLoad") ? attempts : 1;
  return Math.ceil(STAGES_IN_ALL / LOADS_AT_ONCE) * tries * (attemptMs + LOAD_BACKOFF_MS);
}

function leavesUnanswered({ flush }: ClusterShape): boolean {
  return flush.pendingBytesMax === SMALL_PENDING_BYTES;
}

function timeoutsOf({ delivery }: ClusterShape): DeliveryLimits {
  return { ...DEFAULT_DELIVERY, ...delivery };
}

/**
 * How long the tasks that were under way as the faults ended may take from then on, in ms; null where one may have been lost
 * that nobody misses before its time is up.
 */
export function lateMsMax(shape: ClusterShape): number | null {
  const { faults, windowTasks, joinTimeoutMs } = shape;
  if (faults.includes("failingActor") || leavesUnanswered(shape)) return null;
  const everyMs = framesForOneMax(shape) * FRAME_MS;
  return windowTasks * framesPerTaskMax(shape) * everyMs + joinTimeoutMs + taskMsMax(shape);
}

/** Deliveries until everything is answered where the store takes a part of what comes at once: the gaps of a long outage do. */
const ROUNDS_MAX = 4;

/** Until a candidate that could not capture a source is asked again, and a host that is away is given up, in ms. */
const ANOTHER_HOST_MS = 32_000;

/** How long everything may take to end once nothing fails any more, in ms: what was lost is first missed. */
export function drainMsMax(shape: ClusterShape): number {
  const { timeoutMs, timeoutMsMax } = timeoutsOf(shape);
  const captureMs = shape.faultyMs * LENGTH_MAX;
  const rounds = leavesUnanswered(shape) ? ROUNDS_MAX : 1;
  const hostMs = shape.losesHost ? ANOTHER_HOST_MS : 0;
  const answerMs = rounds * Math.max(timeoutMs, timeoutMsMax);
  return captureMs + hostMs + answerMs + shape.joinTimeoutMs + taskMsMax(shape);
}

/** Of a source against the time with faults: it goes on after them, as what they leave behind shows in what follows. */
export const LENGTH_MIN = 0.6;
export const LENGTH_MAX = 1.2;
