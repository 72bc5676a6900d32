/**
 * The scheduler: decides configuration and placement of every source, and publishes what changed as a routing table.
 *
 * S1. A table is published only when it differs from the one before; its epoch is higher than any before it, also after
 *     a restart, and than any that a node holds from an earlier term.
 * S2. Every stage in a table stands on nodes that are registered and offer its service, or on the fallback.
 * S3. A change of nodes, sources or policies is decided with the next message, all that wait together; samples and
 *     outcomes only count at the next tick.
 * S4. Every registered node is sent the newest table, at once and again with backoff until it acknowledges it; a node
 *     that holds a table of a newer term is left alone.
 * S5. A policy that throws or proposes what cannot be changes nothing: the last good plan of its source stays.
 * S6. A refused policy is answered, and the one in force stays.
 */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { Behaviour, Context } from "../../runtime/behaviour.js";
import { assertNever, errorText } from "../../runtime/errors.js";
import { SluiceError } from "../errors.js";
import type { PolicyReply, SchedulerEvent, SchedulerMessage, SourceDescription } from "../protocol.js";
import type { NodeName, SourceId } from "../task/identity.js";
import type { Pipeline } from "../task/pipeline.js";
import { suggestName } from "../task/nearest-name.js";
import { newestPipeline, sourceProblem, startOrDefault, tooManySources, tryPolicy } from "./admission.js";
import { viewCluster, type NodeEntry } from "./cluster-view.js";
import { Deliveries } from "./deliveries.js";
import { BandwidthEstimates, transfersOf } from "./links.js";
import { OutcomeWindow } from "./outcome-window.js";
import { Overhead } from "./overhead.js";
import type { PolicyRegistry } from "./policies.js";
import type { PolicyRun } from "./policy.js";
import type { Registrations } from "./registrations.js";
import { PendingReplan } from "./replan.js";
import { decideSource, type SourceEntry } from "./source-plan.js";
import { buildTable } from "./table.js";

type Private = { readonly type: "tick" } | { readonly type: "replan" } | { readonly type: "resend" };
export type Message = SchedulerMessage | Private;
type Of<Type extends Message["type"]> = Extract<Message, { readonly type: Type }>;
type Ctx = Context<Message>;

export interface State {
  readonly nodes: Map<NodeName, NodeEntry>;
  readonly sources: Map<SourceId, SourceEntry>;
  readonly bandwidths: BandwidthEstimates;
  readonly deliveries: Deliveries;
  readonly overhead: Overhead;
  readonly pending: PendingReplan;
  /** Sources that differ from the newest table. */
  changed: Set<SourceId>;
  /** Highest epoch known to exist anywhere. */
  epoch: number;
  /** Messages that could not count: of an unknown node or source, out of date, or beyond a limit. */
  ignored: number;
  failuresLogged: { readonly atMs: number; readonly count: number };
}

export interface SchedulerOptions {
  /** Higher than that of any scheduler before it. */
  readonly term: number;
  readonly fallback: NodeName;
  readonly policies: PolicyRegistry;
  /** Between decisions that nothing but time, samples and outcomes set off. Default 1,000 ms. */
  readonly intervalMs: number;
  readonly nodesMax: number;
  readonly sourcesMax: number;
  readonly listener: ActorRef<SchedulerEvent> | null;
}

/** A failing policy would fill the log. */
const FAILURE_LOG_MS = 1_000;

