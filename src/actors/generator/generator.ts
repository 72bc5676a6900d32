/**
 * The generator: captures one source as its configuration says and hands tasks of its frames to its node's controller.
 *
 * G1 Identities have no gap and are never used twice: a task exists from its making on. The outbox outlives a restart of
 *    the actor, and its journal one of the node.
 * G2 No more tasks than the window allows are under way, and each is delivered until it is settled. A replayable source
 *    waits; a live one drops by its named policy, and each drop goes to the controller, so that the gap is stored.
 * G3 A new configuration holds from the next task on. A replayable source goes on at the exact frame: none is lost,
 *    none repeated.
 * G4 `sourceEnded` is told once, last, and only when every task is settled.
 * G5 Frames are asked for, never pushed: at most one task's worth and a few more wait here.
 * G6 What a life before left unsettled goes out before anything new, under its own identity; frames of a source that can
 *    be read again are read again.
 * G7 A live source that was reached once is never given up: it is tried again with growing delays.
 */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { Behaviour, Context } from "../../runtime/behaviour.js";
import { assertNever } from "../../runtime/errors.js";
import type { SluiceError } from "../../task/errors.js";
import type { ControllerMessage } from "../protocol/controller.js";
import type { GeneratorMessage, SourceEvent } from "../protocol/generator.js";
import type { LedgerReported } from "../../task/reports.js";
import type { Configuration } from "../../task/configuration.js";
import type { NodeName, SourceId, TaskId } from "../../task/identity.js";
import type { Pipeline } from "../../task/pipeline.js";
import type { Outcome } from "../../task/task.js";
import { createTraceparent } from "../../task/traceparent.js";
import { type CaptureEvent, CaptureSlots } from "./capture-slots.js";
import type { CapturedFrame, CaptureInfo, CapturePort, Position } from "./capture.js";
import { type HealthSettings, SourceHealth } from "./health.js";
import type { Journal, RecoveredState } from "../../storage/journal/journal.js";
import { Delivery, type DeliveryPrivate } from "./delivery/delivery.js";
import type { TaskNodes } from "./delivery/placement.js";
import type { DeliveryLimits } from "./delivery/redelivery.js";
import type { LivePolicy } from "./delivery/unsettled-tasks.js";
import type { TaskWindow } from "./delivery/window.js";
import { Pace, Timeline } from "./pace.js";
import { Replay, type Reread } from "./replay.js";
import type { SourceSpec } from "./source-spec.js";

/** What the captures and the timers tell the generator. */
type Private =
  | CaptureEvent
  | { readonly type: "configurationMissed" }
  | { readonly type: "frameDue" }
  | { readonly type: "stallNoticed" }
  | { readonly type: "reconnectDue" }
  | DeliveryPrivate;

export type GeneratorInbox = GeneratorMessage | Private;
type Ctx = Context<GeneratorInbox>;

export interface GeneratorOptions {
  readonly sourceId: SourceId;
  readonly source: SourceSpec;
  readonly pipeline: Pipeline;
  /** What the source is captured with until a `configure` says otherwise. */
  readonly configuration: Configuration;
  readonly incarnation: number;
  /** Where its tasks are stored. */
  readonly cloud: NodeName;
  readonly controller: ActorRef<ControllerMessage>;
  readonly listener: ActorRef<SourceEvent>;
  /** A replayable source gives its frames at the speed of its presentation times, not as fast as it can. */
  readonly paced: boolean;
  /** Tasks after which the source ends; null for no limit. */
  readonly limit: number | null;
  readonly livePolicy: LivePolicy;
  readonly delivery: DeliveryLimits;
  /** Fewest frames that every service of the pipeline can work on: a shorter last task is skipped. */
  readonly framesMin: number;
  /** What holds until a `configure` says. */
  readonly nodes: TaskNodes;
  readonly health: HealthSettings;
}

/** What the generator works on: a capture port, the window, which outlives a restart, and the journal, which outlives the node. */
export interface GeneratorPorts {
  readonly capture: CapturePort;
  readonly window: TaskWindow;
  /** Null keeps tasks in memory alone. */
  readonly journal: Journal | null;
  /** What earlier incarnations left; null where there is no journal. */
  readonly recovered: RecoveredState | null;
}

