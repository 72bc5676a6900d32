/**
 * The scheduler: decides configuration and placement of every source, and publishes what changed as a routing table.
 *
 * SC1 A table is published only when it differs from the one before; its epoch is higher than any before it, also after
 *     a restart, and than any that a node holds; its term is no lower than that of such a table.
 * SC2 Every stage in a table stands on nodes that are registered and offer its service, or on the fallback.
 * SC3 A change of nodes, sources or policies is decided with the next message, all that wait together; samples and
 *     outcomes only count at the next tick, but for those that cannot wait.
 * SC4 Every registered node is sent the newest table, at once and again with backoff until it acknowledges it; a node
 *     that refuses it for what it is is left alone.
 * SC5 A policy that throws or proposes what cannot be changes nothing: the last good plan of its source stays.
 * SC9 Stages move so often a minute and no more, but for where they must.
 * SC6 A refused policy is answered, and the one in force stays.
 * SC8 Tasks are routed to a node once it has said that it has loaded the stage, except where no node has; and each table says what
 *     nodes are to load. A node that does not say so in time has no place for the stage for a while.
 * SC7 A stage that a node could not load is placed on another one until it is to be tried again. A new table follows in any
 *     case, as tasks wait for it.
 */

import { assertNever } from "../../runtime/errors.js";
import type { Behaviour } from "../../runtime/behaviour.js";
import { onReplan, requestReplan } from "./decide.js";
import { decideOnOutcome, decideOnSample } from "./decide-early.js";
import type { DecisionEvent } from "./decision-port.js";
import { joinChanges } from "./plan-history.js";
import type { PlanChange } from "../../task/reports.js";
import { onRoundDecided, onRoundLost } from "./settle-round.js";
import { onShadowsDecided, shadowReport } from "./shadows.js";
import { transfersOf } from "./bandwidth-estimates.js";
import { armResend, onResend, onTableInstalled, onTableRefused, sendTable } from "./publish-table.js";
import { findHosts, onHostAnswered, onHostAppointed, onSourceSealed } from "./hosting/find-host.js";
import { hostingReport, hostingReports } from "./hosting/hosting-report.js";
import { onEndHosting, onHostSource } from "./hosting/order-host.js";
import { excludeAgain, onStageUnavailable } from "./exclude-stage.js";
import { onNameWritten } from "./confirm-name.js";
import { onFreeVersion, onChecked, onRegisterSource, onSetPolicy } from "./register.js";
import { onRemoveSource } from "./remove-source.js";
import { onModelsKept, onRegisterNode, onRemoveNode } from "./register-node.js";
import { checkLoading, onReroute, onStagesLoaded } from "./reroute.js";
import type { SchedulerRetained } from "./retained.js";
import { onConfigureSource, onContinueSource, onPauseSource } from "./steer.js";
import { explained } from "./steered.js";
import { pauseOf } from "./table.js";
import { RecentFigures } from "./source-figures.js";
import type { SourceEntry } from "./source-plan.js";
import type { SourceReport } from "../../task/reports.js";
import type { SourceId } from "../../task/identity.js";
import { restoreState, type Ctx, type Message, type Of, type SchedulerOptions, type State } from "./state.js";
import { onReportPolicies } from "./report-policies.js";
import { onReloadDone, onReloadPolicies } from "./reload-policies.js";
import { onReportNodes, onReportOwners } from "./report-nodes.js";
import { onSourceOpened } from "./source-opened.js";

export function createScheduler(
  options: SchedulerOptions,
  retained: SchedulerRetained,
): Behaviour<State, Message> {
  return {
    start(ctx) {
      const state = restoreState(options, retained, { nowMs: ctx.monotonic(), epochMs: ctx.epochMs() });
      options.decisions.attach({
        tell: (event) => ctx.self.tell({ type: "decisions", event }, "control"),
        monotonic: () => ctx.monotonic(),
      });
      ctx.every("tick", options.intervalMs, { type: "tick" });
      for (const { description } of state.nodes.values()) excludeAgain(state, description, ctx);
      for (const node of state.nodes.keys()) sendTable(state, node, ctx);
      armResend(state, ctx);
      findHosts(state, ctx);
      if (state.nodes.size + state.sources.size > 0) requestReplan(state, "all", "scheduler restarted", ctx);
      return state;
    },

    receive(state, message, ctx) {
      handle(state, message, ctx);
      return state;
    },
  };
}

