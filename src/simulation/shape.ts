/**
 * What a simulated cluster is like. Swarm testing (Groce et al., ISSTA 2012): each seed draws some kinds of faults and leaves
 * out others, and draws sizes and bounds, as a mix of everything hides what only shows where something is absent or small.
 */

import type { FlushOptions } from "../actors/distributor/spawn.js";
import type { DeliveryLimits } from "../actors/generator/spawn.js";
import { QUEUE_POLICIES, type QueuePolicy } from "../task/pipeline.js";
import type { LinkLimits } from "../transport/link/link-limits.js";
import { FAULTS, type FaultKind } from "./fault-plan.js";
import type { Prng } from "./prng.js";

export interface ClusterShape {
  /** Beside the hub. */
  readonly edges: number;
  /** Simulated time with faults, in ms. */
  readonly faultyMs: number;
  readonly faults: readonly FaultKind[];
  /** Mean time between faults, in ms. */
  readonly meanGapMs: number;
  /** Longest time that a fault lasts, in ms. */
  readonly longestMs: number;
  readonly sources: number;
  /** Share of sources that are live. */
  readonly liveShare: number;
  /** Of each frame; at least the 8 that its number takes. */
  readonly frameBytes: number;
  readonly framesPerTask: number;
  /** Of each source, in tasks. */
  readonly windowTasks: number;
  /** Share of services that an edge has. */
  readonly serviceShare: number;
  readonly queue: { readonly policy: QueuePolicy; readonly capacity: number };
  /** Null for none. */
  readonly deadlineMs: number | null;
  readonly joinTimeoutMs: number;
  /** Edges listen for each other. */
  readonly direct: boolean;
  readonly link: Partial<LinkLimits>;
  readonly flush: FlushOptions;
  readonly delivery: Partial<DeliveryLimits>;
}

/** The one shape of runs without a swarm. */
export const UNIFORM_SHAPE: ClusterShape = {
  edges: 3,
  faultyMs: 30_000,
  faults: FAULTS,
  meanGapMs: 1_000,
  longestMs: 5_000,
  sources: 3,
  liveShare: 0.5 / 3,
  frameBytes: 8,
  framesPerTask: 1,
  windowTasks: 16,
  serviceShare: 1,
  queue: { policy: "block", capacity: 16 },
  deadlineMs: null,
  joinTimeoutMs: 10_000,
  direct: false,
  // By default it depends on the machine.
  link: { budgetBytes: 320 * 1024 * 1024 },
  flush: {},
  delivery: {},
};

const KIB = 1024;

/** A shape of its own for each seed. */
export function drawShape(prng: Prng): ClusterShape {
  const share = prng.pick([0.2, 0.5, 0.8]);
  const some = FAULTS.filter(() => prng.happens(share));
  const frameBytes = prng.pick([8, 8, 300, 3_000, 30_000]);
  const windowBytes = prng.pick([2, 16, 256]) * KIB;
  return {
    edges: prng.between(1, 5),
    faultyMs: prng.pick([6_000, 10_000, 15_000, 20_000]),
    faults: some.length > 0 ? some : [prng.pick(FAULTS)],
    meanGapMs: prng.pick([300, 1_000, 1_000, 3_000]),
    longestMs: prng.pick([1_500, 5_000, 8_000]),
    sources: prng.between(2, 4),
    liveShare: prng.pick([0, 0.3, 0.6]),
    frameBytes,
    framesPerTask: prng.pick([1, 1, 2, 4]),
    windowTasks: prng.pick([2, 4, 16]),
    serviceShare: prng.pick([0.4, 0.7, 1]),
    queue: {
      policy: prng.happens(0.8) ? "block" : prng.pick(QUEUE_POLICIES),
      capacity: prng.pick([1, 2, 16]),
    },
    deadlineMs: prng.happens(0.15) ? prng.between(500, 5_000) : null,
    joinTimeoutMs: prng.pick([1_500, 5_000, 10_000]),
    direct: prng.happens(0.5),
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
      pendingBytesMax: prng.pick([48 * KIB, 64 * KIB * KIB]),
    },
    delivery: { timeoutMs: prng.pick([4_000, 10_000, 30_000]), deliveriesMax: prng.pick([16, 64]) },
  };
}
