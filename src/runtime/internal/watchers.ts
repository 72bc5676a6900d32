/** Those who watch an actor of this node, and how they hear that it is gone. */

import type { Terminated } from "../behaviour.js";
import type { Executor } from "../executor.js";

/** Is called when an actor is gone. */
export type TerminatedListener = (event: Terminated) => void;

/** The watchers of one actor that is not gone yet. */
export class Watchers {
  readonly #listeners = new Set<TerminatedListener>();

  /** Adds a watch; the same listener may be added more than once. @returns ends this watch. */
  add(listener: TerminatedListener): () => void {
    const own: TerminatedListener = (event) => listener(event);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  notify(event: Terminated): void {
    for (const listener of this.#listeners) listener(event);
  }
}

/** Calls `listener` soon, unless the watch is ended before. For actors that are gone already. @returns ends the watch. */
export function notifySoon(executor: Executor, listener: TerminatedListener, event: Terminated): () => void {
  let watching = true;
  executor.soon(() => {
    if (!watching) return;
    watching = false;
    listener(event);
  });
  return () => {
    watching = false;
  };
}
