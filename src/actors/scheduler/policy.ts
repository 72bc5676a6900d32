/**
 * What a scheduling policy is: a pure function from its state and what is known to a plan for one source.
 *
 * The same function runs live, in a test and against a recorded run: time and randomness come in with the view.
 */

import type { Explanation, NodeDescription, SourceDescription } from "../../task/requests.js";
import type { ResourceSample } from "../../task/reports.js";
import type { Configuration } from "../../task/configuration.js";
import type { NodeName, StageId } from "../../task/identity.js";
import type { RecentOutcomes } from "./outcome-window.js";

/** A decision for one source: how it is captured, and which nodes may run each stage. */
export interface Plan {
  readonly configuration: Configuration;
  /** Most wanted node first. A stage that is left out, or has no usable node, goes to the fallback. */
  readonly placement: ReadonlyMap<StageId, readonly NodeName[]>;
}

export interface NodeView {
  readonly description: NodeDescription;
  /** The newest sample; null before the first. */
  readonly sample: ResourceSample | null;
  /** Since the sample arrived here, in ms, so that no foreign clock counts; null before the first. */
  readonly sampleAgeMs: number | null;
}

export interface LinkView {
  readonly bandwidthMbps: number | null;
  /** Since the bandwidth was last observed, in ms. */
  readonly bandwidthAgeMs: number | null;
  readonly rttMs: number | null;
}

/** Everything a policy may look at. Valid during one call of `decide`. */
export interface PolicyView {
  readonly source: SourceDescription;
  readonly nodes: ReadonlyMap<NodeName, NodeView>;
  /** Where a stage runs that has no other place: the cloud. */
  readonly fallback: NodeName;
  readonly recent: RecentOutcomes;
  /** The plan in force, complete; null before the first. */
  readonly plan: Plan | null;
  /** By the monotonic clock of the node that decides: for durations. */
  readonly nowMs: number;
  /** The nodes that offer `service`, in order of name. */
  readonly offering: (service: string) => readonly NodeView[];
  readonly link: (from: NodeName, to: NodeName) => LinkView;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

export interface Policy<Parameters, State> {
  readonly name: string;
  /** @throws SluiceError `policy-invalid`, naming each wrong parameter */
  parse(parameters: unknown): Parameters;
  /**
   * Refuses parameters that cannot mean anything for this source and these nodes, when a person sets them. A node that
   * is missing later is no refusal: its stages go to the fallback.
   *
   * @throws SluiceError `policy-invalid`
   */
  check?(parameters: Parameters, scope: PolicyScope): void;
  start(parameters: Parameters): State;
  decide(state: State, view: PolicyView): Decision<State>;
}

export interface PolicyScope {
  readonly source: SourceDescription;
  readonly nodes: ReadonlyMap<NodeName, NodeDescription>;
}

export interface Decision<State> {
  readonly state: State;
  readonly plan: Plan;
  readonly why: Explanation;
}

/** A policy with its types closed over, so that different ones stand in one registry. */
export interface BoundPolicy {
  readonly name: string;
  /**
   * Checks the parameters and gives the policy's first state.
   *
   * @param scope where given, the parameters must make sense for it
   * @throws SluiceError `policy-invalid`
   */
  start(parameters: unknown, scope?: PolicyScope): PolicyRun;
}

/** A policy at work for one source: an immutable state that knows how to decide. */
export interface PolicyRun {
  readonly policy: string;
  decide(view: PolicyView): { readonly run: PolicyRun; readonly plan: Plan; readonly why: Explanation };
}

/** Closes over the types of `policy`. */
export function bindPolicy<Parameters, State>(policy: Policy<Parameters, State>): BoundPolicy {
  const runIn = (state: State): PolicyRun => ({
    policy: policy.name,
    decide(view) {
      const decision = policy.decide(state, view);
      return { run: runIn(decision.state), plan: decision.plan, why: decision.why };
    },
  });
  return {
    name: policy.name,
    start(parameters, scope) {
      const parsed = policy.parse(parameters);
      if (scope !== undefined) policy.check?.(parsed, scope);
      return runIn(policy.start(parsed));
    },
  };
}
