/** The numbers that a simulated source gives: of deliveries, over all its processes, and of places at stateful stages. */

import { taskKey } from "../task/identity.js";
import type { Task } from "../task/task.js";
import type { StepListener } from "./step-listener.js";

export class DeliveryNumbers {
  readonly #listener: StepListener;
  /** The highest delivery of each task by earlier processes, and by all. */
  #earlier = new Map<string, number>();
  readonly #highest = new Map<string, number>();

  constructor(listener: StepListener) {
    this.#listener = listener;
  }

  /** The node starts again. */
  forget(): void {
    this.#earlier = new Map(this.#highest);
  }

  /** A delivery leaves. @param ordinals of its source in this process: whose each place at a stage is */
  check(ordinals: Map<string, string>, { id, delivery, pins }: Task): void {
    const { onViolation, tried } = this.#listener;
    const key = taskKey(id);
    const earlier = this.#earlier.get(key) ?? 0;
    if (earlier > 0) tried("a task of an earlier process");
    if (delivery <= earlier)
      onViolation(`${key} left as delivery ${delivery}, and an earlier process made ${earlier}`);
    this.#highest.set(key, Math.max(delivery, this.#highest.get(key) ?? 0));
    // What is recovered has the places that it was given before.
    if (delivery !== 1) return;
    if (pins.size > 0) tried("a place at a stateful stage");
    for (const [stage, { node, ordinal }] of pins) {
      const place = `${stage} ${node} ${ordinal}`;
      const other = ordinals.get(place);
      if (other !== undefined && other !== key) {
        onViolation(`${key} and ${other} are both number ${ordinal} at "${stage}" of ${node}`);
      }
      ordinals.set(place, key);
    }
  }
}
