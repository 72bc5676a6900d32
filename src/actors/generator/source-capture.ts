/**
 * The capture of a source over time: opened as the plan in force says, handed over to the next plan between two tasks, and
 * opened again where a live source was lost.
 */

import type { Context } from "../../runtime/behaviour.js";
import type { Configuration } from "../../task/configuration.js";
import type { SourcePosition } from "../../task/position.js";
import { CaptureSlots, type CaptureEvent, type CaptureRole } from "./capture-slots.js";
import type { CapturedFrame, CaptureInfo, CapturePort, Position } from "./capture.js";
import type { TaskNodes } from "./delivery/placement.js";
import { SourceHealth, type HealthSettings } from "./health.js";
import type { SourceSpec } from "./source-spec.js";
import type { TimedFrame, Timeline } from "./timeline.js";

/** How tasks are made: the configuration of their frames, and the nodes that are fixed in them. */
export interface Plan extends TaskNodes {
  readonly configuration: Configuration;
}

/** Events of captures and timers. */
export type CapturePrivate = CaptureEvent | { readonly type: "reconnectDue" };

type Ctx = Context<CapturePrivate>;

export interface SourceCaptureOptions {
  readonly port: CapturePort;
  readonly source: SourceSpec;
  readonly health: HealthSettings;
  /** In force until `configure` gives another. */
  readonly plan: Plan;
  readonly timeline: Timeline;
  /** It was found to have an end: it is read again, whatever its kind. */
  readonly recording: boolean;
}

/** Frames that a live source may give before they are taken. */
const LIVE_DEMAND = 8;
/** Between two words about times that step. */
const STEP_SAID_MS = 60_000;
/** Frames that a replayable source reads ahead, at least. */
const LOOKAHEAD = 4;

export class SourceCapture {
  readonly #source: SourceSpec;
  readonly #slots: CaptureSlots;
  readonly #health: SourceHealth;
  readonly #timeline: Timeline;
  #plan: Plan;
  /** Holds from the next task on. */
  #nextPlan: Plan | null = null;
  #live: boolean;
  #seekable = false;
  /** Of this connection, when it was last looked at. */
  #bytesSeen = 0;
  #stepSaidAtMs: number | null = null;

  /** @param emit receives the events of captures, which come at any time */
  constructor(options: SourceCaptureOptions, emit: (event: CaptureEvent) => void) {
    this.#source = options.source;
    this.#slots = new CaptureSlots(options.port, options.source, emit);
    this.#health = new SourceHealth(options.health);
    this.#plan = options.plan;
    this.#timeline = options.timeline;
    this.#live = !options.source.replayable && !options.recording;
  }

  /** The one in force, for the next task. */
  get plan(): Plan {
    return this.#plan;
  }

  /** Its frames come whether they are taken or not, and cannot be read again. */
  get live(): boolean {
    return this.#live;
  }

  /** Which capture an event is of; null where that one is closed. */
  roleOf(capture: number): CaptureRole | null {
    return this.#slots.roleOf(capture);
  }

  // ── Plans ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** A plan for the tasks from the next one on. */
  configure(plan: Plan): void {
    this.#nextPlan = plan;
  }

  /** The newest plan takes effect, whatever is open. */
  adoptPlan(): void {
    this.#plan = this.#nextPlan ?? this.#plan;
    this.#nextPlan = null;
  }

