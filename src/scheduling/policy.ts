/**
 * What a scheduling policy is: a pure function from its state and what is known to a plan for one source.
 *
 * The same function runs live, in a test and against a recorded run. What it sees is plain data, with units and ages, so that it
 * can be copied, recorded and sent to a thread; and so is the state that it keeps. Time and randomness come in with the view.
 */

import type { Configuration } from "../task/configuration.js";
import type { Objective } from "../task/configuration-space.js";
import type { NodeName, SourceId, StageId } from "../task/identity.js";
import type { ResourceSample } from "../task/reports.js";
import type { NativeVideo } from "../task/native-video.js";
import type {
  Explanation,
  NodeDescription,
  PlanPause,
  PolicyParameter,
  SourceDescription,
} from "../task/requests.js";
import type { RecentOutcomes } from "./outcome-window.js";

/** A decision for one source: how it is captured, and which nodes may run each stage. */
export interface Plan {
  /** With the variants that stages run in, of those that have several; that of a stage which is not named is its first. */
  readonly configuration: Configuration;
  /** Most wanted node first. A stage that is left out, or has no usable node, goes to the fallback. */
  readonly placement: ReadonlyMap<StageId, readonly NodeName[]>;
  /**
   * While the first node of a stage that reads pixels loads it, tasks wait there: they go over no link that the plan does not use.
   * Default false: they go to the soonest of its nodes that has loaded it, or stay where they went before.
   */
  readonly pixelsStay?: boolean;
  /**
   * The source captures nothing for as long as its policy decides so anew. One that fails meanwhile has it captured again, and an
   * operator who pauses it has the last word. Default: it captures.
   */
  readonly pause?: PlanPause;
}

/** A node, as a policy sees it. */
export interface NodeView {
  readonly description: NodeDescription;
  /** The newest sample; null before the first. */
  readonly sample: ResourceSample | null;
  /** Since the sample arrived here, in ms, so that no foreign clock counts; null before the first. */
  readonly sampleAgeMs: number | null;
}

/** A link, as a policy sees it. */
export interface LinkView {
  /** What the link carries in this direction when nothing else crosses it. */
  readonly bandwidthMbps: number | null;
  /** Since the bandwidth was last observed, in ms. */
  readonly bandwidthAgeMs: number | null;
  readonly rttMs: number | null;
  /** Since the round-trip time was last told, in ms. */
  readonly rttAgeMs: number | null;
}

/** What a service takes on a node for one frame, from the hops of stored tasks. */
export interface ServiceTime {
  readonly meanMs: number;
  readonly p95Ms: number;
  /** Hops that it is computed of, at most 64. */
  readonly count: number;
  /** Tasks that arrived there a second, from all sources; null of fewer than two. */
  readonly arrivalsPerS: number | null;
  /** Since the last one, in ms. */
  readonly ageMs: number;
}

/** The tasks of one stage on one node. @see stageQueue */
export interface StageQueue {
  /** Tasks of all sources of its pipeline that wait or run there. */
  readonly tasks: number;
  /** How many can run at once; 1 of a stage with state, and where the node does not say. */
  readonly slots: number;
  /** Since it was counted, in ms. */
  readonly ageMs: number;
}

/** What a source makes in a configuration. */
export interface Need {
  readonly tasksPerS: number;
  readonly bytesPerTask: number;
  /** Of the payloads of all its tasks. */
  readonly mbps: number;
}

/** Any source of the cluster, as the policy of another one sees it. */
export interface SourceView {
  /** Beside which it is captured. */
  readonly node: NodeName;
  readonly policy: string;
  readonly slo: Objective | null;
  /** In force, or as it was decided in this round; null before the first. */
  readonly plan: Plan | null;
  /** Under that plan, at the rate that is asked for. */
  readonly need: Need | null;
  /** Of its recent tasks, the share that was stored in time; null where it has no objective, or no task yet. */
  readonly inTimeShare: number | null;
}

