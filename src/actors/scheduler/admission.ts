/** Which sources and policies the scheduler lets in, and what it makes of them. */

import { errorText } from "../../runtime/errors.js";
import { SluiceError } from "../../task/errors.js";
import type { PolicySpec, SourceDescription } from "../../task/requests.js";
import { parseConfiguration } from "../../task/configuration.js";
import { pipelineKeyText, type NodeName, type SourceId } from "../../task/identity.js";
import { samePipeline } from "../../task/pipeline.js";
import { variantProblem } from "../../task/variants.js";
import { startPolicy, type PolicyRegistry } from "../../scheduling/policies.js";
import type { PolicyRun, PolicyScope } from "../../scheduling/policy.js";
import type { SourceEntry } from "./source-plan.js";
import { sameData } from "../../task/same-data.js";

/** Decides for a source whose own policy was refused: as nodes do before any table. */
const POLICY_UNTIL_SET: PolicySpec = { name: "edge-only", parameters: {} };

type PolicyAttempt =
  { readonly ok: true; readonly run: PolicyRun } | { readonly ok: false; readonly error: SluiceError };

/** Starts the policy that `spec` names; whatever it throws is a refusal. */
export function tryPolicy(registry: PolicyRegistry, spec: PolicySpec, scope?: PolicyScope): PolicyAttempt {
  try {
    return { ok: true, run: startPolicy(registry, spec, scope) };
  } catch (thrown) {
    if (thrown instanceof SluiceError) return { ok: false, error: thrown };
    const text = `Cannot start policy "${spec.name}" as it failed: ${errorText(thrown)}`;
    return { ok: false, error: new SluiceError(text, { code: "policy-invalid", cause: thrown }) };
  }
}

/** Starts the policy that `spec` names, or, where it is refused, the one that stands in until another is set. */
export function startOrDefault(
  registry: PolicyRegistry,
  spec: PolicySpec,
  scope?: PolicyScope,
): { readonly run: PolicyRun; readonly policy: PolicySpec; readonly refusal: SluiceError | null } {
  const started = tryPolicy(registry, spec, scope);
  if (started.ok) return { run: started.run, policy: spec, refusal: null };
  return { run: startPolicy(registry, POLICY_UNTIL_SET), policy: POLICY_UNTIL_SET, refusal: started.error };
}

/**
 * The policy that was started, but from where it was if it has decided before with the same parameters: a node that comes back, or
 * a scheduler that restarts, does not make it forget what it learned.
 */
export function resumePolicy(
  registry: PolicyRegistry,
  { run, policy }: { readonly run: PolicyRun; readonly policy: PolicySpec },
  before: { readonly policy: PolicySpec; readonly state: unknown } | undefined,
): PolicyRun {
  if (before === undefined || !sameData(before.policy, policy)) return run;
  return registry.get(policy.name)?.resume(before.state) ?? run;
}

/** What one node may have, so that no member takes what is there for all. */
export interface NodeQuota {
  readonly sourcesPerNodeMax: number;
  /** By name and version. */
  readonly pipelinesPerNodeMax: number;
}

/**
 * Why the source cannot be scheduled beside those that are; null where it can.
 *
 * The name of a source belongs to the node that registered it first, also while that node is away, until it is removed; and a
 * version of a pipeline to the source that has walked it longest.
 */
export function sourceProblem(
  source: SourceDescription,
  known: {
    readonly sources: ReadonlyMap<SourceId, SourceEntry>;
    /** The node that holds a source, also while it is away; null of a name that is free. */
    readonly holderOf: (source: SourceId) => NodeName | null;
    /** The source that has walked a pipeline longest, `id@version`, also while its node is away. */
    readonly firstWith: (pipeline: string) => SourceId | null;
    readonly quota: NodeQuota;
  },
): SluiceError | null {
  const { pipeline } = source;
  const { sources, quota } = known;
  const owner = known.holderOf(source.id) ?? source.node;
  if (owner !== source.node) {
    const text = `Cannot schedule source "${source.id}" of node "${source.node}" as node "${owner}" has one of that name: an operator may free it with "sluice free ${source.id}"`;
    return new SluiceError(text, { code: "source-invalid", details: { source: source.id, node: owner } });
  }
  const beside = beyondQuota(source, sources, quota);
  if (beside !== null) return beside;
  const [other] = othersOfPipeline(source, sources);
  // One that comes back to a scheduler that does not know it any more takes back what others have taken meanwhile.
  const isBack = !sources.has(source.id) && known.firstWith(pipelineTextOf(source)) === source.id;
  if (other !== undefined && !isBack) {
    const { id, version } = pipeline;
    const text = `Cannot schedule source "${source.id}" as its pipeline "${id}" must differ from that of source "${other.id}" in name or version, as it does in its stages: both have version ${version}`;
    return new SluiceError(text, { code: "pipeline-invalid", details: { pipeline: id } });
  }
  try {
    const { variants } = parseConfiguration(source.configuration);
    const wrong = variantProblem(pipeline, variants) ?? variantProblem(pipeline, source.space?.variants);
    if (wrong === null) return null;
    const text = `Cannot schedule source "${source.id}" with these variants as ${wrong}`;
    return new SluiceError(text, { code: "configuration-invalid", details: { source: source.id } });
  } catch (thrown) {
    if (thrown instanceof SluiceError) return thrown;
    throw thrown;
  }
}

/** `id@version`. */
export function pipelineTextOf({ pipeline: { id, version } }: SourceDescription): string {
  return pipelineKeyText(id, version);
}

/** The other sources whose pipeline has the name and version of this one's, and is another one. */
export function othersOfPipeline(
  { id: own, pipeline }: SourceDescription,
  sources: ReadonlyMap<SourceId, SourceEntry>,
): readonly SourceDescription[] {
  return [...sources.values()].flatMap(({ description }) => {
    const { id, version } = description.pipeline;
    if (description.id === own || id !== pipeline.id || version !== pipeline.version) return [];
    return samePipeline(description.pipeline, pipeline) ? [] : [description];
  });
}

function beyondQuota(
  { id, node, pipeline }: SourceDescription,
  sources: ReadonlyMap<SourceId, SourceEntry>,
  { sourcesPerNodeMax, pipelinesPerNodeMax }: NodeQuota,
): SluiceError | null {
  const pipelines = new Set([pipelineKeyText(pipeline.id, pipeline.version)]);
  let count = 0;
  for (const { description } of sources.values()) {
    if (description.node !== node || description.id === id) continue;
    count += 1;
    pipelines.add(pipelineKeyText(description.pipeline.id, description.pipeline.version));
  }
  if (count >= sourcesPerNodeMax) {
    const text = `Cannot schedule source "${id}" as node "${node}" has ${count} already: remove one first`;
    return new SluiceError(text, { code: "source-invalid", details: { source: id, node } });
  }
  if (pipelines.size > pipelinesPerNodeMax) {
    const text = `Cannot schedule source "${id}" as the sources of node "${node}" walk ${pipelinesPerNodeMax} pipelines already: give it one of those`;
    return new SluiceError(text, { code: "pipeline-invalid", details: { pipeline: pipeline.id, node } });
  }
  return null;
}

export function tooManySources(source: SourceId, sourcesMax: number): SluiceError {
  const text = `Cannot schedule source "${source}" as there are ${sourcesMax} already: remove one first`;
  return new SluiceError(text, { code: "source-invalid" });
}
