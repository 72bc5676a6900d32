/** Groups frames into tasks: holds those that are captured ahead until they are due and there is room for their task. */

import type { SourcePosition } from "../../task/position.js";
import { Pace } from "./pace.js";
import type { TimedFrame } from "./timeline.js";

/** The frames of one task, one at least. */
export interface FrameGroup {
  readonly frames: readonly Pick<TimedFrame, "ptsUs" | "data">[];
  /** When its first frame left the source, ms since the Unix epoch. */
  readonly sourceAtMs: number;
  /** Number of its first frame in the source. */
  readonly first: number;
  /** Its last frame. */
  readonly last: SourcePosition;
  /** Frames from behind the task before it to its last one that were decoded and not sampled. */
  readonly passedOver: number;
  /** Frames from behind the task before it to its last one in which nothing moved. */
  readonly gated: number;
}

export interface GroupingTerms {
  readonly framesPerTask: number;
  /** Frames go at the speed of their presentation times, not as soon as they are here. */
  readonly paced: boolean;
  /** No task may begin now: there is no room for it. */
  readonly full: boolean;
  readonly nowMs: number;
  readonly monotonicMs: number;
}

/** A group, or what the next one waits for: a frame that is due later, or anything else. */
export type Grouped =
  | { readonly type: "complete"; readonly group: FrameGroup }
  | { readonly type: "early"; readonly dueInMs: number }
  | { readonly type: "blocked" };

/** A frame for a task, with those that were gated before it among those passed over. */
interface HeldFrame extends TimedFrame {
  /** Absent: none. */
  readonly gated?: number;
}

/** A frame, and when it left the source. */
interface DueFrame {
  readonly frame: HeldFrame;
  readonly sourceAtMs: number;
}

export class Grouping {
  readonly #pace = new Pace();
  /** Captured, and not in a group yet. */
  #held: HeldFrame[] = [];
  /** The group in the making. */
  #group: DueFrame[] = [];
  #framesSkipped = 0;
  /** Of the groups that were taken or skipped. */
  #framesGated = 0;
  /** Gated since the last frame that was held, and passed over before each of these. */
  #pending = NONE_PENDING;

  /** Frames that no task was made of. */
  get framesSkipped(): number {
    return this.#framesSkipped;
  }

  /** Frames that are in no task as nothing moved in them. */
  get framesGated(): number {
    const waiting = gatedBefore(this.#held) + gatedBefore(this.#group.map(({ frame }) => frame));
    return this.#framesGated + waiting + this.#pending.gated;
  }

  /** Frames that are here and in no task. */
  get frameCount(): number {
    return this.#held.length + this.#group.length;
  }

  /** Frames that no group has. */
  get heldCount(): number {
    return this.#held.length;
  }

  /** Whether a group is in the making. */
  get begun(): boolean {
    return this.#group.length > 0;
  }

  hold(frame: TimedFrame): void {
    const { gated, passedOver } = this.#pending;
    this.#pending = NONE_PENDING;
    this.#held.push(gated === 0 ? frame : { ...frame, gated, passedOver: frame.passedOver + passedOver });
  }

  /** Nothing moves in it: no task has it. */
  gate({ passedOver }: Pick<TimedFrame, "passedOver">): void {
    const { gated, passedOver: before } = this.#pending;
    this.#pending = { gated: gated + 1, passedOver: before + passedOver };
  }

  /** Forgets the frames that no group has, as they are captured again. */
  discardHeld(): void {
    this.#held = [];
    this.#pending = NONE_PENDING;
  }

  /** Forgets every frame, also those of the group in the making, as all are captured again; the time until then makes none late. */
  discard(): void {
    this.discardHeld();
    this.#group = [];
    this.#pace.holdBack();
  }

  /** So many frames are of no use. */
  skip(frames: number): void {
    this.#framesSkipped += frames;
  }

  /** Takes frames in order, as far as they are due; a group that has begun goes on without looking for room. */
  next({ framesPerTask, paced, full, nowMs, monotonicMs }: GroupingTerms): Grouped {
    while (this.#group.length < framesPerTask) {
      const frame = this.#held[0];
      if (frame === undefined) return { type: "blocked" };
      if (full && !this.begun) {
        this.#pace.holdBack();
        return { type: "blocked" };
      }
      const dueInMs = paced ? this.#pace.dueAtMs(frame, monotonicMs) - monotonicMs : 0;
      if (dueInMs > 0) return { type: "early", dueInMs };
      const sourceAtMs = paced ? nowMs + dueInMs : frame.capturedAtMs;
      this.#held.shift();
      this.#group.push({ frame, sourceAtMs });
    }
    const group = this.#take();
    return group === null ? { type: "blocked" } : { type: "complete", group };
  }

  /**
   * Before an end or a gap: the group in the making, where it has `framesMin` frames; all others here are skipped.
   *
   * @param framesMin null where no task may be made any more
   */
  last(framesMin: number | null): FrameGroup | null {
    const group = framesMin !== null && this.#group.length >= framesMin ? this.#take() : null;
    this.skip(this.frameCount);
    this.#framesGated = this.framesGated;
    this.#group = [];
    this.discardHeld();
    return group;
  }

  #take(): FrameGroup | null {
    const taken = this.#group;
    const [first, last] = [taken[0], taken.at(-1)];
    if (first === undefined || last === undefined) return null;
    this.#group = [];
    const frames = taken.map(({ frame }) => frame);
    const gated = gatedBefore(frames);
    this.#framesGated += gated;
    return {
      frames: taken.map(({ frame: { ptsUs, data } }) => ({ ptsUs, data })),
      sourceAtMs: first.sourceAtMs,
      first: first.frame.number,
      last: positionOf(last.frame),
      passedOver: frames.reduce((sum, { passedOver }) => sum + passedOver, 0),
      gated,
    };
  }
}

const NONE_PENDING = { gated: 0, passedOver: 0 };

function gatedBefore(frames: readonly HeldFrame[]): number {
  return frames.reduce((sum, { gated = 0 }) => sum + gated, 0);
}

function positionOf({ number, sourceUs, ptsUs, spacingUs }: TimedFrame): SourcePosition {
  return { frame: number, sourceUs, ptsUs, spacingUs };
}
