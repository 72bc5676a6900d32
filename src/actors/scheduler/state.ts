/** What a scheduler is given and keeps: everything that its parts work on. */

import { withKept } from "../../task/offers.js";
import type { ActorRef } from "../../runtime/actor-ref.js";
import type { AskResult, Context } from "../../runtime/behaviour.js";
import type { AgentReply } from "../protocol/agent.js";
import type { SealReply } from "../protocol/distributor.js";
import type { PolicyReply, SchedulerEvent, SchedulerMessage } from "../protocol/scheduler.js";
import type { PlanChange } from "../../task/reports.js";
import type { SourceRoute } from "../../task/routing-table.js";
import { UNDECIDED, type SourceDescription } from "../../task/requests.js";
import { pipelineKeyText, type NodeName, type SourceId } from "../../task/identity.js";
import { samePipeline } from "../../task/pipeline.js";
import type { NodeQuota } from "./admission.js";
import type { HostEntry } from "./hosting/host-entry.js";
import type { NodeEntry } from "./cluster-view.js";
import type { OwnersPort } from "./owners-port.js";
import { TableAcknowledgements } from "./table-acknowledgements.js";
import { Exclusions } from "./exclusions.js";
import { LoadedStages } from "./loaded-stages.js";
import { BandwidthEstimates } from "./bandwidth-estimates.js";
import { ImageSizes } from "./image-sizes.js";
import { UnsampledCharges } from "../../scheduling/load.js";
import { OutcomeWindow } from "../../scheduling/outcome-window.js";
import { MoveBudget, type MoveLimits } from "../../scheduling/move-budget.js";
import { PressureWatch } from "../../scheduling/pressure.js";
import { Overhead } from "./overhead.js";
import { Fences } from "../../scheduling/fences.js";
import type { Plan } from "../../scheduling/policy.js";
import type { KeptState } from "../../scheduling/kept-state.js";
import { RerouteRates } from "./reroute-rates.js";
import type { RoundUnderWay } from "./round-under-way.js";
import type { DecisionEvent, DecisionPort } from "./decision-port.js";
import { PolicyChecks } from "./policy-checks.js";
import { shadowOf } from "./shadow-entry.js";
import type { SchedulerRetained } from "./retained.js";
import { PendingReplan } from "./replan.js";
import { SampleDelays } from "./sample-delays.js";
import { ServiceTimes } from "./service-times.js";
import type { RecentFigures } from "./source-figures.js";
import type { SourceEntry } from "./source-plan.js";
import { steered } from "./steered.js";

type Private =
  | { readonly type: "tick" }
  | { readonly type: "replan" }
  | { readonly type: "reroute" }
  | { readonly type: "resend" }
  | {
      readonly type: "changesRead";
      readonly asked: Extract<SchedulerMessage, { readonly type: "reportChanges" }>;
      readonly result: AskResult<readonly PlanChange[]>;
    }
  | {
      readonly type: "reloadDone";
      readonly replyTo: Extract<SchedulerMessage, { readonly type: "reloadPolicies" }>["replyTo"];
      readonly result: AskResult<void>;
    }
  | { readonly type: "hostsDue" }
  | { readonly type: "sourceSealed"; readonly sourceId: SourceId; readonly result: AskResult<SealReply> }
  | {
      readonly type: "nameWritten";
      readonly sourceId: SourceId;
      readonly node: NodeName;
      readonly replyTo: ActorRef<PolicyReply>;
      readonly result: AskResult<void>;
    }
  | {
      readonly type: "hostAppointed";
      readonly sourceId: SourceId;
      readonly node: NodeName;
      readonly incarnationAfter: number;
      readonly result: AskResult<void>;
    }
  | {
      readonly type: "hostAnswered";
      readonly sourceId: SourceId;
      readonly node: NodeName;
      /** As the node has it: another one's word. */
      readonly result: AskResult<AgentReply>;
    }
  /** A node that had a source before was told to end it. */
  | { readonly type: "formerAnswered" }
  /** From whoever asks policies. */
  | { readonly type: "decisions"; readonly event: DecisionEvent };
