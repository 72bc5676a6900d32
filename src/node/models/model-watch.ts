/**
 * Looks now and then whether the models that workers have are still the newest, and says of which they are not.
 *
 * MW1 A version counts once two looks in a row have found it: what is being written, or whose description is still to come, is none.
 * MW2 One look at a file is under way at a time, however many workers have it; nobody looks at what no worker has.
 */

import type { Clock, TimerHandle } from "../../runtime/clock.js";

/** Which version of a model there is now; null where that cannot be told, or there is none. */
export type LookAtModel = (file: string) => Promise<string | null>;

/** Between two looks, in ms: at a file of this machine they cost two system calls, and at that of a hub a question. */
const LOOK_MS = 2_000;

interface Watched {
  readonly listeners: Set<(version: string) => void>;
  seen: string | null;
  timer: TimerHandle | null;
}

export class ModelWatch {
  readonly #clock: Pick<Clock, "after">;
  readonly #look: LookAtModel;
  readonly #files = new Map<string, Watched>();

  constructor(clock: Pick<Clock, "after">, look: LookAtModel) {
    this.#clock = clock;
    this.#look = look;
  }

  /** @param listener told the version with each look. @returns ends it */
  add(file: string, listener: (version: string) => void): () => void {
    const watched = this.#files.get(file) ?? { listeners: new Set(), seen: null, timer: null };
    this.#files.set(file, watched);
    watched.listeners.add(listener);
    if (watched.listeners.size === 1) this.#lookSoon(file, watched);
    return () => {
      if (!watched.listeners.delete(listener) || watched.listeners.size > 0) return;
      watched.timer?.cancel();
      this.#files.delete(file);
    };
  }

  #lookSoon(file: string, watched: Watched): void {
    watched.timer = this.#clock.after(LOOK_MS, () => {
      const looked = (version: string | null): void => {
        // Others may watch it by now.
        if (this.#files.get(file) !== watched) return;
        const { seen } = watched;
        watched.seen = version;
        if (version !== null && version === seen) for (const listener of watched.listeners) listener(version);
        this.#lookSoon(file, watched);
      };
      this.#look(file).then(looked, () => looked(null));
    });
  }
}
