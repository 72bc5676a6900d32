/** The sources of a simulated cluster and where their stages run: drawn from the seed. */

import type { Pipeline } from "../task/pipeline.js";
import type { LedgerReported } from "../task/reports.js";
import type { PolicySpec } from "../task/requests.js";
import type { CameraOptions } from "./camera.js";
import type { Prng } from "./prng.js";
import { HUB } from "./simulated-host.js";
import { PIPELINES } from "./workload.js";

export interface SimulatedSource {
  readonly id: string;
  /** Name of the host that it is on. */
  readonly host: string;
  readonly camera: CameraOptions;
  readonly pipeline: Pipeline;
  /** Its last ledger; null until it has ended. */
  ended: LedgerReported | null;
}

/** Between two frames, in ms. */
const EVERY_MS = 100;
/** Drawn in place of a placement. */
const POLICIES = ["edge-only", "cloud-only", "dynamic"];

/**
 * A source for each pipeline, over the edges in turn. The first may be live, and then never ends by itself.
 *
 * @param edges names of the hosts beside the hub; where there is none, all sources are on the hub
 * @param faultyMs how long faults go on; a source lasts for 0.5 to 1.1 times as long
 */
export function drawSources(prng: Prng, edges: readonly string[], faultyMs: number): SimulatedSource[] {
  return PIPELINES.map((pipeline, index) => {
    const live = index === 0 && prng.happens(0.5);
    const frames = live ? null : Math.ceil((faultyMs / EVERY_MS) * (0.5 + prng.next() * 0.6));
    const id = `cam-${index + 1}`;
    return {
      id,
      host: edges[index % edges.length] ?? HUB,
      camera: { name: id, frames, everyMs: EVERY_MS },
      pipeline,
      ended: null,
    };
  });
}

/** Mostly a placement of each stage on some of `nodes` and on the hub. */
export function drawPolicy(prng: Prng, pipeline: Pipeline, nodes: readonly string[]): PolicySpec {
  if (prng.happens(0.3)) return { name: prng.pick(POLICIES), parameters: {} };
  const placement = pipeline.stages.map(({ id }) => {
    const [first, second] = [prng.pick(nodes), prng.pick(nodes)];
    return [id, [...new Set([first, second, HUB])]] as const;
  });
  return { name: "fixed", parameters: { placement: Object.fromEntries(placement) } };
}
