/**
 * The generator: captures one source as its configuration says and hands tasks of its frames to its node's controller.
 *
 * G1 Identities have no gap and are never used twice: a task exists from its making on. Its delivery survives a restart of
 *    the actor, and its journal one of the node.
 * G2 No more tasks than the window allows are under way, and each is delivered until it is settled. A replayable source
 *    waits; a live one drops by its named policy, and each drop goes to the controller, so that the gap is stored.
 * G3 A new configuration holds from the next task on. A replayable source goes on at the exact frame: none is lost,
 *    none repeated.
 * G4 `sourceEnded` is sent once, last, and only when every task is settled and the closing of the incarnation is stored.
 * G5 Frames are requested, never pushed: at most one task's worth and a few more wait here.
 * G6 What earlier incarnations left unsettled goes out before anything new, under its own identity; frames of a source that
 *    can be read again are read again, also where its node is to leave meanwhile.
 * G7 A live source that was reached once is never given up: it is tried again with growing delays. A recording is waited for.
 * G8 Times that tasks carry are those of the source, mended where they step; that is counted, and said once a minute at most.
 * G9 An outage of a live source is stored as a gap, with times and reason, once it is over, also where its node went down.
 * G11 A source that another node has taken over ends here with the first task that is settled as `superseded`.
 * G10 A source that an operator or its policy has paused has nothing open; what is under way ends, and it goes on where it was (AB1).
 */

import type { Behaviour } from "../../runtime/behaviour.js";
import { Absences } from "./absences.js";
import { awaitConfiguration, waitsForLoading } from "./first-configuration.js";
import { Grouping } from "./grouping.js";
import { closeIncarnation, leave } from "./leave.js";
import { reportedLedger } from "./reported-ledger.js";
import { Motion } from "./motion.js";
import { Replay, type Reread } from "./replay.js";
import type { GeneratorRetained } from "./retained.js";
import { SourceCapture } from "./source-capture.js";
import { ENDED, endingOf, leavesToOthers, SUSPENDED } from "./state.js";
import type { Ctx, Ending, GeneratorInbox, GeneratorOptions, GeneratorState, MessageOf } from "./state.js";
import { TaskMaker } from "./task-maker.js";

