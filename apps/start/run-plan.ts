/** What a run is to do, read and checked before anything starts. */

import { readFile } from "node:fs/promises";
import { parseSource } from "../../src/actors/generator/source-spec.js";
import { SERVICES } from "../../src/services/catalogue.js";
import type { SourceId } from "../../src/task/identity.js";
import type { Pipeline } from "../../src/task/pipeline.js";
import type { PolicySpec, SourceRequest } from "../../src/task/requests.js";
import {
  checkModelDir,
  configurationGiven,
  configurationOf,
  nameSources,
  policyOf,
  readPipeline,
} from "./inputs.js";
import { UsageError } from "../command-line.js";
import type { StartOptions } from "./start-options.js";
import { planSwap, type Swap } from "./swap.js";

/** The edges of a run; with `--single` there is only the first one. */
export const EDGES = ["edge-1", "edge-2"];

export interface RunPlan {
  readonly pipeline: Pipeline;
  readonly sources: readonly PlannedSource[];
  /** The swap of each source that has one. */
  readonly swaps: ReadonlyMap<SourceId, Swap>;
}

interface PlannedSource {
  readonly request: SourceRequest;
  readonly edge: string;
}

/** @throws SluiceError where the run cannot start; UsageError where the options make no sense */
export async function planRun(options: StartOptions): Promise<RunPlan> {
  if (options.open && options.single)
    throw new UsageError("Cannot use --open with --single: a run in one process has no page");
  const { pipeline, configuration, policy } = await readPipeline(options.pipeline, SERVICES);
  configurationOf(options, configuration);
  const named = nameSources(options.source).map(({ id, text }, index) => {
    parseSource(text);
    return { id, text, edge: options.single ? "edge-1" : (EDGES[index % EDGES.length] ?? "edge-1") };
  });
  const asked = policyOf(options, policy);
  await checkModelDir(options.modelDir);
  const pipelineText = await readFile(options.pipeline, "utf8");
  const swaps = new Map<SourceId, Swap>();
  const sources = named.map(({ id, text, edge }): PlannedSource => {
    const swap = isSwapped(options, asked)
      ? planSwap(pipeline, { edge, cloud: "cloud" }, options.limit)
      : null;
    if (swap !== null) swaps.set(id, swap);
    const request: SourceRequest = {
      id,
      // An edge of a run has the same working folder.
      source: text,
      pipeline: pipelineText,
      pipelineName: options.pipeline,
      configuration: configurationGiven(options),
      policy: swap?.before ?? asked,
      paced: options.realtime,
      limit: options.limit,
    };
    return { request, edge };
  });
  return { pipeline, sources, swaps };
}

/** Whoever names a policy of their own is not shown another one. */
function isSwapped({ swap, single, policy }: StartOptions, asked: PolicySpec): boolean {
  return swap === "middle" && !single && policy === undefined && asked.name === "edge-only";
}