export type Message = SchedulerMessage | Private;
export type Of<Type extends Message["type"]> = Extract<Message, { readonly type: Type }>;
export type Ctx = Context<Message>;

export interface State {
  readonly options: SchedulerOptions;
  /** Survives a restart. */
  readonly retained: SchedulerRetained;
  readonly nodes: Map<NodeName, NodeEntry>;
  readonly sources: Map<SourceId, SourceEntry>;
  /** Of those that any of several nodes may capture. */
  readonly hosts: Map<SourceId, HostEntry>;
  /** How it goes with each source, for people. */
  readonly figures: Map<SourceId, RecentFigures>;
  readonly bandwidths: BandwidthEstimates;
  readonly sampleDelays: SampleDelays;
  readonly serviceTimes: ServiceTimes;
  /** Added to the monotonic time for policies, whose states outlive the process. Taken once, so that no step of the wall clock is in it. */
  readonly epochMs: number;
  /** What was decided and no sample shows yet. */
  readonly charges: UnsampledCharges;
  readonly acknowledgements: TableAcknowledgements;
  /** What asks for a decision before its time. */
  readonly pressure: PressureWatch;
  /** How often stages may move. */
  readonly moveBudget: MoveBudget;
  readonly overhead: Overhead;
  readonly pending: PendingReplan;
  /** Null where none is. */
  round: RoundUnderWay | null;
  /** Whose policy had no time left for them: the first ones of the next round. */
  readonly postponed: Set<SourceId>;
  /** The plans with which sources go on from before the process, until another one is in force. */
  readonly recalled: Map<SourceId, Plan>;
  /** Nodes that were registered since it was started. */
  readonly seen: Set<NodeName>;
  /** Until then nodes of recalled plans are waited for, by the monotonic clock. */
  readonly settledAtMs: number;
  /** Policies that failed. */
  readonly fences: Fences;
  /** Requests that wait for a policy to be tried. */
  readonly checks: PolicyChecks<Of<"registerSource"> | Of<"setPolicy">>;
  /** Stages that nodes could not load. */
  readonly exclusions: Exclusions;
  /** What nodes have loaded. */
  readonly loaded: LoadedStages;
  /** Nodes that have said so since it was last routed. */
  readonly reroutes: Set<NodeName>;
  /** How often each may have it routed anew. */
  readonly rerouteRates: RerouteRates;
  /** It is routed anew soon. */
  rerouteIsDue: boolean;
  /** Sources that differ from the newest table. */
  changed: Set<SourceId>;
  /** Of the tables that it publishes. */
  term: number;
  /** Highest epoch known to exist anywhere. */
  epoch: number;
  /** Messages that could not count: of an unknown node or source, out of date, or beyond a limit. */
  ignored: number;
  /** The file of policies is read again. */
  isReloading: boolean;
  /** Requests refused, and when that was last logged. */
  readonly refusals: { count: number; loggedAtMs: number };
  /** How often each node had the scheduler move past an epoch or term that it held. */
  readonly leaps: Map<NodeName, number>;
  failuresLogged: { readonly atMs: number; readonly count: number };
}

export interface SchedulerOptions extends NodeQuota {
  /** Higher than that of any scheduler before it, as far as is known. */
  readonly term: number;
  /** Below the epochs of all its tables. */
  readonly epoch: number;
  readonly fallback: NodeName;
  /** Asks policies. */
  readonly decisions: DecisionPort;
  /** Between decisions that nothing but time, samples and outcomes set off. Default 1,000 ms. */
  readonly intervalMs: number;
  /** Changes of placement a minute. */
  readonly moveLimits: Partial<MoveLimits>;
  readonly nodesMax: number;
  readonly sourcesMax: number;
  readonly owners: OwnersPort;
  /** Resolves once it is durable to whom sources belong; null where it is. Default: it always is. */
  readonly written?: () => Promise<void> | null;
  readonly listener: ActorRef<SchedulerEvent> | null;
}