/** How long the first configuration is waited for. */
const CONFIGURATION_WAIT_MS = 1_000;
/** Frames that a live source may give before they are taken. */
const LIVE_DEMAND = 8;
/** Frames that a replayable source reads ahead, at least. */
const LOOKAHEAD = 4;
interface Plan extends TaskNodes {
  readonly configuration: Configuration;
}

/** A frame, and when it left the source. */
interface TimedFrame {
  readonly frame: CapturedFrame;
  readonly sourceAtMs: number;
}

export interface GeneratorState {
  readonly captures: CaptureSlots;
  readonly health: SourceHealth;
  readonly pace: Pace;
  readonly timeline: Timeline;
  status: LedgerReported["status"];
  plan: Plan;
  /** Holds from the next task on. */
  nextPlan: Plan | null;
  live: boolean;
  seekable: boolean;
  announced: boolean;
  /** Captured, and neither due nor in a task yet. */
  held: CapturedFrame[];
  /** Frames of the task in the making. */
  group: TimedFrame[];
  /** Of the last frame that went into a task. */
  lastPtsUs: number | null;
  /** The stream is at its end, but for the frames held. */
  endOfStream: { readonly error: SluiceError | null } | null;
  error: SluiceError | null;
  framesSkipped: number;
  /** Reads the frames of a life before; null where none are left to read. */
  replay: Replay | null;
}