function handle(state: State, message: Message, ctx: Ctx): void {
  switch (message.type) {
    case "registerNode":
      return onRegisterNode(state, message, ctx);
    case "removeNode":
      return onRemoveNode(state, message, ctx);
    case "registerSource":
      return onRegisterSource(state, message, ctx);
    case "sourceOpened":
      return onSourceOpened(state, message, ctx);
    case "removeSource":
      return onRemoveSource(state, message, ctx);
    case "freeVersion":
      return onFreeVersion(state, message);
    case "hostSource":
      return onHostSource(state, message, ctx);
    case "endHosting":
      return onEndHosting(state, message, ctx);
    case "sourceSealed":
      return onSourceSealed(state, message, ctx);
    case "nameWritten":
      return onNameWritten(state, message, ctx);
    case "hostAppointed":
      return onHostAppointed(state, message, ctx);
    case "hostAnswered":
      return onHostAnswered(state, message, ctx);
    case "formerAnswered":
      return;
    case "hostsDue":
      return findHosts(state, ctx);
    case "setPolicy":
      return onSetPolicy(state, message, ctx);
    case "pauseSource":
      return onPauseSource(state, message, ctx);
    case "continueSource":
      return onContinueSource(state, message, ctx);
    case "configureSource":
      return onConfigureSource(state, message, ctx);
    case "stageUnavailable":
      return onStageUnavailable(state, message, ctx);
    case "stagesLoaded":
      return onStagesLoaded(state, message, ctx);
    case "modelsKept":
      return onModelsKept(state, message, ctx);
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
    case "reportNodes":
      return onReportNodes(state, message, ctx);
    case "reportChanges":
      return onReportChanges(state, message, ctx);
    case "reportSources":
      return onReportSources(state, message, ctx);
    case "changesRead":
      return onChangesRead(state, message, ctx);
    case "reportOwners":
      return onReportOwners(state, message);
    case "reportPolicies":
      return onReportPolicies(state, message, ctx);
    case "reloadPolicies":
      return onReloadPolicies(state, message, ctx);
    case "reloadDone":
      return onReloadDone(state, message, ctx);
    case "tick":
      return onTick(state, ctx);
    case "replan":
      return onReplan(state, ctx);
    case "decisions":
      return onDecisions(state, message.event, ctx);
    case "reroute":
      return onReroute(state, ctx);
    case "resend":
      return onResend(state, ctx);
    default:
      return ctx.unhandled(message);
  }
}

function onDecisions(state: State, event: DecisionEvent, ctx: Ctx): void {
  switch (event.type) {
    case "roundDecided":
      return onRoundDecided(state, event, ctx);
    case "shadowsDecided":
      return onShadowsDecided(state, event.answers, ctx);
    case "roundLost":
      return onRoundLost(state, event, ctx);
    case "checked":
      return onChecked(state, event, ctx);
    case "policiesRead":
      return onPoliciesRead(state, event, ctx);
    default:
      return assertNever(event);
  }
}

/** Policies of one's own are others now: what they did before says nothing of what they will do. */
function onPoliciesRead(
  state: State,
  { problem }: Extract<DecisionEvent, { readonly type: "policiesRead" }>,
  ctx: Ctx,
): void {
  if (problem !== null) ctx.log.error("The policies of one's own cannot be used", { problem });
  state.fences.clear();
  requestReplan(state, "all", "policies were read again", ctx);
}

/** A sample that is older than the one before came late; one that is much older is of a clock that was set. */
const LATE_MS_MAX = 10_000;

function onResourcesSampled(state: State, { sample }: Of<"resourcesSampled">, ctx: Ctx): void {
  const node = state.nodes.get(sample.node);
  const behindMs = (node?.sample?.atMs ?? -Infinity) - sample.atMs;
  if (node === undefined || (behindMs > 0 && behindMs < LATE_MS_MAX)) {
    state.ignored++;
    return;
  }
  node.sampledFromMs = node.sample === null ? null : node.sampledAtMs;
  node.sample = sample;
  const arrivedAtMs = ctx.monotonic();
  node.sampledAtMs = arrivedAtMs - state.sampleDelays.observe(sample.node, sample.atMs, arrivedAtMs);
  decideOnSample(state, sample, ctx);
}

