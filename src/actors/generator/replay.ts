/** Reads again the frames of tasks that a life before made of a source that can be read again. */

import type { Payload } from "../../task/payload.js";
import type { NewTask } from "../../task/walk.js";
import type { CapturedFrame } from "./capture.js";

/** A task whose frames are all there again, or of which one is missing. */
export interface Reread {
  readonly task: NewTask;
  readonly payload: Payload | null;
}

export class Replay {
  /** In the order of their frames. */
  readonly #tasks: NewTask[];
  #frames: CapturedFrame[] = [];

  constructor(tasks: readonly NewTask[]) {
    this.#tasks = tasks.filter(({ payload }) => payload.frames.length > 0);
  }

  /** The task whose frames are wanted now; null once none is left. */
  get current(): NewTask | null {
    return this.#tasks[0] ?? null;
  }

  /** Only frames after this presentation time are wanted, in microseconds. */
  get afterUs(): number {
    return (this.current?.payload.frames[this.#frames.length]?.ptsUs ?? 0) - 1;
  }

  /** Frames that the current task lacks. */
  get wanted(): number {
    return (this.current?.payload.frames.length ?? 0) - this.#frames.length;
  }

  /** Takes the next frame of the source. @returns the tasks that it settles, one way or the other */
  take(frame: CapturedFrame): readonly Reread[] {
    const settled: Reread[] = [];
    for (let task = this.current; task !== null; task = this.current) {
      const wantedUs = task.payload.frames[this.#frames.length]?.ptsUs ?? 0;
      if (frame.ptsUs < wantedUs) break;
      if (frame.ptsUs > wantedUs) {
        settled.push(this.#shift(task, null));
        continue;
      }
      this.#frames.push(frame);
      if (this.wanted === 0) {
        const { encoding, width, height } = task.configuration;
        const frames = this.#frames.map(({ ptsUs, data }) => ({ ptsUs, data }));
        settled.push(this.#shift(task, { encoding, width, height, frames }));
      }
      break;
    }
    return settled;
  }

  /** No frame comes any more. */
  end(): readonly Reread[] {
    return this.#tasks.splice(0).map((task) => ({ task, payload: null }));
  }

  #shift(task: NewTask, payload: Payload | null): Reread {
    this.#tasks.shift();
    this.#frames = [];
    return { task, payload };
  }
}
