/** The policies that can be named: those built in, and whatever a program adds. */

import { SluiceError } from "../../task/errors.js";
import type { PolicySpec } from "../../task/requests.js";
import { suggestName } from "../../task/nearest-name.js";
import { cloudOnly } from "./policies/cloud-only.js";
import { dynamic } from "./policies/dynamic.js";
import { edgeOnly } from "./policies/edge-only.js";
import { fixed } from "./policies/fixed.js";
import { bindPolicy, type BoundPolicy, type PolicyRun, type PolicyScope } from "./policy.js";

export type PolicyRegistry = ReadonlyMap<string, BoundPolicy>;

const BUILT_IN: readonly BoundPolicy[] = [
  bindPolicy(fixed),
  bindPolicy(cloudOnly),
  bindPolicy(edgeOnly),
  bindPolicy(dynamic),
];

/**
 * The built-in policies and `own`, by name.
 *
 * @throws TypeError where two have one name
 */
export function createPolicies(own: readonly BoundPolicy[] = []): PolicyRegistry {
  const registry = new Map<string, BoundPolicy>();
  for (const policy of [...BUILT_IN, ...own]) {
    if (registry.has(policy.name)) throw new TypeError(`Cannot register two policies named "${policy.name}"`);
    registry.set(policy.name, policy);
  }
  return registry;
}

/**
 * Starts the policy that `spec` names.
 *
 * @param scope where given, the parameters must make sense for it
 * @throws SluiceError `policy-invalid`
 */
export function startPolicy(registry: PolicyRegistry, spec: PolicySpec, scope?: PolicyScope): PolicyRun {
  const policy = registry.get(spec.name);
  if (policy === undefined) {
    const known = suggestName(spec.name, registry.keys());
    throw new SluiceError(`Cannot use policy "${spec.name}" as there is none of that name${known}`, {
      code: "policy-invalid",
      details: { policy: spec.name },
    });
  }
  return policy.start(spec.parameters, scope);
}
