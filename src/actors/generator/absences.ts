/**
 * The times in which a source is not captured, though it has not ended: it is lost and tried again, or an operator or its policy has paused it.
 * What a live source does not give meanwhile is stored as a gap.
 *
 * AB1 What an operator paused stays so until an operator says otherwise. What its policy paused goes on by itself where the hub is gone for
 *     10 s: a policy pauses a source only for as long as it decides so anew, and nobody asks it.
 */

import type { Pause } from "../../task/requests.js";
import type { SourceEvent } from "../protocol/generator.js";
import type { GeneratorRetained } from "./retained.js";
import type { Ctx, GeneratorInbox, GeneratorOptions, GeneratorState } from "./state.js";
import type { TaskMaker } from "./task-maker.js";

/** Why a source gives nothing. */
type Lost = Pick<Extract<SourceEvent, { readonly type: "sourceStalled" }>, "reason" | "detail">;

const FROZEN: Lost = { reason: "frozen", detail: "its picture does not change" };
/** For how long the hub may be gone, in ms: one that is started anew, or a link that breaks, is back before. */
const UNATTENDED_MS = 10_000;

export class Absences {
  readonly #options: GeneratorOptions;
  readonly #retained: GeneratorRetained;
  readonly #tasks: TaskMaker;

  constructor(options: GeneratorOptions, retained: GeneratorRetained, tasks: TaskMaker) {
    this.#options = options;
    this.#retained = retained;
    this.#tasks = tasks;
  }

  /** A live source is lost, and tried again soon; a recording is waited for. */
  lose(state: GeneratorState, lost: Lost, ctx: Ctx): void {
    if (state.phase.status !== "capturing") return;
    const { outage } = this.#retained;
    const { listener, sourceId } = this.#options;
    const { live } = state.capture;
    if (live) {
      state.capture.close(ctx);
      this.#tasks.makeLast(state, ctx);
      // It was to give frames again, so what it was paused for is over.
      if (outage.lasting?.kind === "paused") this.#tasks.endOutage(state.capture, "back", ctx);
      outage.begin("outage", lost.detail, { nowMs: ctx.now(), monotonicMs: ctx.monotonic() });
      state.phase = { status: "reconnecting" };
    }
    const attempt = live ? state.capture.lost(ctx) : 0;
    listener.tell({ type: "sourceStalled", sourceId, ...lost, attempt });
  }

  /** Its picture does not change any more. */
  freeze(state: GeneratorState, ctx: Ctx): void {
    this.lose(state, FROZEN, ctx);
  }

  /** Whether and why it is to pause from now on; null: it captures. */
  decide(pause: Pause | null, ctx: Ctx): void {
    this.#retained.pause = pause;
    this.#attend(ctx);
  }

  /** Another node is gone, or back: where it is the hub, nobody asks the policy of this source meanwhile. */
  hear(message: GeneratorInbox, ctx: Ctx): void {
    if (message.type !== "nodeGone" && message.type !== "nodeBack") return;
    if (message.node !== this.#options.cloud) return;
    this.#retained.hubGone = message.type === "nodeGone";
    this.#attend(ctx);
  }

  #attend(ctx: Ctx): void {
    const { pause, hubGone } = this.#retained;
    if (hubGone && pause?.by === "policy")
      ctx.after("unattended", UNATTENDED_MS, { type: "pauseUnattended" });
    else ctx.cancel("unattended");
  }

  /** The hub has been gone for too long. @returns whether the source was paused, and is to go on */
  endsUnattended({ phase }: GeneratorState, ctx: Ctx): boolean {
    this.#retained.pause = null;
    ctx.log.info("source goes on: the hub is gone that would ask its policy", { forMs: UNATTENDED_MS });
    return phase.status === "paused";
  }

  /** Closes what is open, so that a camera is free for others meanwhile. */
  pause(state: GeneratorState, pause: Pause, ctx: Ctx): void {
    const { phase, capture, grouping } = state;
    if (phase.status !== "capturing" && phase.status !== "reconnecting") return;
    capture.rest(ctx);
    ctx.cancel("due");
    if (capture.live) this.#tasks.makeLast(state, ctx);
    else grouping.discard();
    this.#tasks.endOutage(capture, "given up", ctx);
    this.#stay(state, { ...pause, sinceMs: ctx.now() }, ctx);
  }

  /** @returns whether the source is paused, so that nothing is to be opened */
  holds(state: GeneratorState, ctx: Ctx): boolean {
    const { pause } = this.#retained;
    // What was said may be older than this incarnation.
    if (pause !== null) this.#stay(state, pause, ctx);
    return pause !== null;
  }

  #stay(state: GeneratorState, { sinceMs, reason, by }: Pause, ctx: Ctx): void {
    const agoMs = Math.max(0, ctx.now() - sinceMs);
    const since = { nowMs: ctx.now() - agoMs, monotonicMs: ctx.monotonic() - agoMs };
    const who = by === "policy" ? "its policy" : "an operator";
    const detail = `paused by ${who}${reason === "" ? "" : `: ${reason}`}`;
    if (state.capture.live) {
      this.#endEarlier(state, sinceMs, ctx);
      this.#retained.outage.begin("paused", detail, since);
    }
    state.phase = { status: "paused" };
    const { listener, sourceId } = this.#options;
    listener.tell({ type: "sourcePaused", sourceId, reason, ...(by !== undefined && { by }) });
  }

  /** Its node was down before, until the operator said so or later. */
  #endEarlier({ capture }: GeneratorState, sinceMs: number, ctx: Ctx): void {
    const { outage } = this.#retained;
    if (outage.lasting === null || outage.lasting.kind === "paused") return;
    if (outage.lasting.atMs < sinceMs) this.#tasks.endOutage(capture, "given up", ctx, sinceMs);
    else outage.forget();
  }
}
