/** The sources of a simulated cluster and where their stages run: drawn from the seed. */

import type { Pipeline } from "../task/pipeline.js";
import type { LedgerReported } from "../task/reports.js";
import type { PolicySpec } from "../task/requests.js";
import type { CameraOptions } from "./camera.js";
import type { Prng } from "./prng.js";
import { HUB } from "./host-names.js";
import type { ScenarioSource } from "./scenario.js";
import { LENGTH_MAX, LENGTH_MIN, type ClusterShape } from "./shape.js";
import { createPipelines } from "./workload.js";

export interface SimulatedSource {
  readonly id: string;
  /** Name of the host that it is on; empty where any of several may capture it. */
  readonly host: string;
  /** Names of those; none where it is on one. */
  readonly candidates: readonly string[];
  /** An operator adds it once; otherwise a program does, whenever its host is up. */
  readonly ordered: boolean;
  readonly camera: CameraOptions;
  readonly pipeline: Pipeline;
  /** Its host has added it once: its name was confirmed. */
  confirmed: boolean;
  /** It was told to end before its end. */
  drained: boolean;
  /** Its ledger on a node that goes on with it when it starts again; null where it runs, or has ended for good. */
  left: LedgerReported | null;
  /** Its last ledger; null until it has ended. */
  ended: LedgerReported | null;
}

/** Between two frames, in ms. */
const EVERY_MS = 100;
/** Drawn in place of a placement. */
const POLICIES = [
  "edge-only",
  "cloud-only",
  "dynamic",
  "fc",
  "negative-feedback",
  "two-timescale",
  "predictive",
  "guard",
];

/**
 * Sources over the edges and the pipelines in turn, and some longer than faults go on. Those that are live never end by
 * themselves.
 *
 * @param edges names of the hosts beside the hub; where there is none, all sources are on the hub
 */
export function drawSources(prng: Prng, edges: readonly string[], shape: ClusterShape): SimulatedSource[] {
  const { sources, liveShare, faultyMs, hostedShare, orderedShare } = shape;
  const pipelines = createPipelines(shape);
  // A cluster with few sources has any of them.
  const first = prng.between(0, pipelines.length - 1);
  const names = Array.from({ length: sources }, (_, index) => index);
  return names.map((index) => {
    const { id: pipeline } = pipelines[(first + index) % pipelines.length] ?? prng.pick(pipelines);
    const live = prng.happens(liveShare);
    const frames = live
      ? null
      : Math.ceil((faultyMs / EVERY_MS) * (LENGTH_MIN + prng.next() * (LENGTH_MAX - LENGTH_MIN)));
    const host = edges[index % edges.length] ?? HUB;
    const id = `cam-${index + 1}`;
    // Of no draw where there is none, so that runs without them stay as they are.
    const isAny = (share: number): boolean => share > 0 && prng.happens(share);
    if (!isAny(hostedShare))
      return createSource({ id, host, pipeline, frames, ordered: isAny(orderedShare) }, shape);
    const others = edges.filter((name) => name !== host && prng.happens(0.7));
    return createSource({ id, host: "", candidates: [host, ...others], pipeline, frames }, shape);
  });
}

/** @throws RangeError where no pipeline of simulated sources is called so */
export function createSource(
  { id, host, candidates = [], ordered = false, pipeline: name, frames }: ScenarioSource,
  shape: ClusterShape,
): SimulatedSource {
  const pipeline = createPipelines(shape).find((each) => each.id === name);
  if (pipeline === undefined) throw new RangeError(`No pipeline is called "${name}"`);
  const camera = {
    name: id,
    frames,
    everyMs: EVERY_MS,
    steps: !shape.steers.includes("fps"),
    frameBytes: shape.frameBytes,
  };
  return {
    id,
    host,
    candidates,
    ordered,
    camera,
    pipeline,
    confirmed: false,
    drained: false,
    left: null,
    ended: null,
  };
}

/** Mostly a placement of each stage on some of `nodes` and on the hub. */
export function drawPolicy(prng: Prng, pipeline: Pipeline, nodes: readonly string[]): PolicySpec {
  if (prng.happens(0.4)) {
    const name = prng.pick(POLICIES);
    if (name === "guard") return guardOf(prng, prng.pick(["dynamic", "predictive"]));
    return GUARDED.has(name) ? guardOf(prng, name) : { name, parameters: {} };
  }
  const placement = pipeline.stages.map(({ id }) => {
    const [first, second] = [prng.pick(nodes), prng.pick(nodes)];
    return [id, [...new Set([first, second, HUB])]] as const;
  });
  return { name: "fixed", parameters: { placement: Object.fromEntries(placement) } };
}

/** Of the policies that never change their minds, half are guarded, so that they do. */
const GUARDED: ReadonlySet<string> = new Set(["cloud-only", "edge-only"]);

/** In half of them one that trips at tasks which are none too late, has its source pause then, and its queues flushed. */
function guardOf(prng: Prng, name: string): PolicySpec {
  const policy = { name };
  if (prng.happens(0.5))
    return GUARDED.has(name) ? { name, parameters: {} } : { name: "guard", parameters: { policy } };
  const [latencyMs, pauseMs] = [prng.between(20, 200), prng.between(500, 1_500)];
  const often = { tasksMin: 4, tripTimes: 1, dwellMsMin: 500, trippedMsMin: 1_000 };
  return { name: "guard", parameters: { policy, latencyMs, pauseMs, ...often } };
}