/** Nodes of a hub that starts again are back within so long, in ms: they try every few hundred at first. */
const SETTLE_MS = 5_000;

/** The state of a scheduler that starts or restarts: what is registered, and the newest table. */
export function restoreState(
  options: SchedulerOptions,
  retained: SchedulerRetained,
  { nowMs, epochMs }: { readonly nowMs: number; readonly epochMs: number },
): State {
  const state: State = {
    options,
    retained,
    nodes: new Map(),
    sources: new Map(),
    hosts: new Map(),
    figures: new Map(),
    bandwidths: new BandwidthEstimates(),
    sampleDelays: new SampleDelays(),
    serviceTimes: new ServiceTimes(),
    charges: new UnsampledCharges(),
    pressure: new PressureWatch(),
    moveBudget: new MoveBudget(options.moveLimits, nowMs),
    acknowledgements: new TableAcknowledgements(),
    overhead: new Overhead(),
    pending: new PendingReplan(),
    round: null,
    postponed: new Set(),
    recalled: new Map(),
    epochMs,
    seen: new Set(retained.nodes.keys()),
    settledAtMs: nowMs + SETTLE_MS,
    fences: new Fences(),
    checks: new PolicyChecks(),
    exclusions: new Exclusions(),
    loaded: new LoadedStages(),
    reroutes: new Set(),
    rerouteRates: new RerouteRates(),
    rerouteIsDue: false,
    changed: new Set(),
    term: Math.max(options.term, retained.table?.term ?? 0),
    epoch: retained.table?.epoch ?? options.epoch,
    ignored: 0,
    isReloading: false,
    refusals: { count: 0, loggedAtMs: Number.NEGATIVE_INFINITY },
    leaps: new Map(),
    failuresLogged: { atMs: Number.NEGATIVE_INFINITY, count: 0 },
  };
  for (const [name, { description, controller }] of retained.nodes) {
    state.nodes.set(name, {
      description: withKept(description, retained.modelsKept),
      sample: null,
      sampledAtMs: 0,
      sampledFromMs: null,
    });
    state.acknowledgements.add(name, controller);
  }
  const { table } = retained;
  for (const [id, description] of retained.sources) {
    state.sources.set(id, {
      ...createSourceEntry(
        steered(description, retained.orders.get(id)),
        retained.kept.get(id) ?? null,
        nowMs,
      ),
      plan: retained.plans.get(id) ?? routedPlan(table?.sources.get(id)),
    });
    const { id: pipelineId, version } = description.pipeline;
    const known = table?.pipelines.get(pipelineKeyText(pipelineId, version));
    if (known === undefined || !samePipeline(known, description.pipeline)) state.changed.add(id);
  }
  for (const [id, { host }] of retained.hosted) {
    const status = host === null ? "waiting" : "awaited";
    const phase = { status, untilMs: host === null ? nowMs : state.settledAtMs } as const;
    const isRegistered = host !== null && retained.sources.get(id)?.node === host && retained.nodes.has(host);
    const isOpen = isRegistered && retained.sources.get(id)?.native !== undefined;
    state.hosts.set(id, { phase, isRegistered, isOpen, refused: new Map(), replyTo: null });
  }
  for (const id of table?.sources.keys() ?? []) if (!state.sources.has(id)) state.changed.add(id);
  return state;
}

/** What is known of a plan from its route alone. */
function routedPlan(route: SourceRoute | undefined): Plan | null {
  return route === undefined ? null : { configuration: route.configuration, placement: route.placement };
}

/** A source of which nothing is known yet. */
export function createSourceEntry(
  description: SourceDescription,
  kept: KeptState | null,
  nowMs: number,
): SourceEntry {
  return {
    description,
    kept,
    window: new OutcomeWindow(nowMs),
    images: new ImageSizes(),
    plan: null,
    why: UNDECIDED,
    shadow: shadowOf(description.policy),
  };
}
