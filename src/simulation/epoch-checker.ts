/** That a node which has acknowledged a table to the scheduler runs nothing by an older one from then on. */

import type { Clock } from "../runtime/clock.js";
import type { Decorate } from "../runtime/system-options.js";
import type { Hop } from "../task/task.js";

export class EpochChecker {
  readonly #clock: () => Clock | undefined;
  readonly #onOldEpoch: (hop: Hop, acknowledged: number) => void;
  /** Tables that this process has acknowledged, as far as the scheduler knows, and when by its own clock. */
  #acknowledged: { readonly epoch: number; readonly atMs: number }[] = [];

  /** @param clock of the node; undefined while it is no member */
  constructor(clock: () => Clock | undefined, onOldEpoch: (hop: Hop, acknowledged: number) => void) {
    this.#clock = clock;
    this.#onOldEpoch = onOldEpoch;
  }

  /** The node starts again. */
  forget(): void {
    this.#acknowledged = [];
  }

  /** The scheduler knows that this node has a table. */
  acknowledged(epoch: number): void {
    const atMs = this.#clock()?.monotonic();
    if (atMs !== undefined) this.#acknowledged.push({ epoch, atMs });
  }

  /** Checks each stage that the controller is told is done. */
  readonly decorate: Decorate = (name, behaviour) => {
    if (name !== "controller") return behaviour;
    return {
      ...behaviour,
      receive: (state, message, ctx) => {
        const { type, hop } = message as { readonly type?: unknown; readonly hop?: Hop };
        if (type === "stageCompleted" && hop !== undefined) this.#check(hop);
        return behaviour.receive(state, message, ctx);
      },
    };
  };

  #check(hop: Hop): void {
    const clock = this.#clock();
    if (clock === undefined) return;
    const epochMs = clock.epochMs();
    const newer = this.#acknowledged.find(
      ({ epoch, atMs }) => hop.enqueuedAtMs > epochMs + atMs && hop.epoch < epoch,
    );
    if (newer !== undefined) this.#onOldEpoch(hop, newer.epoch);
  }
}