export function createGenerator(
  options: GeneratorOptions,
  ports: GeneratorPorts,
): Behaviour<GeneratorState, GeneratorInbox> {
  const { sourceId, controller, listener, pipeline } = options;
  const { window, journal, recovered } = ports;
  /** What outlives a restart: where to go on, whether anybody was told of the source, and the tasks that are not settled. */
  let positionUs = recovered?.positionUs ?? null;
  let announced = false;
  const delivery = new Delivery({
    sourceId,
    controller,
    window,
    pipeline,
    journal,
    recovered,
    policy: options.livePolicy,
    limits: options.delivery,
    cloud: options.cloud,
    nodes: options.nodes,
  });

  return { start, receive, stop: (state) => state.captures.close() };

  function start(ctx: Ctx): GeneratorState {
    controller.tell({ type: "attachGenerator", sourceId, pipeline, generator: ctx.self }, "control");
    ctx.after("configuration", CONFIGURATION_WAIT_MS, { type: "configurationMissed" });
    delivery.start(ctx);
    return {
      captures: new CaptureSlots(ports.capture, options.source, (event) => ctx.self.tell(event)),
      health: new SourceHealth(options.health),
      pace: new Pace(),
      timeline: new Timeline(),
      status: "waiting",
      plan: { configuration: options.configuration, ...options.nodes },
      nextPlan: null,
      live: !options.source.replayable,
      seekable: false,
      announced,
      held: [],
      group: [],
      lastPtsUs: positionUs,
      endOfStream: null,
      error: null,
      framesSkipped: 0,
      replay: null,
    };
  }

  function receive(state: GeneratorState, message: GeneratorInbox, ctx: Ctx): GeneratorState {
    handle(state, message, ctx);
    delivery.flush(ctx);
    return state;
  }

  function handle(state: GeneratorState, message: GeneratorInbox, ctx: Ctx): void {
    switch (message.type) {
      case "configure":
        onConfigure(state, message, ctx);
        break;
      case "taskSettled":
        onTaskSettled(state, message.id, message.outcome, ctx);
        break;
      case "drain":
        finish(state, null, ctx);
        break;
      case "reportLedger":
        message.replyTo.tell(ledgerOf(state));
        break;
      case "captureInformed":
        onCaptureInformed(state, message.capture, message.info, ctx);
        break;
      case "frameCaptured":
        onFrameCaptured(state, message.capture, message.frame, ctx);
        break;
      case "captureEnded":
        onCaptureEnded(state, message.capture, message.error, ctx);
        break;
      case "configurationMissed":
        if (state.status === "waiting") begin(state, ctx);
        break;
      case "frameDue":
        advance(state, ctx);
        break;
      case "stallNoticed":
        reconnect(state, "stalled", ctx);
        break;
      case "reconnectDue":
        if (state.status === "reconnecting") openAnew(state, ctx);
        break;
      case "nodeGone":
      case "nodeBack":
      case "undelivered":
      case "redeliveryDue":
      case "journalDue":
      case "journalWritten":
        delivery.receive(message, ctx);
        break;
      default:
        assertNever(message);
    }
  }

  // ── Messages ──────────────────────────────────────────────────────────────────────────────────────────────────────

  function onConfigure(
    state: GeneratorState,
    { configuration, joinNodes, statefulNodes, placedOn }: Plan,
    ctx: Ctx,
  ): void {
    state.nextPlan = { configuration, joinNodes, statefulNodes, placedOn };
    delivery.plan(state.nextPlan, ctx.now());
    if (state.status === "waiting") begin(state, ctx);
    else advance(state, ctx);
  }

  function onTaskSettled(state: GeneratorState, id: TaskId, outcome: Outcome, ctx: Ctx): void {
    if (id.sourceId !== sourceId || !delivery.settle(id, outcome, ctx.now())) return;
    advance(state, ctx);
    endWhenSettled(state, ctx);
  }

  function onCaptureInformed(state: GeneratorState, capture: number, info: CaptureInfo, ctx: Ctx): void {
    if (state.captures.roleOf(capture) !== "current") return;
    state.seekable = info.durationUs !== null;
    if (state.replay !== null) return;
    // What is fetched over HTTP and has an end is a recording: it can be read again, and waits instead of dropping.
    if (options.source.kind === "http" && info.durationUs !== null) state.live = false;
    if (state.live) awaitFrame(state, ctx);
    if (state.announced) return;
    state.announced = true;
    announced = true;
    const description = `${options.source.label} (${info.description})`;
    listener.tell({ type: "sourceStarted", sourceId, description });
  }

  function onFrameCaptured(state: GeneratorState, capture: number, frame: CapturedFrame, ctx: Ctx): void {
    const role = state.captures.roleOf(capture);
    if (role === null) return;
    state.captures.received(capture);
    if (state.replay !== null) {
      provide(state, state.replay, state.replay.take(frame), ctx);
      return;
    }
    if (role === "successor" && state.group.length > 0) {
      // The task in the making is of the old configuration and still fed by the old capture.
      state.framesSkipped += 1;
      state.captures.ask("successor", LIVE_DEMAND);
      return;
    }
    if (role === "successor") {
      state.captures.promote();
      state.timeline.reconnect();
      adoptPlan(state);
    }
    state.held.push(state.live ? state.timeline.place(frame) : frame);
    if (state.live) {
      awaitFrame(state, ctx);
      if (state.health.sawFrame(frame.checksum, ctx.now())) {
        reconnect(state, "frozen", ctx);
        return;
      }
    }
    advance(state, ctx);
  }

  function onCaptureEnded(state: GeneratorState, capture: number, error: SluiceError | null, ctx: Ctx): void {
    const role = state.captures.roleOf(capture);
    if (role === null) return;
    if (state.replay !== null) {
      provide(state, state.replay, state.replay.end(), ctx);
      return;
    }
    if (role === "successor") {
      // The device may allow one reader only: close the old capture first, then.
      ctx.log.info("source cannot be opened a second time, so it is opened anew", { error: error?.message });
      makeLastTask(state, ctx);
      openAnew(state, ctx);
      return;
    }
    if (state.live && state.announced) {
      if (error !== null) ctx.log.warn("source is lost", { error: error.message });
      reconnect(state, "stalled", ctx);
      return;
    }
    state.captures.close();
    state.endOfStream = { error };
    advance(state, ctx);
  }

  // ── Capture ───────────────────────────────────────────────────────────────────────────────────────────────────────

  function begin(state: GeneratorState, ctx: Ctx): void {
    ctx.cancel("configuration");
    adoptPlan(state);
    const { frameless } = delivery;
    if (frameless.length > 0) {
      state.status = "replaying";
      readAgain(state, (state.replay = new Replay(frameless)), ctx);
    } else {
      openCapture(state, ctx);
    }
  }

  function openCapture(state: GeneratorState, ctx: Ctx): void {
    state.status = "capturing";
    state.captures.replace(state.plan.configuration, positionOf(state));
    advance(state, ctx);
  }

  /** Asks for the frames of the next task of a life before; once there is none, for what comes after them. */
  function readAgain(state: GeneratorState, replay: Replay, ctx: Ctx): void {
    const task = replay.current;
    if (task === null) {
      state.replay = null;
      openCapture(state, ctx);
      return;
    }
    if (!state.captures.gives(task.configuration)) {
      state.captures.replace(task.configuration, { ptsUs: replay.afterUs, seekable: state.seekable });
    }
    state.captures.ask("current", replay.wanted);
  }

  function provide(state: GeneratorState, replay: Replay, reread: readonly Reread[], ctx: Ctx): void {
    for (const { task, payload } of reread) delivery.provide(task.id, payload, ctx.now());
    if (state.status === "replaying") readAgain(state, replay, ctx);
  }

  /** Where a replayable source goes on; a live one goes on with what comes. */
  function positionOf(state: GeneratorState): Position | null {
    if (state.live || state.lastPtsUs === null) return null;
    return { ptsUs: state.lastPtsUs, seekable: state.seekable };
  }

  function adoptPlan(state: GeneratorState): void {
    state.plan = state.nextPlan ?? state.plan;
    state.nextPlan = null;
  }

  /** Between two tasks: the newest configuration takes effect. */
  function handOver(state: GeneratorState): void {
    if (state.nextPlan === null || state.group.length > 0) return;
    const { configuration, joinNodes, statefulNodes, placedOn } = state.nextPlan;
    if (state.captures.gives(configuration)) {
      state.captures.dismiss();
      adoptPlan(state);
    } else if (state.live) {
      // The nodes can change at once; the pictures change with the first frame of the new capture.
      state.plan = { ...state.plan, joinNodes, statefulNodes, placedOn };
      state.captures.prepare(configuration, LIVE_DEMAND);
    } else if (state.endOfStream === null || state.held.length > 0) {
      // Frames that no task has are captured again, under the new configuration.
      state.held = [];
      state.endOfStream = null;
      adoptPlan(state);
      state.captures.replace(configuration, positionOf(state));
    }
  }

  // ── A live source ─────────────────────────────────────────────────────────────────────────────────────────────────

  function awaitFrame(state: GeneratorState, ctx: Ctx): void {
    ctx.after("stall", state.health.patienceMs(state.plan.configuration.fps), { type: "stallNoticed" });
  }

  function reconnect(state: GeneratorState, reason: "stalled" | "frozen", ctx: Ctx): void {
    if (state.status !== "capturing") return;
    ctx.cancel("stall");
    state.captures.close();
    makeLastTask(state, ctx);
    state.status = "reconnecting";
    const { attempt, delayMs } = state.health.lost(ctx.now(), ctx.random());
    listener.tell({ type: "sourceStalled", sourceId, reason, attempt });
    ctx.after("reconnect", delayMs, { type: "reconnectDue" });
  }

  function openAnew(state: GeneratorState, ctx: Ctx): void {
    adoptPlan(state);
    state.status = "capturing";
    state.timeline.reconnect();
    state.captures.replace(state.plan.configuration, null);
    advance(state, ctx);
  }

  // ── Frames to tasks ───────────────────────────────────────────────────────────────────────────────────────────────

  /** Takes frames into tasks as far as they are due and the window has room, then asks for more. */
  function advance(state: GeneratorState, ctx: Ctx): void {
    if (state.status !== "capturing") return;
    do {
      if (limitReached()) {
        finish(state, null, ctx);
        return;
      }
      handOver(state);
    } while (fillTask(state, ctx));
    if (state.endOfStream !== null && state.held.length === 0) finish(state, state.endOfStream.error, ctx);
    else demand(state);
  }

  /** As many frames as there is use for: a task's worth ahead, or without end where the source is live. */
  function demand(state: GeneratorState): void {
    const ahead = state.held.length + state.group.length;
    const wanted = Math.max(state.plan.configuration.framesPerTask, LOOKAHEAD) - ahead;
    state.captures.ask("current", state.live ? LIVE_DEMAND : wanted);
  }

  /** @returns whether a task was made */
  function fillTask(state: GeneratorState, ctx: Ctx): boolean {
    while (state.group.length < state.plan.configuration.framesPerTask) {
      const frame = state.held[0];
      if (frame === undefined) return false;
      if (!state.live && state.group.length === 0 && window.full) {
        state.pace.holdBack();
        return false;
      }
      const paced = options.paced && !state.live;
      const sourceAtMs = paced ? state.pace.dueAtMs(frame, ctx.now()) : frame.capturedAtMs;
      if (paced && sourceAtMs > ctx.now()) {
        ctx.after("due", sourceAtMs - ctx.now(), { type: "frameDue" });
        return false;
      }
      state.held.shift();
      state.group.push({ frame, sourceAtMs });
      state.lastPtsUs = frame.ptsUs;
    }
    makeTask(state, ctx);
    return true;
  }

  function limitReached(): boolean {
    return options.limit !== null && window.ledger.created >= options.limit;
  }

  function makeTask(state: GeneratorState, ctx: Ctx): void {
    const { configuration, ...nodes } = state.plan;
    const [first] = state.group;
    if (first === undefined) return;
    const { encoding, width, height } = configuration;
    const frames = state.group.map(({ frame: { ptsUs, data } }) => ({ ptsUs, data }));
    state.group = [];
    positionUs = state.lastPtsUs;
    const task = {
      id: { sourceId, incarnation: options.incarnation },
      pipeline,
      configuration,
      payload: { encoding, width, height, frames },
      sourceAtMs: first.sourceAtMs,
      createdAtMs: ctx.now(),
      origin: ctx.self.address,
      traceparent: createTraceparent(() => ctx.random()),
      nodes,
    };
    const made = delivery.offer(task, state.live ? null : positionUs, ctx.now());
    if (!made) state.framesSkipped += frames.length;
  }

  // ── The end ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The last task before an end or a gap may be shorter than the others, where every service can work on it. */
  function makeLastTask(state: GeneratorState, ctx: Ctx): void {
    if (state.group.length >= options.framesMin && !limitReached()) makeTask(state, ctx);
    state.framesSkipped += state.group.length + state.held.length;
    state.group = [];
    state.held = [];
  }

  /** Captures nothing more. */
  function finish(state: GeneratorState, error: SluiceError | null, ctx: Ctx): void {
    if (state.status === "draining" || state.status === "failed" || state.status === "ended") return;
    for (const timer of ["configuration", "due", "stall", "reconnect"]) ctx.cancel(timer);
    state.captures.close();
    if (state.replay !== null) {
      for (const { task } of state.replay.end()) delivery.provide(task.id, null, ctx.now());
      state.replay = null;
    }
    makeLastTask(state, ctx);
    state.error = error;
    state.status = error === null ? "draining" : "failed";
    endWhenSettled(state, ctx);
  }

  function endWhenSettled(state: GeneratorState, ctx: Ctx): void {
    if (state.status !== "draining" && state.status !== "failed") return;
    if (window.ledger.inFlight > 0) return;
    if (state.status === "draining") state.status = "ended";
    delivery.close(ctx);
    controller.tell({ type: "detachGenerator", sourceId }, "control");
    listener.tell({ type: "sourceEnded", sourceId, error: state.error, ledger: ledgerOf(state) });
    ctx.stop(ctx.self);
  }

  function ledgerOf(state: GeneratorState): LedgerReported {
    const { created, stored, dropped, inFlight } = window.ledger;
    const { framesSkipped, status } = state;
    return {
      type: "ledgerReported",
      sourceId,
      incarnation: options.incarnation,
      created,
      stored,
      dropped,
      inFlight,
      window: window.tasks,
      redelivered: delivery.redelivered,
      accounts: window.accounts,
      framesSkipped,
      status,
    };
  }
}