export function createScheduler(
  options: SchedulerOptions,
  registrations: Registrations,
): Behaviour<State, Message> {
  return {
    start(ctx) {
      const state = restore();
      ctx.every("tick", options.intervalMs, { type: "tick" });
      for (const node of state.nodes.keys()) sendTable(state, node, ctx);
      armResend(state, ctx);
      if (state.nodes.size + state.sources.size > 0) requestReplan(state, "all", "scheduler restarted", ctx);
      return state;
    },

    receive(state, message, ctx) {
      handle(state, message, ctx);
      return state;
    },
  };

  function handle(state: State, message: Message, ctx: Ctx): void {
    switch (message.type) {
      case "registerNode":
        return onRegisterNode(state, message, ctx);
      case "removeNode":
        return onRemoveNode(state, message, ctx);
      case "registerSource":
        return onRegisterSource(state, message, ctx);
      case "removeSource":
        return onRemoveSource(state, message, ctx);
      case "setPolicy":
        return onSetPolicy(state, message, ctx);
      case "resourcesSampled":
        return onResourcesSampled(state, message, ctx);
      case "taskSettled":
        return onTaskSettled(state, message, ctx);
      case "tableInstalled":
        return onTableInstalled(state, message, ctx);
      case "tableRefused":
        return onTableRefused(state, message, ctx);
      case "reportTable":
        return onReportTable(state, message);
      case "tick":
        return onTick(state, ctx);
      case "replan":
        return onReplan(state, ctx);
      case "resend":
        return onResend(state, ctx);
      default:
        return assertNever(message);
    }
  }

  function restore(): State {
    const state: State = {
      nodes: new Map(),
      sources: new Map(),
      bandwidths: new BandwidthEstimates(),
      deliveries: new Deliveries(),
      overhead: new Overhead(),
      pending: new PendingReplan(),
      changed: new Set(),
      epoch: registrations.table?.epoch ?? 0,
      ignored: 0,
      failuresLogged: { atMs: Number.NEGATIVE_INFINITY, count: 0 },
    };
    for (const [name, { description, controller }] of registrations.nodes) {
      state.nodes.set(name, { description, sample: null, sampledAtMs: 0 });
      state.deliveries.add(name, controller);
    }
    const { table } = registrations;
    for (const [id, description] of registrations.sources) {
      const { run } = startOrDefault(options.policies, description.policy);
      state.sources.set(id, { ...enter(description, run), plan: table?.sources.get(id) ?? null });
      if (table?.pipelines.get(description.pipeline.id) !== description.pipeline) state.changed.add(id);
    }
    for (const id of table?.sources.keys() ?? []) if (!state.sources.has(id)) state.changed.add(id);
    return state;
  }

  function onRegisterNode(state: State, { node, controller }: Of<"registerNode">, ctx: Ctx): void {
    if (!state.nodes.has(node.name) && state.nodes.size >= options.nodesMax) {
      state.ignored++;
      ctx.log.error("Cannot register a node as there are too many", {
        node: node.name,
        nodesMax: options.nodesMax,
      });
      return;
    }
    registrations.nodes.set(node.name, { description: node, controller });
    state.nodes.set(node.name, { description: node, sample: null, sampledAtMs: 0 });
    state.deliveries.add(node.name, controller);
    sendTable(state, node.name, ctx);
    armResend(state, ctx);
    requestReplan(state, "all", `node ${node.name} joined`, ctx);
  }

  function onRemoveNode(state: State, { node }: Of<"removeNode">, ctx: Ctx): void {
    if (!state.nodes.delete(node)) {
      state.ignored++;
      return;
    }
    registrations.nodes.delete(node);
    state.deliveries.remove(node);
    state.bandwidths.forget(node);
    requestReplan(state, "all", `node ${node} left`, ctx);
  }

  function onRegisterSource(state: State, { source, replyTo }: Of<"registerSource">, ctx: Ctx): void {
    const known = state.sources.has(source.id) || state.sources.size < options.sourcesMax;
    const problem = known ? sourceProblem(source) : tooManySources(source.id, options.sourcesMax);
    if (problem !== null) {
      state.ignored++;
      refuse(source.id, problem, replyTo, ctx);
      return;
    }
    const pipeline = newestPipeline(source, state.sources.values());
    const { run, policy, refusal } = startOrDefault(options.policies, source.policy);
    const description = { ...source, pipeline, policy };
    const before = state.sources.get(source.id);
    const plan = before?.description.pipeline.id === pipeline.id ? before.plan : null;

    registrations.sources.set(source.id, description);
    state.sources.set(source.id, {
      ...enter(description, run),
      plan,
      window: before?.window ?? new OutcomeWindow(),
    });
    if (before?.description.pipeline !== pipeline) state.changed.add(source.id);
    if (refusal === null) replyTo?.tell({ type: "policySet", sourceId: source.id });
    else refuse(source.id, refusal, replyTo, ctx);
    if (pipeline === source.pipeline) upgradeOthers(state, pipeline, ctx);
    else if (pipeline.version > source.pipeline.version) {
      ctx.log.warn("A source runs a newer version of its pipeline than it asked for", {
        source: source.id,
        pipeline: pipeline.id,
        version: pipeline.version,
      });
    }
    requestReplan(state, source.id, `source ${source.id} registered`, ctx);
  }

  function onRemoveSource(state: State, { sourceId }: Of<"removeSource">, ctx: Ctx): void {
    if (!state.sources.delete(sourceId)) {
      state.ignored++;
      return;
    }
    registrations.sources.delete(sourceId);
    state.changed.add(sourceId);
    requestReplan(state, "none", `source ${sourceId} removed`, ctx);
  }

  function onSetPolicy(state: State, { sourceId, policy, replyTo }: Of<"setPolicy">, ctx: Ctx): void {
    const entry = state.sources.get(sourceId);
    if (entry === undefined) {
      const text = `Cannot set the policy of source "${sourceId}" as it is not registered${suggestName(sourceId, state.sources.keys())}`;
      refuse(sourceId, new SluiceError(text, { code: "policy-invalid" }), replyTo, ctx);
      return;
    }
    const description = { ...entry.description, policy };
    const nodes = new Map([...state.nodes].map(([name, node]) => [name, node.description]));
    const started = tryPolicy(options.policies, policy, { source: description, nodes });
    if (!started.ok) {
      refuse(sourceId, started.error, replyTo, ctx);
      return;
    }
    registrations.sources.set(sourceId, description);
    state.sources.set(sourceId, { ...entry, description, run: started.run });
    replyTo?.tell({ type: "policySet", sourceId });
    requestReplan(state, sourceId, `policy of ${sourceId} set to ${policy.name}`, ctx);
  }

  function onResourcesSampled(state: State, { sample }: Of<"resourcesSampled">, ctx: Ctx): void {
    const node = state.nodes.get(sample.node);
    if (node === undefined || (node.sample !== null && sample.atMs < node.sample.atMs)) {
      state.ignored++;
      return;
    }
    node.sample = sample;
    node.sampledAtMs = ctx.now();
  }

  function onTaskSettled(state: State, { outcome }: Of<"taskSettled">, ctx: Ctx): void {
    const entry = state.sources.get(outcome.id.sourceId);
    if (entry === undefined) {
      state.ignored++;
      return;
    }
    entry.window.add(outcome);
    const { pipeline, node: sourceNode } = entry.description;
    if (outcome.pipelineId !== pipeline.id) return;
    const configuration = entry.plan?.configuration ?? entry.description.configuration;
    for (const transfer of transfersOf(outcome, { pipeline, sourceNode, configuration })) {
      if (!state.nodes.has(transfer.from) || !state.nodes.has(transfer.to)) continue;
      const rttMs = state.nodes.get(transfer.from)?.sample?.links[transfer.to]?.rttMs ?? null;
      state.bandwidths.observe(transfer, ctx.now(), rttMs);
    }
  }

  function onTableInstalled(state: State, { node, epoch }: Of<"tableInstalled">, ctx: Ctx): void {
    const afterMs = state.deliveries.acknowledge(node, epoch, ctx.now());
    if (afterMs === null) state.ignored++;
    else options.listener?.tell({ type: "tableAcknowledged", epoch, node, afterMs });
  }

  function onTableRefused(state: State, { node, epoch, heldEpoch }: Of<"tableRefused">, ctx: Ctx): void {
    if (registrations.table?.epoch !== epoch || !state.deliveries.has(node)) {
      state.ignored++;
    } else if (Number.isSafeInteger(heldEpoch) && heldEpoch >= epoch) {
      state.epoch = heldEpoch;
      publish(state, `node ${node} holds epoch ${heldEpoch} of an earlier term`, ctx);
    } else if (!state.deliveries.isFenced(node)) {
      state.deliveries.fence(node);
      ctx.log.error("A node follows a scheduler of a newer term", { node, term: options.term });
    }
  }

  function onReportTable(state: State, { replyTo }: Of<"reportTable">): void {
    replyTo.tell({
      type: "tableReported",
      table: registrations.table,
      acknowledged: state.deliveries.acknowledged(),
      explanations: Object.fromEntries([...state.sources].map(([id, { why }]) => [id, why])),
      overhead: state.overhead.report(),
    });
  }

  function onTick(state: State, ctx: Ctx): void {
    state.pending.add("all", "interval");
    onReplan(state, ctx);
    onResend(state, ctx);
  }

  function onReplan(state: State, ctx: Ctx): void {
    if (state.pending.isEmpty) return;
    const { sources, reason } = state.pending.take();
    const startedAtMs = ctx.now();
    const cluster = viewCluster(state.nodes, state.bandwidths, {
      nowMs: startedAtMs,
      fallback: options.fallback,
    });
    const random = () => ctx.random();
    for (const id of sources === "all" ? state.sources.keys() : sources) {
      const entry = state.sources.get(id);
      if (entry === undefined) continue;
      const decidingSinceMs = ctx.now();
      const decision = decideSource(entry, cluster, random);
      state.overhead.addDecision(ctx.now() - decidingSinceMs, decision.failure !== undefined);
      state.sources.set(id, decision.entry);
      if (decision.changed) state.changed.add(id);
      if (decision.failure !== undefined) logFailure(state, id, decision.failure, ctx);
    }
    state.overhead.addRound(ctx.now() - startedAtMs);
    if (state.changed.size > 0) publish(state, reason, ctx);
  }

  function onResend(state: State, ctx: Ctx): void {
    const { table } = registrations;
    if (table === null) return;
    for (const node of state.deliveries.due(table.epoch, ctx.now())) sendTable(state, node, ctx);
    armResend(state, ctx);
  }

  // ── Deciding ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Decides after the messages that are already waiting, so that a burst of registrations makes one table. */
  function requestReplan(state: State, sources: SourceId | "all" | "none", reason: string, ctx: Ctx): void {
    state.pending.add(sources, reason);
    if (state.pending.announced) return;
    state.pending.announced = true;
    ctx.self.tell({ type: "replan" });
  }

  function upgradeOthers(state: State, pipeline: Pipeline, ctx: Ctx): void {
    for (const [id, entry] of state.sources) {
      const other = entry.description.pipeline;
      if (other.id !== pipeline.id || other === pipeline) continue;
      const description = { ...entry.description, pipeline };
      registrations.sources.set(id, description);
      state.sources.set(id, { ...entry, description });
      state.changed.add(id);
      requestReplan(state, id, `pipeline ${pipeline.id} is at version ${pipeline.version}`, ctx);
    }
  }

  function refuse(
    sourceId: SourceId,
    error: SluiceError,
    replyTo: ActorRef<PolicyReply> | undefined,
    ctx: Ctx,
  ): void {
    ctx.log.warn(error.message, { source: sourceId });
    replyTo?.tell({ type: "policyRefused", sourceId, error });
  }

  function logFailure(state: State, source: SourceId, thrown: unknown, ctx: Ctx): void {
    if (ctx.now() - state.failuresLogged.atMs < FAILURE_LOG_MS) return;
    const failures = state.overhead.failures - state.failuresLogged.count;
    ctx.log.error("A policy failed: the last good plan stays", {
      source,
      failures,
      error: errorText(thrown),
    });
    state.failuresLogged = { atMs: ctx.now(), count: state.overhead.failures };
  }

  // ── Publishing ────────────────────────────────────────────────────────────────────────────────────────────────────

  function publish(state: State, reason: string, ctx: Ctx): void {
    state.epoch++;
    const table = buildTable(state.sources, {
      term: options.term,
      epoch: state.epoch,
      publishedAtMs: ctx.now(),
      fallback: options.fallback,
    });
    registrations.table = table;
    for (const node of state.deliveries.names()) sendTable(state, node, ctx);
    armResend(state, ctx);
    options.listener?.tell({
      type: "tablePublished",
      epoch: table.epoch,
      reason,
      sources: [...state.changed],
    });
    state.changed = new Set();
  }

  function sendTable(state: State, node: NodeName, ctx: Ctx): void {
    const { table } = registrations;
    if (table === null) return;
    const controller = state.deliveries.send(node, table.epoch, ctx.now());
    controller?.tell({ type: "installTable", table, replyTo: ctx.self }, "control");
  }

  function armResend(state: State, ctx: Ctx): void {
    const { table } = registrations;
    if (table === null) return;
    const dueInMs = state.deliveries.nextDueInMs(table.epoch, ctx.now());
    if (dueInMs !== null) ctx.after("resend", dueInMs, { type: "resend" });
  }
}

function enter(description: SourceDescription, run: PolicyRun): SourceEntry {
  return {
    description,
    run,
    window: new OutcomeWindow(),
    plan: null,
    why: { reason: "not decided yet", inputs: {} },
  };
}
