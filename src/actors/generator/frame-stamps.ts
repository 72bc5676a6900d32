/** Reads in ffmpeg's log what its sampling prints of each frame that it takes: number, frames passed over, and time. */

/** What is known of a frame apart from its bytes. */
export interface FrameStamp {
  /** Number of the frame in the source, from 0. */
  readonly number: number;
  /** Frames that were decoded since the last one taken, and not sampled. */
  readonly passedOver: number;
  /** Presentation time in the source, in microseconds. */
  readonly ptsUs: number;
}

/** What an expression prints, alone on its line: a number, or none where the frame has no time. */
const PRINTED = /^(?:\[[^\]]* @ [^\]]*\] )*\[info\] (-?\d+\.\d{6}|-?nan)$/;

export class FrameStamps {
  readonly #onStamp: (stamp: FrameStamp) => void;
  #printed: number[] = [];

  constructor(onStamp: (stamp: FrameStamp) => void) {
    this.#onStamp = onStamp;
  }

  /** @returns whether the line is part of a stamp, and so no message */
  accept(line: string): boolean {
    const text = PRINTED.exec(line)?.[1];
    if (text === undefined) return false;
    this.#printed.push(Math.round(Number(text)));
    const [number, passedOver, ptsUs] = this.#printed;
    if (number !== undefined && passedOver !== undefined && ptsUs !== undefined) {
      this.#printed = [];
      this.#onStamp({ number, passedOver, ptsUs: Number.isNaN(ptsUs) ? 0 : ptsUs });
    }
    return true;
  }
}
