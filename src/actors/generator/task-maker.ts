/** Makes tasks of the frames that a generator has, and hands them to its delivery. */

import { SluiceError } from "../../task/errors.js";
import { createTraceparent } from "../../task/traceparent.js";
import type { Offer } from "./delivery/unsettled-tasks.js";
import type { FrameGroup } from "./grouping.js";
import type { GeneratorRetained } from "./retained.js";
import type { Ctx, GeneratorOptions, GeneratorState } from "./state.js";

type Frames = Pick<GeneratorState, "capture" | "grouping">;
type Taken = Pick<GeneratorState, "capture"> & Pick<FrameGroup, "frames" | "sourceAtMs">;

export class TaskMaker {
  readonly #options: GeneratorOptions;
  readonly #retained: GeneratorRetained;

  constructor(options: GeneratorOptions, retained: GeneratorRetained) {
    this.#options = options;
    this.#retained = retained;
  }

  /** The source has made as many tasks as it may, over all of its incarnations. */
  get limitReached(): boolean {
    const { limit } = this.#options;
    const { window, tasksBefore } = this.#retained;
    return limit !== null && tasksBefore + window.own.created >= limit;
  }

  /** Makes a task where its frames are here and due, and the window has room. @returns whether it did */
  makeNext({ capture, grouping }: Frames, ctx: Ctx): boolean {
    const { plan, live } = capture;
    // One read for both clocks: however long the thread is held up between two, tasks keep their distances.
    const monotonicMs = ctx.monotonic();
    const grouped = grouping.next({
      framesPerTask: plan.configuration.framesPerTask,
      paced: this.#options.paced && !live,
      full: !live && this.#retained.window.full,
      nowMs: ctx.epochMs() + monotonicMs,
      monotonicMs,
    });
    if (grouped.type === "early") ctx.after("due", grouped.dueInMs, { type: "frameDue" });
    if (grouped.type !== "complete") return false;
    this.#make({ capture, grouping }, grouped.group, ctx);
    return true;
  }

  /** The last task before an end or a gap may be shorter than the others, where every service can work on it. */
  makeLast({ capture, grouping }: Frames, ctx: Ctx): void {
    const group = grouping.last(this.limitReached ? null : this.#options.framesMin);
    if (group !== null) this.#make({ capture, grouping }, group, ctx);
  }

  /**
   * A live source is back, or was ended: what it did not give meanwhile is stored as a gap.
   *
   * @param how whether frames come again
   * @param untilMs for one that began with an earlier process. Default now
   * @returns how long it was away, in ms; null where it was not
   */
  endOutage(
    capture: Frames["capture"],
    how: "back" | "given up",
    ctx: Ctx,
    untilMs = ctx.now(),
  ): number | null {
    const { outage, delivery } = this.#retained;
    // A recording goes on where it was, however long its node was away.
    if (!capture.live) outage.forget();
    const drop = outage.end({ nowMs: untilMs, monotonicMs: ctx.monotonic() }, how === "back");
    if (drop === null) return null;
    const { fromMs, toMs } = drop.outage;
    delivery.offerGap(this.#offer({ capture, frames: [], sourceAtMs: fromMs }, ctx), drop, ctx.monotonic());
    return toMs - fromMs;
  }

  /** Why a stream that has come to its end gave no task, ever; null where it gave one, or was ended before. */
  nothingMade({ grouping, phase }: Pick<GeneratorState, "grouping" | "phase">): SluiceError | null {
    const ended = phase.status === "capturing" && phase.end !== null;
    const { position, window } = this.#retained;
    if (!ended || position !== null || window.ledger.created > 0) return null;
    const { source, framesMin } = this.#options;
    return new SluiceError(
      `Cannot make a task of source "${source.label}" as it ends after ${grouping.framesSkipped} of the ${framesMin} frames that its pipeline needs in one: take a longer video, or more of its frames (--fps)`,
      { code: "source-invalid" },
    );
  }

  #make(
    { capture, grouping }: Frames,
    { frames, sourceAtMs, first, last, passedOver, gated }: FrameGroup,
    ctx: Ctx,
  ): void {
    const after = this.#retained.position;
    const span = capture.live ? null : { after, last };
    if (!capture.live) this.#retained.position = last;
    const task = {
      ...this.#offer({ capture, frames, sourceAtMs }, ctx),
      ...(span === null && gated > 0 && { framesGated: gated }),
      ...(span !== null && {
        frames: {
          after: after?.frame ?? null,
          first,
          last: last.frame,
          passedOver,
          ...(gated > 0 && { gated }),
          firstUs: frames[0]?.ptsUs ?? last.ptsUs,
          lastUs: last.ptsUs,
          ...(last.sourceUs !== last.ptsUs && { lastSourceUs: last.sourceUs }),
        },
      }),
    };
    const made = this.#retained.delivery.offer(task, span, ctx.monotonic());
    if (made) this.#show(task);
    else grouping.skip(frames.length);
  }

  /** The task that was made last. */
  #show({ id, payload: { frames, ...form } }: Offer): void {
    const frame = frames.at(-1);
    const sequence = this.#retained.window.own.created - 1;
    if (frame !== undefined) this.#options.show({ id: { ...id, sequence }, ...form, ...frame });
  }

  #offer({ capture, frames, sourceAtMs }: Taken, ctx: Ctx): Offer {
    const { sourceId, incarnation, pipeline } = this.#options;
    const { configuration, ...nodes } = capture.plan;
    const { encoding, width, height } = configuration;
    return {
      id: { sourceId, incarnation },
      pipeline,
      configuration,
      payload: { encoding, width, height, frames },
      sourceAtMs,
      createdAtMs: ctx.now(),
      origin: ctx.self.address,
      traceparent: createTraceparent(() => ctx.random()),
      nodes,
    };
  }
}