export function createGenerator(
  options: GeneratorOptions,
  retained: GeneratorRetained,
): Behaviour<GeneratorState, GeneratorInbox> {
  const { sourceId, controller, listener, pipeline } = options;
  const { window, delivery, closings } = retained;
  const tasks = new TaskMaker(options, retained);
  const absences = new Absences(options, retained, tasks);

  return { start, receive, stop: (state, ctx) => state.capture.close(ctx) };

  function start(ctx: Ctx): GeneratorState {
    controller.tell({ type: "attachGenerator", sourceId, pipeline, generator: ctx.self }, "control");
    awaitConfiguration(ctx);
    delivery.start(ctx);
    closings.send(ctx);
    const { capture: port, source, health, configuration, nodes } = options;
    const { timeline, position } = retained;
    const given = { port, source, health, timeline, recording: position !== null };
    const plan = { configuration, ...nodes };
    return {
      capture: new SourceCapture({ ...given, plan }, (event) => ctx.self.tell(event)),
      grouping: new Grouping(),
      motion: new Motion(),
      phase: { status: "waiting", loading: false },
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
        onTaskSettled(state, message, ctx);
        break;
      case "drain":
      case "suspend":
        finish(state, message.type === "drain" ? ENDED : SUSPENDED, ctx);
        break;
      case "refused":
        onRefused(state, message, ctx);
        break;
      case "reportLedger":
        message.replyTo.tell(reportedLedger(options, retained, state));
        break;
      case "captureInformed":
        onCaptureInformed(state, message, ctx);
        break;
      case "frameCaptured":
        onFrameCaptured(state, message, ctx);
        break;
      case "captureEnded":
        onCaptureEnded(state, message, ctx);
        break;
      case "configurationMissed":
        if (state.phase.status === "waiting") begin(state, ctx);
        break;
      case "frameDue":
        advance(state, ctx);
        break;
      case "stallNoticed":
        if (!state.capture.waitsOn(ctx))
          absences.lose(state, { reason: "stalled", detail: "no frame comes" }, ctx);
        break;
      case "reconnectDue":
        if (state.phase.status === "reconnecting") openAgain(state, ctx);
        break;
      case "closingDue":
        closings.send(ctx);
        break;
      case "pauseUnattended":
        if (absences.endsUnattended(state, ctx)) goOn(state, ctx);
        break;
      case "nodeGone":
      case "nodeBack":
      case "undelivered":
      case "redeliveryDue":
      case "journalDue":
      case "journalWritten":
        absences.hear(message, ctx);
        delivery.receive(message, ctx);
        break;
      default:
        ctx.unhandled(message);
    }
  }

  // ── Messages ──────────────────────────────────────────────────────────────────────────────────────────────────────

  function onConfigure(state: GeneratorState, message: MessageOf<"configure">, ctx: Ctx): void {
    const { configuration, joinNodes, statefulNodes, placedOn } = message;
    const plan = { configuration, joinNodes, statefulNodes, placedOn };
    state.capture.configure(plan);
    delivery.plan(plan, ctx.monotonic());
    absences.decide(message.pause, ctx);
    if (state.phase.status === "waiting") {
      if (message.pause !== null || !waitsForLoading(state, message, ctx)) begin(state, ctx);
    } else if (message.pause !== null) absences.pause(state, message.pause, ctx);
    else if (state.phase.status === "paused") goOn(state, ctx);
    else advance(state, ctx);
  }

  function onTaskSettled(state: GeneratorState, message: MessageOf<"taskSettled">, ctx: Ctx): void {
    const { id, outcome } = message;
    if (id.sourceId !== sourceId) return;
    if (!closings.settle(id, ctx)) {
      if (!delivery.settle(id, outcome, ctx.monotonic())) return;
      if (leavesToOthers(id, outcome, options)) finish(state, ENDED, ctx);
      else advance(state, ctx);
    }
    endWhenSettled(state, ctx);
  }

  /** What is under way cannot be stored: it stays in the journal, for when the name is this node's again. */
  function onRefused(state: GeneratorState, { error }: MessageOf<"refused">, ctx: Ctx): void {
    finish(state, endingOf(error), ctx);
    // Else it has left already.
    if (window.ledger.inFlight > 0 || !closings.done)
      leave({ state, options, retained }, { error, goesOn: true }, ctx);
  }

  function onCaptureInformed(state: GeneratorState, message: MessageOf<"captureInformed">, ctx: Ctx): void {
    const { capture, info } = message;
    if (state.capture.roleOf(capture) !== "current") return;
    state.capture.informed(info);
    if (info.native !== undefined) options.opened(info.native);
    if (state.phase.status === "replaying") return;
    state.capture.begun(info, ctx);
    if (retained.announced) return;
    retained.announced = true;
    const description = `${options.source.label} (${info.description})`;
    listener.tell({ type: "sourceStarted", sourceId, description });
  }

  function onFrameCaptured(state: GeneratorState, message: MessageOf<"frameCaptured">, ctx: Ctx): void {
    const { capture, grouping, phase } = state;
    const role = capture.roleOf(message.capture);
    if (role === null) return;
    capture.received(message.capture);
    if (phase.status === "replaying") {
      provide(state, phase.replay.take(capture.timed(message.frame, ctx)), ctx);
      readAgain(state, phase.replay, ctx);
      return;
    }
    if (role === "successor" && grouping.begun) {
      // The task in the making is of the old configuration and still fed by the old capture.
      grouping.skip(1);
      capture.demandSuccessor();
      return;
    }
    if (role === "successor") capture.promote();
    const frame = capture.timed(message.frame, ctx);
    state.motion.takeOrGate(frame, message.capture, { grouping, ...capture.plan });
    const awayMs = tasks.endOutage(capture, "back", ctx);
    if (awayMs !== null) listener.tell({ type: "sourceBack", sourceId, afterMs: awayMs });
    if (capture.sawFrame(frame, ctx)) absences.freeze(state, ctx);
    else advance(state, ctx);
  }

  function onCaptureEnded(state: GeneratorState, message: MessageOf<"captureEnded">, ctx: Ctx): void {
    const { capture, phase } = state;
    const { error } = message;
    const role = capture.roleOf(message.capture);
    if (role === null) return;
    if (phase.status === "replaying") {
      provide(state, phase.replay.end(), ctx);
      readAgain(state, phase.replay, ctx);
    } else if (role === "successor") {
      // The device may allow one reader only: close the old capture first, then.
      ctx.log.info("source cannot be opened a second time, so it is opened again", { error: error?.message });
      tasks.makeLast(state, ctx);
      openAgain(state, ctx);
    } else if (capture.live && (retained.announced || options.resumed)) {
      if (error !== null) ctx.log.warn("source is lost", { error: error.message });
      absences.lose(state, { reason: "stalled", detail: error?.message ?? "it has ended" }, ctx);
    } else {
      capture.close(ctx);
      state.phase = { status: "capturing", end: { error } };
      advance(state, ctx);
    }
  }

  // ── Capture ───────────────────────────────────────────────────────────────────────────────────────────────────────

  function begin(state: GeneratorState, ctx: Ctx): void {
    ctx.cancel("configuration");
    state.capture.adoptPlan();
    if (delivery.frameless.length > 0) readAgain(state, new Replay(delivery.frameless), ctx);
    else open(state, ctx);
  }

  function open(state: GeneratorState, ctx: Ctx): void {
    if (absences.holds(state, ctx)) return;
    state.phase = { status: "capturing", end: null };
    state.capture.open(retained.position);
    advance(state, ctx);
  }

  function goOn(state: GeneratorState, ctx: Ctx): void {
    state.capture.adoptPlan();
    listener.tell({ type: "sourceContinued", sourceId });
    open(state, ctx);
  }

  /** Asks for the frames of the next task of an earlier incarnation; once there is none, for what comes after them. */
  function readAgain(state: GeneratorState, replay: Replay, ctx: Ctx): void {
    const task = replay.current;
    const suspended = state.phase.status === "replaying" && state.phase.suspended;
    state.phase = { status: "replaying", replay, suspended };
    if (task === null) return suspended ? finish(state, SUSPENDED, ctx) : open(state, ctx);
    state.capture.readAgain(task.configuration, replay.after, replay.wanted);
  }

  function provide(state: GeneratorState, reread: readonly Reread[], ctx: Ctx): void {
    for (const { task, payload } of reread) delivery.provide(task.id, payload, ctx.monotonic());
  }

  function openAgain(state: GeneratorState, ctx: Ctx): void {
    state.phase = { status: "capturing", end: null };
    state.capture.openAgain();
    advance(state, ctx);
  }

  /** Takes frames into tasks as far as they are due and the window has room, then requests more. */
  function advance(state: GeneratorState, ctx: Ctx): void {
    const { capture, grouping } = state;
    if (state.phase.status !== "capturing") return;
    do {
      if (tasks.limitReached) return finish(state, ENDED, ctx);
      handOver(state);
    } while (tasks.makeNext(state, ctx));
    const { end } = state.phase;
    if (end !== null && grouping.heldCount === 0) finish(state, endingOf(end.error), ctx);
    else capture.demand(grouping.frameCount);
  }

  /** Between two tasks the newest plan takes effect; frames that no task has are captured again under it. */
  function handOver(state: GeneratorState): void {
    const { capture, grouping, phase } = state;
    if (phase.status !== "capturing" || grouping.begun) return;
    const exhausted = phase.end !== null && grouping.heldCount === 0;
    if (!capture.handOver(retained.position, exhausted)) return;
    grouping.discardHeld();
    state.phase = { status: "capturing", end: null };
  }

  // ── The end ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Captures nothing more. */
  function finish(state: GeneratorState, ending: Ending, ctx: Ctx): void {
    const { phase } = state;
    // Whoever ends a source for good does so also while its node is about to stop.
    if (phase.status === "draining" && ending !== SUSPENDED) state.phase = ending;
    if (phase.status === "draining" || phase.status === "failed" || phase.status === "ended") return;
    // Whoever has its node leave sets the limit: what is not read by then stays in the journal.
    if (phase.status === "replaying" && ending === SUSPENDED && phase.replay.current !== null)
      return void (phase.suspended = true);
    for (const timer of ["configuration", "due"]) ctx.cancel(timer);
    state.capture.close(ctx);
    if (phase.status === "replaying") provide(state, phase.replay.end(), ctx);
    tasks.makeLast(state, ctx);
    tasks.endOutage(state.capture, "given up", ctx);
    const failure = tasks.nothingMade(state);
    state.phase = failure === null || ending.status === "failed" ? ending : endingOf(failure);
    endWhenSettled(state, ctx);
  }

  function endWhenSettled(state: GeneratorState, ctx: Ctx): void {
    const { phase } = state;
    if (phase.status !== "draining" && phase.status !== "failed") return;
    if (window.ledger.inFlight > 0) return;
    closeIncarnation(state, retained, ctx);
    if (!closings.done) return;
    const goesOn = phase.status === "draining" && phase.goesOn;
    const error = phase.status === "failed" ? phase.error : null;
    leave({ state, options, retained }, { error, goesOn }, ctx);
  }
}
