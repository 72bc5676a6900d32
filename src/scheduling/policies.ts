/** The policies that can be named: those built in, and whatever a program adds. */

import { SluiceError } from "../task/errors.js";
import type { PolicyParameter, PolicySpec } from "../task/requests.js";
import { suggestName } from "../task/nearest-name.js";
import { adamec } from "./policies/adamec.js";
import { chameleon } from "./policies/chameleon.js";
import { cloudOnly } from "./policies/cloud-only.js";
import { dynamic } from "./policies/dynamic.js";
import { edgeOnly } from "./policies/edge-only.js";
import { feedbackControl } from "./policies/fc.js";
import { fixed } from "./policies/fixed.js";
import { gecko } from "./policies/gecko.js";
import { createGuard } from "./policies/guard.js";
import { latencyCollector } from "./policies/latency-collector.js";
import { madeye } from "./policies/madeye.js";
import { negativeFeedback } from "./policies/negative-feedback.js";
import { offlineProfile } from "./policies/offline-profile.js";
import { onlineProfile } from "./policies/online-profile.js";
import { predictive } from "./policies/predictive.js";
import { twoTimescale } from "./policies/two-timescale.js";
import { bindPolicy, type BoundPolicy, type PolicyRun, type PolicyScope } from "./policy.js";

export type PolicyRegistry = ReadonlyMap<string, BoundPolicy>;

/** What is known of a policy without having it: plain data. */
export interface PolicyInfo {
  readonly name: string;
  readonly version: string;
  /** Not one of those built in. */
  readonly own: boolean;
  /** It decides for all of its sources at once. */
  readonly joint: boolean;
  /** Null where it does not say. */
  readonly parameters: readonly PolicyParameter[] | null;
}

export function infoOf(policies: PolicyRegistry): ReadonlyMap<string, PolicyInfo> {
  return new Map(
    [...policies.values()].map(({ name, version, decideAll, parameters }) => [
      name,
      { name, version, own: !isBuiltIn(name), joint: decideAll !== null, parameters },
    ]),
  );
}

const BUILT_IN: readonly BoundPolicy[] = [
  bindPolicy(fixed),
  bindPolicy(cloudOnly),
  bindPolicy(edgeOnly),
  bindPolicy(dynamic),
  bindPolicy(latencyCollector),
  bindPolicy(offlineProfile),
  bindPolicy(onlineProfile),
  bindPolicy(feedbackControl),
  bindPolicy(negativeFeedback),
  bindPolicy(gecko),
  bindPolicy(adamec),
  bindPolicy(madeye),
  bindPolicy(chameleon),
  bindPolicy(twoTimescale),
  bindPolicy(predictive),
];

/** Whether it is a policy of this package: known to end. */
export function isBuiltIn(name: string): boolean {
  return name === "guard" || BUILT_IN.some((policy) => policy.name === name);
}

/**
 * The built-in policies and `own`, by name.
 *
 * @throws TypeError where two have one name
 */
export function createPolicies(own: readonly BoundPolicy[] = []): PolicyRegistry {
  const registry = new Map<string, BoundPolicy>();
  const guard = bindPolicy(createGuard((name) => findPolicy(registry, name)));
  for (const policy of [...BUILT_IN, guard, ...own]) {
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
  return findPolicy(registry, spec.name).start(spec.parameters, scope);
}

function findPolicy(registry: PolicyRegistry, name: string): BoundPolicy {
  const policy = registry.get(name);
  if (policy !== undefined) return policy;
  const known = suggestName(name, registry.keys());
  throw new SluiceError(`Cannot use policy "${name}" as there is none of that name${known}`, {
    code: "policy-invalid",
    details: { policy: name },
  });
}
