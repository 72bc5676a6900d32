/** What has happened in a cluster of late, as its hub heard it: the newest are kept, and whoever watches is told each. */

import type { NodeName } from "../task/identity.js";
import type { HubEvent } from "./page-protocol.js";

const EVENTS_MAX = 500;

export class EventRing {
  readonly #listeners = new Set<(event: HubEvent) => void>();
  #events: HubEvent[] = [];
  #count = 0;

  add(atMs: number, of: NodeName, event: HubEvent["event"]): void {
    this.#count += 1;
    const numbered: HubEvent = { number: this.#count, atMs, of, event };
    this.#events.push(numbered);
    if (this.#events.length >= 2 * EVENTS_MAX) this.#events = this.#events.slice(-EVENTS_MAX);
    for (const listener of this.#listeners) listener(numbered);
  }

  /** Oldest first. */
  newest(): readonly HubEvent[] {
    return this.#events.slice(-EVENTS_MAX);
  }

  /** @returns ends it */
  subscribe(listener: (event: HubEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
