/**
 * The monitor: samples what its node has left, how long its queues are and how far its neighbours, once an interval.
 *
 * MO1 At most one reading of the host and one question to the controller are outstanding; an interval that finds the
 *     last one unfinished is counted and skipped.
 * MO2 A sample carries the time it was taken and nothing stale: queues that were not reported are left out, and so are
 *     links that have fallen silent.
 * MO3 A host that cannot be read stops no node: the failure is counted and logged at most every ten seconds.
 */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { AskResult, Behaviour, Context } from "../../runtime/behaviour.js";
import { errorText } from "../../runtime/errors.js";
import type { ControllerMessage, QueuesReported } from "../protocol/controller.js";
import type { MonitorMessage, Pong, Probed } from "../protocol/monitor.js";
import type { SchedulerMessage } from "../protocol/scheduler.js";
import type { FlowCounts, Repair, ResourceSample } from "../../task/reports.js";
import type { NodeName } from "../../task/identity.js";
import type { HostInventory, HostMetrics, HostReading } from "./host-metrics.js";
import { LinkProbes, sendProbe } from "./link-probes.js";
import { RoundTripTimes } from "./round-trip-times.js";

type Private =
  | Pong
  | Probed
  | { readonly type: "tick" }
  | { readonly type: "hostRead"; readonly result: AskResult<HostReading> }
  | { readonly type: "queuesRead"; readonly result: AskResult<QueuesReported> }
  | { readonly type: "inventoryTaken"; readonly result: AskResult<HostInventory> };
export type Message = MonitorMessage | Private;
type Of<Type extends Message["type"]> = Extract<Message, { readonly type: Type }>;
type Ctx = Context<Message>;

export interface State {
  /** Opened with the state and closed with it. */
  readonly host: HostMetrics;
  readonly roundTrips: RoundTripTimes;
  readonly probes: LinkProbes;
  /** Empty and null where the controller did not answer. */
  queued: Readonly<Record<string, number>>;
  flow: FlowCounts | null;
  /** Whether any source is decided for: links are probed for their sake. */
  hasSources: boolean;
  reading: boolean;
  asking: boolean;
  readonly counts: { samples: number; late: number; failures: number; strayPongs: number };
  failureLoggedAtMs: number;
}

export interface MonitorOptions {
  readonly node: NodeName;
  readonly scheduler: ActorRef<SchedulerMessage>;
  readonly controller: ActorRef<ControllerMessage>;
  /** Between samples, in ms. Default 1,000. */
  readonly intervalMs: number;
  readonly openHost: () => HostMetrics;
  /** Whether messages to a node go there straight, and not through the hub. */
  readonly isDirect: (node: string) => boolean;
  /** Damage to the node's store and journal that was repaired, oldest first. */
  readonly repairs: () => readonly Repair[];
  /** Why the node's store and journal cannot be written now. */
  readonly failures: () => readonly string[];
}

const FAILURE_LOG_MS = 10_000;

