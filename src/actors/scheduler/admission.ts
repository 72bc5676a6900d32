/** Which sources and policies the scheduler lets in, and what it makes of them. */

import { errorText } from "../../runtime/errors.js";
import { SluiceError } from "../../task/errors.js";
import type { PolicySpec, SourceDescription } from "../../task/requests.js";
import { parseConfiguration } from "../../task/configuration.js";
import { pipelineKeyText, type SourceId } from "../../task/identity.js";
import { pipelineDigest } from "../../task/pipeline-digest.js";
import { variantProblem } from "../../task/variants.js";
import { startPolicy, type PolicyRegistry } from "../../scheduling/policies.js";
import type { KeptState } from "../../scheduling/kept-state.js";
import type { PolicyScope } from "../../scheduling/policy.js";
import type { CheckProblem, DecisionPort } from "./decision-port.js";
import type { OwnersPort } from "./owners-port.js";
import type { SourceEntry } from "./source-plan.js";
import { sameData } from "../../task/same-data.js";

/** Decides for a source whose own policy was refused: as nodes do before any table. */
export const POLICY_UNTIL_SET: PolicySpec = { name: "edge-only", parameters: {} };

/** What came of trying a policy. */
export type PolicyAttempt = { readonly ok: true } | { readonly ok: false; readonly error: SluiceError };

/** Tries the policy that `spec` names; whatever it throws is a refusal. */
function tryPolicy(registry: PolicyRegistry, spec: PolicySpec, scope?: PolicyScope): PolicyAttempt {
  try {
    startPolicy(registry, spec, scope);
    return { ok: true };
  } catch (thrown) {
    if (thrown instanceof SluiceError) return { ok: false, error: thrown };
    const text = `Cannot start policy "${spec.name}" as it failed: ${errorText(thrown)}`;
    return { ok: false, error: new SluiceError(text, { code: "policy-invalid", cause: thrown }) };
  }
}

/**
 * What comes of trying a policy; null where it can only be tried where policies are asked, as some are not known here.
 */
export function tryHere(
  { trusted, policies }: Pick<DecisionPort, "trusted" | "policies">,
  spec: PolicySpec,
  scope?: PolicyScope,
): PolicyAttempt | null {
  const first = tryPolicy(trusted, spec, scope);
  const attempt =
    first.ok && spec.shadow !== undefined ? tryPolicy(trusted, { ...spec.shadow }, scope) : first;
  const hasOthers = [...policies.keys()].some((name) => !trusted.has(name));
  return attempt.ok || !hasOthers ? attempt : null;
}

export function attemptOf(problem: CheckProblem | null): PolicyAttempt {
  if (problem === null) return { ok: true };
  return { ok: false, error: new SluiceError(problem.text, { code: "policy-invalid" }) };
}

/**
 * What goes on of what a policy has learned: a node that comes back, or a scheduler that restarts, does not make it forget; other
 * parameters do.
 */
export function keptFor(policy: PolicySpec, kept: KeptState | null | undefined): KeptState | null {
  return kept !== null && kept !== undefined && sameData(alone(kept.policy), alone(policy)) ? kept : null;
}

/** What it has learned is its own, whatever stands beside it. */
function alone({ name, parameters }: PolicySpec): PolicySpec {
  return { name, parameters };
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
 * version of a pipeline to the node that registered it first, until an operator frees it.
 */
export function sourceProblem(
  source: SourceDescription,
  known: {
    readonly sources: ReadonlyMap<SourceId, SourceEntry>;
    readonly owners: Pick<OwnersPort, "holderOf" | "versionTakenBy">;
    readonly quota: NodeQuota;
  },
): SluiceError | null {
  const { pipeline } = source;
  const { sources, owners, quota } = known;
  const owner = owners.holderOf(source.id) ?? source.node;
  if (owner !== source.node) {
    const text = `Cannot schedule source "${source.id}" of node "${source.node}" as node "${owner}" has one of that name: an operator may free it with "sluice free ${source.id}"`;
    return new SluiceError(text, { code: "source-invalid", details: { source: source.id, node: owner } });
  }
  const beside = beyondQuota(source, sources, quota);
  if (beside !== null) return beside;
  const version = versionOf(source);
  const taker = owners.versionTakenBy(source.id, source.node, version);
  if (taker !== null) {
    const text = `Cannot schedule source "${source.id}" as version ${pipeline.version} of pipeline "${pipeline.id}" is another one of node "${taker}": give yours another name or version; an operator may free it with "sluice free ${version.pipeline}"`;
    return new SluiceError(text, {
      code: "pipeline-invalid",
      details: { pipeline: pipeline.id, node: taker },
    });
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

/** The version of its pipeline, `id@version`, and what tells it from others of that version. */
export function versionOf({ pipeline }: SourceDescription): {
  readonly pipeline: string;
  readonly digest: string;
} {
  return { pipeline: pipelineKeyText(pipeline.id, pipeline.version), digest: pipelineDigest(pipeline) };
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
