/** Rounds for tests: a few sources in the cluster of other tests. */

import { DECISION_LIMITS } from "../../src/scheduling/ask-policy.js";
import { createPolicies } from "../../src/scheduling/policies.js";
import type { BoundPolicy, Plan } from "../../src/scheduling/policy.js";
import type { RoundRequest, RoundTools, RoundTurn } from "../../src/scheduling/round.js";
import { parseSourceId } from "../../src/task/identity.js";
import { source, view, type ViewOptions } from "../actors/scheduler/cluster.js";

export function turn(name: string, policy: string, changes: Partial<RoundTurn> = {}): RoundTurn {
  const described = source({ id: parseSourceId(name), policy: { name: policy, parameters: {} } });
  return {
    source: described,
    plan: null,
    recent: view().recent,
    imageBytesPerPixel: new Map(),
    excluded: new Map(),
    kept: null,
    fenced: null,
    shadow: null,
    seed: 1,
    ...changes,
  };
}

export function roundOf(turns: readonly RoundTurn[], options: ViewOptions = {}): RoundRequest {
  const { nowMs, nodes, offers, links, serviceTimes, fallback, unsampledBusyMs } = view(options);
  return {
    cluster: { nowMs, nodes, offers, links, serviceTimes, fallback, unsampledBusyMs },
    sources: new Map(
      turns.map(({ source: { id, node, policy }, plan }) => [
        id,
        { node, policy: policy.name, slo: null, plan, need: null, inTimeShare: null },
      ]),
    ),
    planned: { busyMs: new Map(), mbps: new Map() },
    turns,
  };
}

export function toolsWith(own: readonly BoundPolicy[], changes: Partial<RoundTools> = {}): RoundTools {
  return {
    policies: createPolicies(own),
    limits: DECISION_LIMITS,
    monotonic: () => 0,
    onTurn: () => {},
    ...changes,
  };
}

/** A plan as text: which node runs each stage. */
export function placed(plan: Plan | null | undefined): Record<string, readonly string[]> {
  return Object.fromEntries(plan?.placement ?? []);
}