/** What plans ask of nodes and links. */
export interface Load {
  /** Ms of a processor's time for each second, by node. */
  readonly busyMs: ReadonlyMap<NodeName, number>;
  /** Mbit/s of payloads, by the node that sends and the one that receives. */
  readonly mbps: ReadonlyMap<NodeName, ReadonlyMap<NodeName, number>>;
}

/** Everything a policy may look at. Valid during one call of `decide`; `structuredClone` makes it last. */
export interface PolicyView {
  readonly source: SourceDescription;
  /** The plan in force, complete, without its pause, so that no policy takes over another's; null before the first. */
  readonly plan: Omit<Plan, "pause"> | null;
  /** The plan in force pauses the source, so that nothing comes of it. It goes on unless its policy says so anew. */
  readonly pauses: boolean;
  /** What became of the tasks that were made under the plan in force. */
  readonly recent: RecentOutcomes;
  /** Bytes of an image for each of its pixels, by `jpeg/quality`, of tasks of this source. Empty until one was stored. */
  readonly imageBytesPerPixel: ReadonlyMap<string, number>;
  /** Null until the source is open, and where it does not say. */
  readonly native: NativeVideo | null;
  /** All sources, this one included. */
  readonly sources: ReadonlyMap<SourceId, SourceView>;
  /** In order of name. */
  readonly nodes: ReadonlyMap<NodeName, NodeView>;
  /**
   * By service, the nodes that can run the source's stages of it, in some variant that is allowed, as far as they say and have
   * shown, in order of name. @see offering
   */
  readonly offers: ReadonlyMap<string, readonly NodeName[]>;
  /** By the node that sends and the one that receives. @see linkBetween */
  readonly links: ReadonlyMap<NodeName, ReadonlyMap<NodeName, LinkView>>;
  /** By service and its parameters, and node. @see serviceTime */
  readonly serviceTimes: ReadonlyMap<string, ReadonlyMap<NodeName, ServiceTime>>;
  /** What the plans in force of all other sources ask for, those decided in this round before this one included. */
  readonly others: Load;
  /** The part of what was decided of late that no sample shows yet, as ms of a processor's time for each second. Below 0 where work went away. */
  readonly unsampledBusyMs: ReadonlyMap<NodeName, number>;
  /** Where a stage runs that has no other place: the cloud. */
  readonly fallback: NodeName;
  /** Of the node that decides, for durations: no step of a wall clock is in it, and it goes on where the hub starts again, as states do. */
  readonly nowMs: number;
  /** Another one at each decision. @see seededRandom */
  readonly seed: number;
}

/** One source that is to be decided for. */
export interface Turn<State> {
  readonly state: State;
  readonly view: PolicyView;
}

/** Decides for one source: pure, and the same for the same state and view. */
export type Decide<State> = (state: State, view: PolicyView) => Decision<State>;

/**
 * Decides for all sources of the policy that a round is about, at once: as many decisions as turns, in their order. What the view of
 * each says of the others is how they are before any of these decisions.
 */
export type DecideAll<State> = (turns: readonly Turn<State>[]) => readonly Decision<State>[];

/** Decides one source at a time, or all of them in one round; where it can do both, all of them. */
export type Policy<Parameters, State> = SinglePolicy<Parameters, State> | JointPolicy<Parameters, State>;

/** Decides one source at a time, and may be able to decide all of them in one round. */
export interface SinglePolicy<Parameters, State> extends PolicyCommon<Parameters, State> {
  readonly decide: Decide<State>;
  readonly decideAll?: DecideAll<State>;
}

/** Decides all of them in one round. */
export interface JointPolicy<Parameters, State> extends PolicyCommon<Parameters, State> {
  readonly decide?: never;
  readonly decideAll: DecideAll<State>;
}

