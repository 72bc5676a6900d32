/**
 * The times that tasks carry: those of the source, mended where they step.
 *
 * T1 They only grow, over every connection, every step and every restart.
 * T2 A frame that comes behind the one before, by no more than the longest gap, keeps its distance to it.
 * T3 Any other begins a new time base: it stands one usual spacing behind the frame before or, of a live source, as far behind
 *    it as it came after it. What follows keeps its distances again.
 * T4 The longest gap is 10 s, or ten usual spacings where that is more, and a minute while none is known; a live source may
 *    have paused for as long besides.
 */

import type { SourcePosition } from "../../task/position.js";
import type { CapturedFrame } from "./capture.js";

/** A frame with the time that its task carries, in microseconds, in place of its source's. */
export interface TimedFrame extends CapturedFrame {
  /** As the source gives it. */
  readonly sourceUs: number;
  readonly spacingUs: number | null;
}

/** Where a frame comes from and when. */
export interface Arrival {
  /** Frames a second that are wanted: what is usual is not known before the first two of them. */
  readonly fps: number;
  /** When a frame of a live source came, by the monotonic clock; null of any other. */
  readonly liveAtMs: number | null;
}

/** As ffmpeg's own `dts_delta_threshold`: what is further apart is no pause of a recording. */
const GAP_US_MAX = 10_000_000;
const GAP_SPACINGS = 10;
/** Between the first two frames: a recording may have one frame a minute throughout. */
const FIRST_GAP_US_MAX = 60_000_000;

interface Last extends Pick<SourcePosition, "sourceUs" | "ptsUs"> {
  readonly liveAtMs: number | null;
}

/** Survives a restart of the generator. */
export class Timeline {
  #last: Last | null = null;
  #spacingUs: number | null = null;
  #reconnected = false;
  #steps = 0;

  /** Frames that began a new time base though their source was not opened again. */
  get steps(): number {
    return this.#steps;
  }

  /** The next frame is of another connection to a live source, which counts from a start of its own. */
  reconnect(): void {
    this.#reconnected = true;
  }

  /** The next frame is the one behind this position; null: the first one of the source. */
  resume(position: SourcePosition | null): void {
    this.#last = position === null ? null : { ...position, liveAtMs: null };
    this.#spacingUs = position?.spacingUs ?? null;
  }

  /** The next frame of the source, with its time mended. */
  place(frame: CapturedFrame, arrival: Arrival): TimedFrame {
    const { ptsUs: sourceUs } = frame;
    const { liveAtMs } = arrival;
    const ptsUs = this.#placed(sourceUs, arrival);
    this.#last = { sourceUs, ptsUs, liveAtMs };
    this.#reconnected = false;
    return { ...frame, ptsUs, sourceUs, spacingUs: this.#spacingUs };
  }

  #placed(sourceUs: number, { fps, liveAtMs }: Arrival): number {
    const [last, spacingUs] = [this.#last, this.#spacingUs];
    if (last === null) return sourceUs;
    const pausedUs =
      liveAtMs === null || last.liveAtMs === null ? 0 : Math.round((liveAtMs - last.liveAtMs) * 1_000);
    const apartUs = sourceUs - last.sourceUs;
    if (!this.#reconnected && apartUs > 0 && apartUs <= longestGapUs(spacingUs) + pausedUs) {
      // One pause changes little, and a source that has become slower is soon known for it.
      this.#spacingUs = Math.min(apartUs, 2 * (spacingUs ?? apartUs));
      return last.ptsUs + apartUs;
    }
    if (!this.#reconnected) this.#steps += 1;
    return last.ptsUs + Math.max(1, Math.round(spacingUs ?? 1_000_000 / fps), pausedUs);
  }
}

function longestGapUs(spacingUs: number | null): number {
  return spacingUs === null ? FIRST_GAP_US_MAX : Math.max(GAP_US_MAX, GAP_SPACINGS * spacingUs);
}