export function createMonitor(options: MonitorOptions): Behaviour<State, Message> {
  return {
    start(ctx) {
      ctx.every("tick", options.intervalMs, { type: "tick" });
      const host = options.openHost();
      // For the log alone: it forks processes.
      if (ctx.log.isEnabled("info"))
        ctx.pipe(host.inventory(), (result) => ({ type: "inventoryTaken", result }));
      return {
        host,
        roundTrips: new RoundTripTimes(),
        probes: new LinkProbes(ctx.monotonic(), options.intervalMs),
        queued: {},
        flow: null,
        hasSources: false,
        reading: false,
        asking: false,
        counts: { samples: 0, late: 0, failures: 0, strayPongs: 0 },
        failureLoggedAtMs: Number.NEGATIVE_INFINITY,
      };
    },
    receive(state, message, ctx) {
      handle(state, message, ctx);
      return state;
    },
    stop: (state) => state.host.close(),
  };

  function handle(state: State, message: Message, ctx: Ctx): void {
    switch (message.type) {
      case "ping":
        return onPing(message);
      case "probe":
        return onProbe(message);
      case "probed":
        return onProbed(state, message, ctx);
      case "watchLinks":
        return state.roundTrips.watch(message.peers);
      case "pong":
        return onPong(state, message, ctx);
      case "tick":
        return onTick(state, ctx);
      case "hostRead":
        return onHostRead(state, message, ctx);
      case "queuesRead":
        return onQueuesRead(state, message);
      case "inventoryTaken":
        return onInventoryTaken(state, message, ctx);
      default:
        return ctx.unhandled(message);
    }
  }

  function onPing({ sentAtMs, replyTo }: Of<"ping">): void {
    replyTo.tell({ type: "pong", node: options.node, sentAtMs }, "control");
  }

  function onProbe({ sentAtMs, replyTo }: Of<"probe">): void {
    replyTo.tell({ type: "probed", node: options.node, sentAtMs }, "control");
  }

  function onProbed(state: State, { node, sentAtMs }: Probed, ctx: Ctx): void {
    if (!state.probes.probed(node, sentAtMs, ctx.monotonic())) state.counts.strayPongs++;
  }

  function onPong(state: State, { node, sentAtMs }: Pong, ctx: Ctx): void {
    if (!state.roundTrips.pong(node, sentAtMs, ctx.monotonic())) state.counts.strayPongs++;
  }

  function onTick(state: State, ctx: Ctx): void {
    // One reading of the clock: the answer names it, and is matched by it.
    const nowMs = ctx.monotonic();
    for (const peer of state.roundTrips.ping(nowMs)) {
      peer.tell({ type: "ping", sentAtMs: nowMs, replyTo: ctx.self }, "control");
    }
    const probe = !state.hasSources ? null : state.probes.due(state.roundTrips.answering(nowMs), nowMs);
    const probed = probe === null ? null : state.roundTrips.monitorOf(probe.node);
    if (probe !== null && probed !== null) sendProbe(probed, probe, { sentAtMs: nowMs, replyTo: ctx.self });
    if (!state.asking) {
      state.asking = true;
      ctx.ask<ControllerMessage, QueuesReported>(
        options.controller,
        (replyTo) => ({ type: "reportQueues", replyTo }),
        (result) => ({ type: "queuesRead", result }),
        { timeoutMs: options.intervalMs, lane: "control" },
      );
    }
    if (state.reading) {
      state.counts.late++;
      return;
    }
    state.reading = true;
    ctx.pipe(state.host.read(), (result) => ({ type: "hostRead", result }));
  }

  function onHostRead(state: State, { result }: Of<"hostRead">, ctx: Ctx): void {
    state.reading = false;
    if (!result.ok) {
      fail(state, "Cannot read this host's resources", result.error, ctx);
      return;
    }
    state.counts.samples++;
    const repairs = options.repairs();
    const failures = options.failures();
    const sample: ResourceSample = {
      node: options.node,
      atMs: ctx.now(),
      ...result.reply,
      queued: state.queued,
      ...(state.flow && { counts: state.flow }),
      ...(repairs.length > 0 && { repairs }),
      ...(failures.length > 0 && { failures }),
      links: state.roundTrips.sample(ctx.monotonic(), state.probes, options.isDirect),
    };
    // Behind pixels on a narrow link it would come too late to tell of that.
    options.scheduler.tell({ type: "resourcesSampled", sample }, "control");
  }

  function onQueuesRead(state: State, { result }: Of<"queuesRead">): void {
    state.asking = false;
    state.queued = result.ok ? result.reply.queued : {};
    state.flow = result.ok ? result.reply.counts : null;
    state.hasSources = result.ok && result.reply.sources > 0;
  }

  function onInventoryTaken(state: State, { result }: Of<"inventoryTaken">, ctx: Ctx): void {
    if (result.ok) ctx.log.info("Host", { node: options.node, ...result.reply });
    else fail(state, "Cannot take this host's inventory", result.error, ctx);
  }

  function fail(state: State, text: string, error: Error, ctx: Ctx): void {
    state.counts.failures++;
    if (ctx.monotonic() - state.failureLoggedAtMs < FAILURE_LOG_MS) return;
    state.failureLoggedAtMs = ctx.monotonic();
    ctx.log.warn(text, { node: options.node, failures: state.counts.failures, error: errorText(error) });
  }
}