function onTaskSettled(state: State, { outcome }: Of<"taskSettled">, ctx: Ctx): void {
  const entry = state.sources.get(outcome.id.sourceId);
  if (entry === undefined) {
    state.ignored++;
    return;
  }
  figuresOf(state, entry).add(outcome, ctx.monotonic(), entry.description.slo?.latencyMs ?? null);
  const counts = entry.window.add(outcome, ctx.monotonic());
  if (counts) decideOnOutcome(state, entry, outcome, ctx);
  const { pipeline, node: sourceNode } = entry.description;
  if (outcome.pipelineId !== pipeline.id || outcome.pipelineVersion !== pipeline.version) return;
  entry.images.observe(outcome);
  state.serviceTimes.observe(outcome, pipeline, ctx.monotonic());
  for (const transfer of transfersOf(outcome, { pipeline, sourceNode })) {
    if (!state.nodes.has(transfer.from) || !state.nodes.has(transfer.to)) continue;
    const rttMs = state.nodes.get(transfer.from)?.sample?.links[transfer.to]?.rttMs ?? null;
    state.bandwidths.observe(transfer, ctx.monotonic(), rttMs);
  }
}

function onReportTable(state: State, { replyTo }: Of<"reportTable">): void {
  replyTo.tell({
    type: "tableReported",
    table: state.retained.table,
    acknowledged: state.acknowledgements.acknowledged(),
    explanations: Object.fromEntries(
      [...state.sources].map(([id, { why, description }]) => [id, explained(why, description)]),
    ),
    overhead: state.overhead.report(),
  });
}

function figuresOf({ figures }: State, { description: { id } }: SourceEntry): RecentFigures {
  const known = figures.get(id) ?? new RecentFigures();
  figures.set(id, known);
  return known;
}

function onReportSources(state: State, { replyTo }: Of<"reportSources">, ctx: Ctx): void {
  const sources = [...state.sources].map(([id, entry]): [SourceId, SourceReport] => {
    const { node, policy, slo = null, ordered = {} } = entry.description;
    const routed = state.retained.table?.sources.get(id)?.pause;
    const pause = pauseOf(entry, routed, ctx.now()) ?? null;
    const figures = figuresOf(state, entry).report(ctx.monotonic());
    const what = { policy: policy.name, source: id, isShadow: false };
    const fenced = state.fences.reason(what, ctx.monotonic());
    return [id, { node, policy, fenced, slo, pause, ordered, figures }];
  });
  replyTo.tell({
    type: "scheduledSources",
    sources: Object.fromEntries(sources),
    hosted: hostingReports(state),
  });
}

/** Those of hubs before are read from the store. */
function onReportChanges(state: State, asked: Of<"reportChanges">, ctx: Ctx): void {
  const { memory } = state.retained;
  if (memory === null) {
    tellChanges(state, asked, []);
    return;
  }
  const reading = memory.changes.since(asked.sourceId, asked.sinceMs);
  ctx.pipe(reading, (result) => ({ type: "changesRead", asked, result }));
}

function onChangesRead(state: State, { asked, result }: Of<"changesRead">, ctx: Ctx): void {
  if (!result.ok) ctx.log.warn("Cannot read how plans have changed", { error: result.error.message });
  tellChanges(state, asked, result.ok ? result.reply : []);
}

function tellChanges(
  state: State,
  { sourceId, sinceMs, replyTo }: Of<"reportChanges">,
  written: readonly PlanChange[],
): void {
  const entry = state.sources.get(sourceId);
  const now = entry === undefined ? null : explained(entry.why, entry.description);
  const changes = joinChanges(written, state.retained.history.since(sourceId, sinceMs));
  replyTo.tell({
    type: "changesReported",
    sourceId,
    now,
    changes,
    shadow: shadowReport(entry?.shadow ?? null),
    hosting: hostingReport(state, sourceId),
  });
}

function onTick(state: State, ctx: Ctx): void {
  state.pending.add("all", "interval");
  onReplan(state, ctx);
  checkLoading(state, ctx);
  onResend(state, ctx);
}
