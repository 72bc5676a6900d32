/**
 * Which frames of a source are kept under a motion gate: pure, by a small grey picture of each.
 *
 * MG1 A frame is compared with the last one that was kept, so that what moves slowly is seen in the end: no frame that is left out
 *    differs from the one kept before it by as much as the gate allows.
 * MG2 Frames are left out between two tasks only: a task has its frames one behind the other, as ever.
 * MG3 The first frame of a capture is kept, and so is what has no grey picture.
 */

import type { Configuration } from "../../task/configuration.js";
import { MOTION_GRID, type MotionGate } from "../../task/motion-gate.js";
import type { Grouping } from "./grouping.js";
import type { TimedFrame } from "./timeline.js";

/** Of the share that opens a gate, what keeps it open: hysteresis. */
const OPEN_SHARE = 0.5;

export class Motion {
  #capture: number | null = null;
  /** Of the last frame that was kept. */
  #reference: Uint8Array | null = null;
  #keptUs = 0;
  #movedUs = Number.NEGATIVE_INFINITY;
  #cells: { readonly of: MotionGate; readonly indices: readonly number[] } | null = null;

  /** A frame of the capture in use, of that number, is held for a task, or counted as gated. */
  takeOrGate(
    frame: TimedFrame,
    capture: number,
    {
      grouping,
      configuration: { motionGate = null, framesPerTask },
    }: { readonly grouping: Grouping; readonly configuration: Configuration },
  ): void {
    const begun = grouping.frameCount % framesPerTask !== 0;
    if (this.keeps(frame, motionGate, { capture, begun })) grouping.hold(frame);
    else grouping.gate(frame);
  }

  /**
   * @param capture the number of the one that it comes from
   * @param begun it belongs to a task that has frames already
   * @returns whether the frame goes into a task
   */
  keeps(
    { grey, ptsUs }: Pick<TimedFrame, "grey" | "ptsUs">,
    gate: MotionGate | null,
    { capture, begun }: { readonly capture: number; readonly begun: boolean },
  ): boolean {
    if (gate === null || grey === undefined) {
      this.#reference = null;
      return true;
    }
    if (capture !== this.#capture) this.#reference = null;
    this.#capture = capture;
    const before = this.#reference;
    if (before !== null) {
      const isOpen = ptsUs - this.#movedUs <= gate.holdMs * 1_000;
      const wanted = gate.share * (isOpen ? OPEN_SHARE : 1);
      if (this.#changedShare(before, grey, gate) >= wanted) this.#movedUs = ptsUs;
    }
    const isHeld = ptsUs - this.#movedUs <= gate.holdMs * 1_000;
    const isLate = ptsUs - this.#keptUs >= gate.idleMs * 1_000;
    if (before !== null && !begun && !isHeld && !isLate) return false;
    this.#reference = grey;
    this.#keptUs = ptsUs;
    return true;
  }

  #changedShare(before: Uint8Array, now: Uint8Array, gate: MotionGate): number {
    if (this.#cells?.of !== gate) this.#cells = { of: gate, indices: cellsOf(gate) };
    const { indices } = this.#cells;
    const { contrast } = gate;
    let changed = 0;
    for (const index of indices) {
      if (Math.abs((before[index] ?? 0) - (now[index] ?? 0)) >= contrast) changed += 1;
    }
    return changed / indices.length;
  }
}

/** The cells that regions touch, by index, row by row. */
function cellsOf({ regions }: MotionGate): readonly number[] {
  const { columns, rows } = MOTION_GRID;
  const touched = new Uint8Array(columns * rows).fill(regions.length === 0 ? 1 : 0);
  for (const { x, y, width, height } of regions) {
    const [left, right] = span(x, width, columns);
    const [top, bottom] = span(y, height, rows);
    for (let row = top; row < bottom; row++) touched.fill(1, row * columns + left, row * columns + right);
  }
  return [...touched.keys()].filter((index) => touched[index] === 1);
}

/** One cell at least. */
function span(from: number, length: number, cells: number): readonly [number, number] {
  const first = Math.min(Math.floor(from * cells), cells - 1);
  // A share like 0.1 + 0.2 ends a bit behind the cell that it means.
  const behind = Math.min(Math.ceil((from + length) * cells - 1e-6), cells);
  return [first, Math.max(behind, first + 1)];
}