  /**
   * Between two tasks: the newest plan takes effect.
   *
   * @param after the last frame in a task
   * @param exhausted the stream has ended, and every frame of it is in a task
   * @returns whether the frames that no task has are captured again
   */
  handOver(after: SourcePosition | null, exhausted: boolean): boolean {
    if (this.#nextPlan === null) return false;
    const { configuration, ...nodes } = this.#nextPlan;
    if (this.#slots.gives(configuration)) {
      this.#slots.dismiss();
      this.adoptPlan();
    } else if (this.#live) {
      // The nodes can change at once; the pictures change with the first frame of the new capture.
      this.#plan = { ...this.#plan, ...nodes };
      this.#slots.prepare(configuration, LIVE_DEMAND);
    } else if (!exhausted) {
      this.adoptPlan();
      this.open(after);
      return true;
    }
    return false;
  }

  /** The first frame of the successor is here: it becomes the current capture. */
  promote(): void {
    this.#slots.promote();
    this.#timeline.reconnect();
    this.adoptPlan();
  }

  // ── Opening and closing ───────────────────────────────────────────────────────────────────────────────────────────

  /** Opens a capture under the plan in force: of a live source from now on, of any other after a position. */
  open(after: SourcePosition | null): void {
    if (this.#live) this.#timeline.reconnect();
    else this.#timeline.resume(after);
    this.#slots.replace(this.#plan.configuration, this.#live ? null : this.#positionAt(after));
  }

  /** Opens a live source again, under the newest plan. */
  openAgain(): void {
    this.adoptPlan();
    this.#timeline.reconnect();
    this.#slots.replace(this.#plan.configuration, null);
  }

  /** Reads frames again, from the first one after a position. */
  readAgain(configuration: Configuration, after: SourcePosition | null, frames: number): void {
    if (!this.#slots.gives(configuration)) {
      this.#timeline.resume(after);
      this.#slots.replace(configuration, this.#positionAt(after));
    }
    this.#slots.ask("current", frames);
  }

  /** Closes every capture and cancels its timers. */
  close(ctx: Ctx): void {
    for (const timer of ["stall", "reconnect"]) ctx.cancel(timer);
    this.#slots.close();
  }

  /** Closes every capture for a while, in which nothing is wrong with the source. */
  rest(ctx: Ctx): void {
    this.close(ctx);
    this.#health.rest();
  }

  // ── Frames ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The current capture has opened the source. */
  informed({ seekable }: CaptureInfo): void {
    this.#seekable = seekable;
  }

  /** New frames are captured from now on; a live source must give the first one in time. */
  begun({ durationUs, measured = false }: CaptureInfo, ctx: Ctx): void {
    // What is fetched over HTTP and has an end is a recording: it can be read again, and waits instead of dropping.
    if (this.#source.kind === "http" && (durationUs !== null || measured)) this.#live = false;
    this.#bytesSeen = 0;
    if (this.#live) this.#awaitFrame(ctx);
  }

  /** A requested frame has arrived. */
  received(capture: number): void {
    this.#slots.received(capture);
  }

  /** A frame of the current capture, its presentation time mended so that it goes on from those before. */
  timed(frame: CapturedFrame, ctx: Ctx): TimedFrame {
    const { fps } = this.#plan.configuration;
    const { steps } = this.#timeline;
    const timed = this.#timeline.place(frame, { fps, liveAtMs: this.#live ? ctx.monotonic() : null });
    if (this.#timeline.steps > steps) this.#sayStep(timed, ctx);
    return timed;
  }

  /** A live source must give the next frame in time. @returns whether its picture is frozen */
  sawFrame({ checksum }: CapturedFrame, ctx: Ctx): boolean {
    if (!this.#live) return false;
    const isFrozen = this.#health.sawFrame(checksum, ctx.monotonic());
    // By what this one tells of its rhythm.
    this.#awaitFrame(ctx);
    return isFrozen;
  }

  /** Requests what there is use for: a task's worth ahead of those that are here, or whatever a live source gives. */
  demand(frameCount: number): void {
    const ahead = Math.max(this.#plan.configuration.framesPerTask, LOOKAHEAD) - frameCount;
    this.#slots.ask("current", this.#live ? LIVE_DEMAND : ahead);
  }

  /** A frame of the successor came too early: another one is requested in its place. */
  demandSuccessor(): void {
    this.#slots.ask("successor", LIVE_DEMAND);
  }

  /** A live source is lost, and tried again after a backoff. @returns the attempt's number in a row, from 1 */
  lost(ctx: Ctx): number {
    const { attempt, delayMs } = this.#health.lost(ctx.monotonic(), ctx.random());
    ctx.after("reconnect", delayMs, { type: "reconnectDue" });
    return attempt;
  }

  /** Each frame of a damaged stream may step. */
  #sayStep({ number, sourceUs, ptsUs }: TimedFrame, ctx: Ctx): void {
    const nowMs = ctx.monotonic();
    if (this.#stepSaidAtMs !== null && nowMs - this.#stepSaidAtMs < STEP_SAID_MS) return;
    this.#stepSaidAtMs = nowMs;
    const { steps } = this.#timeline;
    const where = { source: this.#source.label, frame: number, sourceUs, ptsUs, steps };
    ctx.log.warn("The times of a source step; those of its tasks go on behind the frame before", where);
  }

  /**
   * No frame has come in time. Before the first one of a connection a key frame may still be on its way: it is waited for as
   * long as bytes come.
   *
   * @returns whether it is
   */
  waitsOn(ctx: Ctx): boolean {
    const { bytes } = this.#slots;
    if (!this.#live || this.#health.connected || bytes === null || bytes <= this.#bytesSeen) return false;
    if (this.#bytesSeen === 0) {
      const source = this.#source.label;
      ctx.log.info("a source sends, but no picture yet: its next key frame is waited for", { source, bytes });
    }
    this.#bytesSeen = bytes;
    this.#awaitFrame(ctx);
    return true;
  }

  #awaitFrame(ctx: Ctx): void {
    if (!this.#health.connected) this.#health.awaitsFirst(ctx.monotonic());
    const patienceMs = this.#health.patienceMs(this.#plan.configuration.fps);
    ctx.after("stall", patienceMs, { type: "stallNoticed" });
  }

  /** Where the times of the source were mended before, one of them may come twice. */
  #positionAt(position: SourcePosition | null): Position | null {
    if (position === null) return null;
    const { frame, sourceUs, ptsUs } = position;
    return { frame, sourceUs, seekable: this.#seekable && sourceUs === ptsUs };
  }
}
