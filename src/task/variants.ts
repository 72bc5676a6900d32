/**
 * Model variants: a stage may be run in several ways, of which the configuration of a source names one. They differ in model and
 * parameters, and so in what they take and find; what goes in and comes out is the same.
 */

import type { Configuration } from "./configuration.js";
import type { StageKey } from "./identity.js";
import { suggestName } from "./nearest-name.js";
import type { Pipeline, Stage } from "./pipeline.js";

const resolved = new WeakMap<Stage, Map<string, Stage>>();

/**
 * The stage with model and parameters of one of its variants: the one that is named, else its first. A stage without variants is
 * what it is, whatever is named.
 */
export function stageAs(stage: Stage, named: string | undefined): Stage {
  const { variants } = stage;
  const variant = variants?.find(({ name }) => name === named) ?? variants?.[0];
  if (variant === undefined || stage.variant === variant.name) return stage;
  const known = resolved.get(stage) ?? new Map<string, Stage>();
  resolved.set(stage, known);
  let as = known.get(variant.name);
  if (as === undefined) {
    const { name, model, parameters } = variant;
    as = { ...stage, ...(model !== undefined && { model }), parameters, variant: name };
    known.set(name, as);
  }
  return as;
}

/** The stage as a configuration has it run. */
export function stageIn(stage: Stage, { variants }: Pick<Configuration, "variants">): Stage {
  return stage.variants === undefined ? stage : stageAs(stage, variants?.[stage.id]);
}

/** What a node loads to run a stage, in the variant that it is. */
export function stageKeyOf(
  { id: pipelineId, version: pipelineVersion }: Pick<Pipeline, "id" | "version">,
  { id: stage, variant }: Pick<Stage, "id" | "variant">,
): StageKey {
  return { pipelineId, pipelineVersion, stage, ...(variant !== undefined && { variant }) };
}

/** What a node may load to run a stage: one for each of its variants. */
export function stageKeysOf(pipeline: Pipeline, stage: Stage): readonly StageKey[] {
  const { variants } = stage;
  if (variants === undefined) return [stageKeyOf(pipeline, stage)];
  return variants.map(({ name }) => stageKeyOf(pipeline, { id: stage.id, variant: name }));
}

/** What is wrong with variants as somebody names them by stage, in words; null where each is one of its stage. */
export function variantProblem(
  { id, stages }: Pick<Pipeline, "id" | "stages">,
  named: Readonly<Record<string, string | readonly string[]>> = {},
): string | null {
  for (const [stageId, names] of Object.entries(named)) {
    const stage = stages.find((other) => other.id === stageId);
    if (stage === undefined) {
      const known = stages.map((other) => other.id);
      return `pipeline "${id}" has no stage "${stageId}"${suggestName(stageId, known)}`;
    }
    const known = stage.variants?.map(({ name }) => name) ?? [];
    for (const name of [names].flat()) {
      if (known.includes(name)) continue;
      if (known.length === 0) return `stage "${stageId}" of pipeline "${id}" has no variants`;
      const wanted = known.map((other) => `"${other}"`).join(", ");
      return `stage "${stageId}" of pipeline "${id}" has no variant "${name}": wanted one of ${wanted}`;
    }
  }
  return null;
}

/** The configuration with the variant of each stage that has several, also where nobody names one; without any, where none has. */
export function withVariants(
  configuration: Configuration,
  { stages }: Pick<Pipeline, "stages">,
): Configuration {
  const { variants: named, ...rest } = configuration;
  const variants: Record<string, string> = {};
  for (const stage of stages) {
    const { variant } = stageIn(stage, configuration);
    if (variant !== undefined) variants[stage.id] = variant;
  }
  if (Object.keys(variants).length === 0) return named === undefined ? configuration : rest;
  return { ...rest, variants };
}
