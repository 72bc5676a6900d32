/** Reads again the frames of recovered tasks, from a source that can be read again. */

import type { Payload } from "../../task/payload.js";
import type { NewTask } from "../../task/walk.js";
import type { SourcePosition } from "../../task/position.js";
import type { TimedFrame } from "./timeline.js";

/** A task with all its frames, or with a null payload where one of them is missing. */
export interface Reread {
  readonly task: NewTask;
  readonly payload: Payload | null;
}

/** A task whose frames are to be read again, and the last frame before them; null where they begin with the source. */
export interface Frameless {
  readonly task: NewTask;
  readonly after: SourcePosition | null;
}

export class Replay {
  /** In the order of their frames. */
  readonly #tasks: Frameless[];
  #frames: TimedFrame[] = [];

  constructor(tasks: readonly Frameless[]) {
    this.#tasks = tasks.filter(({ task }) => task.payload.frames.length > 0);
  }

  /** The task whose frames are wanted now; null once none is left. */
  get current(): NewTask | null {
    return this.#tasks[0]?.task ?? null;
  }

  /** Only frames after this one are wanted: of the current task, and of those behind it. */
  get after(): SourcePosition | null {
    return this.#tasks[0]?.after ?? null;
  }

  /** Frames that the current task lacks. */
  get wanted(): number {
    return (this.current?.payload.frames.length ?? 0) - this.#frames.length;
  }

  /** Takes the next frame of the source. @returns the tasks that it completes, or shows to be incomplete */
  take(frame: TimedFrame): readonly Reread[] {
    const decided: Reread[] = [];
    for (let task = this.current; task !== null; task = this.current) {
      const wantedUs = task.payload.frames[this.#frames.length]?.ptsUs ?? 0;
      if (frame.ptsUs < wantedUs) break;
      if (frame.ptsUs > wantedUs) {
        decided.push(this.#shift(task, null));
        continue;
      }
      this.#frames.push(frame);
      if (this.wanted === 0) {
        const { encoding, width, height } = task.configuration;
        const frames = this.#frames.map(({ ptsUs, data }) => ({ ptsUs, data }));
        decided.push(this.#shift(task, { encoding, width, height, frames }));
      }
      break;
    }
    return decided;
  }

  /** The stream has ended. @returns the tasks that are left, all of them incomplete */
  end(): readonly Reread[] {
    return this.#tasks.splice(0).map(({ task }) => ({ task, payload: null }));
  }

  #shift(task: NewTask, payload: Payload | null): Reread {
    this.#tasks.shift();
    this.#frames = [];
    return { task, payload };
  }
}
