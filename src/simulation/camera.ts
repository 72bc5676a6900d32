/** The camera of a simulated source: small frames that hold their number, one each `everyMs` while any is requested. */

import type { CapturePort } from "../actors/generator/capture.js";
import { isGated } from "../task/configuration.js";
import { MOTION_GRID, type MotionGate } from "../task/motion-gate.js";
import { SluiceError } from "../task/errors.js";
import { allocateShared } from "../runtime/shared-memory.js";
import type { SourceSpec } from "../actors/generator/source-spec.js";
import type { SimulatedProcess } from "./simulated-process.js";

export interface CameraOptions {
  readonly name: string;
  /** Frames that a replayable source has; null for a live one, which has no end. */
  readonly frames: number | null;
  /** Between two frames, in ms. */
  readonly everyMs: number;
  /** Its times step now and then; otherwise they are those of one clock. */
  readonly steps: boolean;
  /** Of each frame, at least 16: its number as it is checked, its number, and zeros. */
  readonly frameBytes: number;
}

/** Between two frames, in microseconds: the times that tasks carry are the number of the frame times this. */
export const FRAME_US = 100_000;

/** Frames of one time base: the next one begins anew, as where recordings were put one behind the other. */
const BASE_FRAMES = 37;
/** In each base one frame is stamped an hour ahead. */
const OUTLIER = { index: 23, aheadUs: 3_600_000_000 } as const;

/** Something moves in some of each so many frames; what is to be seen then stays as it is. */
const SCENE = { frames: 16, moving: 3 } as const;

/** Whether the picture of this frame is otherwise than that before. */
export function movesIn(number: number): boolean {
  return number % SCENE.frames < SCENE.moving;
}

/** Frames up to this one in which something moved: each makes the whole picture lighter, or dark again. */
function greyOf(number: number): Uint8Array {
  const { frames, moving } = SCENE;
  const moved = Math.floor(number / frames) * moving + Math.min(moving, (number % frames) + 1);
  return new Uint8Array(MOTION_GRID.columns * MOTION_GRID.rows).fill((moved % 7) * 30);
}

/** Frames of a camera without one that is kept, at most. */
export const GATED_FRAMES_MAX = 10;

export const DRAWN_GATE: MotionGate = {
  contrast: 12,
  share: 0.5,
  holdMs: 200,
  idleMs: (GATED_FRAMES_MAX * FRAME_US) / 1_000,
  regions: [],
};

/** As it says of itself once it is open. */
const NATIVE = { width: 16, height: 16, fps: 1_000_000 / FRAME_US };

/** A live camera goes away once in so many frames. */
const OUTAGE_EVERY = 97;

/** The time of a frame as the source gives it. */
function sourceUsOf(number: number, steps: boolean): number {
  if (!steps) return number * FRAME_US;
  const index = number % BASE_FRAMES;
  return index * FRAME_US + (index === OUTLIER.index ? OUTLIER.aheadUs : 0);
}

/** The source as it is described to a node. */
export function cameraSource({ name, frames }: CameraOptions): SourceSpec {
  const pattern = { width: 16, height: 16, fps: 10, durationS: 1 };
  return { kind: "test", pattern, label: name, replayable: frames !== null };
}

/** What frames of a live camera hold in place of a number: their times are shifted after a reconnect, so they prove nothing. */
export const UNNUMBERED = -1;

/**
 * Captures from the camera, within `process`.
 *
 * @param onGiven hears of each frame, before it is given
 */
export function createCameraCapture(
  options: CameraOptions,
  process: SimulatedProcess,
  onGiven: () => void,
): CapturePort {
  const { frames, everyMs, steps, frameBytes } = options;
  return {
    open({ after, configuration }, listener) {
      const { clock } = process;
      const sampled = Math.max(1, Math.round(NATIVE.fps / configuration.fps));
      let passedOver = 0;
      let next = 0;
      if (frames === null) next = Math.floor(clock.now() / everyMs);
      else if (after !== null) next = after.frame + 1;
      let wanted = 0;
      let closed = false;
      let timer = clock.after(0, () => {
        const durationUs = frames === null ? null : frames * FRAME_US;
        listener.onInfo({ description: "simulated", durationUs, seekable: false, native: NATIVE });
        timer = clock.after(everyMs, tick);
      });
      const give = (): void => {
        const data = allocateShared(frameBytes);
        const view = new DataView(data.buffer, data.byteOffset);
        view.setFloat64(0, frames === null ? UNNUMBERED : next);
        view.setFloat64(8, next);
        wanted -= 1;
        onGiven();
        listener.onFrame({
          number: next,
          passedOver,
          ptsUs: sourceUsOf(next, steps),
          checksum: next,
          data,
          ...(isGated(configuration) && { grey: greyOf(next) }),
          capturedAtMs: clock.now(),
        });
        next += 1;
        passedOver = 0;
      };
      // The last one is given at any rate.
      const isPassedOver = (): boolean => next % sampled !== 0 && next + 1 !== frames;
      const tick = (): void => {
        if (closed) return;
        if (frames !== null && next >= frames) {
          closed = true;
          listener.onEnd(null);
          return;
        }
        if (frames === null && next % OUTAGE_EVERY === 0) {
          closed = true;
          listener.onEnd(new SluiceError("Simulated outage", { code: "source-unreachable" }));
          return;
        }
        if (isPassedOver()) {
          next += 1;
          passedOver += 1;
        } else if (wanted > 0) give();
        else if (frames === null) next += 1;
        if (!closed) timer = clock.after(everyMs, tick);
      };
      return {
        bytes: null,
        request: (count) => void (wanted += count),
        close() {
          closed = true;
          timer.cancel();
        },
      };
    },
  };
}