/** What every policy has: parameters, and a state of its own. */
interface PolicyCommon<Parameters, State> {
  readonly name: string;
  /** Of its program: another one where states of before mean something else. Default "1"; of a file of one's own, what is in it. */
  readonly version?: string;
  /** What a form asks for to give what `parse` takes. Absent: whoever sets it writes JSON. */
  readonly parameters?: readonly PolicyParameter[];
  /** @throws SluiceError `policy-invalid`, naming each wrong parameter */
  parse(parameters: unknown): Parameters;
  /**
   * Refuses parameters that cannot mean anything for this source and these nodes, when a person sets them. A node that
   * is missing later is no refusal: its stages go to the fallback.
   *
   * @throws SluiceError `policy-invalid`
   */
  check?(parameters: Parameters, scope: PolicyScope): void;
  /** The first state: plain data, as every one after it. */
  start(parameters: Parameters): State;
  /**
   * Goes on from what another version of this policy has learned. Default: every other version begins anew.
   *
   * @returns null where it cannot
   */
  resume?(state: unknown, version: string): State | null;
}

/** What the parameters of a policy are checked against. */
export interface PolicyScope {
  readonly source: SourceDescription;
  readonly nodes: ReadonlyMap<NodeName, NodeDescription>;
}

/** What a policy decided, why, and what it remembers. */
export interface Decision<State> {
  readonly state: State;
  readonly plan: Plan;
  readonly why: Explanation;
}

/** A policy with its types closed over, so that different ones stand in one registry. */
export interface BoundPolicy {
  readonly name: string;
  /** States of another version have to be carried over. */
  readonly version: string;
  /** Null where it does not say. */
  readonly parameters: readonly PolicyParameter[] | null;
  /**
   * Checks the parameters and gives the policy's first state.
   *
   * @param scope where given, the parameters must make sense for it
   * @throws SluiceError `policy-invalid`
   */
  start(parameters: unknown, scope?: PolicyScope): PolicyRun;
  /** Goes on from a state that the policy was in, or a copy of it. */
  resume(state: unknown): PolicyRun;
  /** The state with which it goes on from one of another version; null where it begins anew. */
  carry(state: unknown, version: string): { readonly state: unknown } | null;
  /** Of a policy that decides for all of its sources at once; the states are what `resume` takes. */
  readonly decideAll: ((turns: readonly Turn<unknown>[]) => readonly Decision<unknown>[]) | null;
}

/** A policy at work for one source: an immutable state that knows how to decide. */
export interface PolicyRun {
  readonly policy: string;
  /** Plain data. */
  readonly state: unknown;
  /** Decides once, and gives what is to decide next. */
  decide(view: PolicyView): { readonly run: PolicyRun; readonly plan: Plan; readonly why: Explanation };
}

/**
 * Closes over the types of `policy`.
 *
 * @param version default: the policy's own
 */
export function bindPolicy<Parameters, State>(
  policy: Policy<Parameters, State>,
  version = policy.version ?? "1",
): BoundPolicy {
  const { decideAll } = policy;
  const decideOne = (state: State, view: PolicyView): Decision<State> => {
    if (policy.decide !== undefined) return policy.decide(state, view);
    const [decision] = policy.decideAll([{ state, view }]);
    if (decision === undefined) throw new TypeError("It must decide for every source that it is asked for");
    return decision;
  };
  const runIn = (state: State): PolicyRun => ({
    policy: policy.name,
    state,
    decide(view) {
      const decision: Decision<State> | null | undefined = decideOne(state, view);
      if (typeof decision?.plan !== "object") throw new TypeError('It must give "state", "plan" and "why"');
      return { run: runIn(decision.state), plan: decision.plan, why: decision.why };
    },
  });
  return {
    name: policy.name,
    version,
    get parameters() {
      return policy.parameters ?? null;
    },
    start(parameters, scope) {
      const parsed = policy.parse(parameters);
      if (scope !== undefined) policy.check?.(parsed, scope);
      return runIn(policy.start(parsed));
    },
    // Whoever has a state of this policy has it from a run of it.
    resume: (state) => runIn(state as State),
    carry(state, from) {
      const carried = policy.resume?.(state, from) ?? null;
      return carried === null ? null : { state: carried };
    },
    decideAll:
      decideAll === undefined ? null : (turns) => decideAll.call(policy, turns as readonly Turn<State>[]),
  };
}
