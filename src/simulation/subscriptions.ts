/** Subscribers at the store of a simulated hub: one after the other, each from a place that was pushed before. */

import type { SluiceNode } from "../node/node.js";
import type { DistributorMessage } from "../actors/protocol/distributor.js";
import type { Prng } from "./prng.js";
import type { SimulatedProcess } from "./simulated-process.js";
import { parseSourceId } from "../task/identity.js";
import { createSubscriber, FIRST_DEMAND } from "./subscriber.js";

/** How long one stays, in ms. */
const STAYS_MS = 2_500;

/** Records that the next one is pushed again at most. */
const BACK_MAX = 40;

export class Subscriptions {
  readonly #prng: Prng;
  readonly #onViolation: (text: string) => void;
  readonly #deletedTo: () => number;
  #nextPosition = 0;
  #count = 0;

  /** @param deletedTo position behind the last record that may be deleted by now */
  constructor(prng: Prng, onViolation: (text: string) => void, deletedTo: () => number) {
    this.#prng = prng;
    this.#onViolation = onViolation;
    this.#deletedTo = deletedTo;
  }

  /** What the last subscriber still waits for. @param stored records of the store */
  left(stored: number): readonly string[] {
    if (stored === this.#nextPosition) return [];
    return [`subscription: ${this.#nextPosition} of ${stored} records were pushed`];
  }

  /** Subscribes at a node that has just become the hub, and again for as long as its process lives. */
  follow(node: SluiceNode, process: SimulatedProcess): void {
    const { system } = node;
    const distributor = system.resolve<DistributorMessage>(`sluice://${node.name}/distributor`);
    const own = (this.#count += 1);
    const fromPosition = Math.max(0, this.#nextPosition - this.#prng.between(0, BACK_MAX));
    this.#nextPosition = fromPosition;
    const options = {
      onViolation: this.#onViolation,
      deletedTo: this.#deletedTo,
      onRecord: (nextPosition: number) => {
        if (own === this.#count) this.#nextPosition = nextPosition;
      },
    };
    const behaviour = createSubscriber(distributor, fromPosition, options);
    const subscriber = system.spawn(behaviour, { name: `subscriber-${own}` });
    distributor.tell({ type: "subscribe", subscriber, fromPosition, demand: FIRST_DEMAND });
    const sourceId = parseSourceId(`cam-${this.#prng.between(1, 3)}`);
    const ofOne = system.spawn(
      createSubscriber(distributor, fromPosition, { ...options, sourceId, onRecord: () => {} }),
      { name: `subscriber-${own}-of-one` },
    );
    distributor.tell({ type: "subscribe", subscriber: ofOne, fromPosition, sourceId, demand: FIRST_DEMAND });
    process.clock.after(STAYS_MS, () => {
      if (process.killed) return;
      // One way or the other: by its word, or by its end.
      if (this.#prng.happens(0.5)) distributor.tell({ type: "unsubscribe", subscriber });
      for (const ending of [subscriber, ofOne]) system.stop(ending).catch(() => {});
      this.follow(node, process);
    });
  }
}
