/** How large the images of one source are, by encoding and quality: what they show decides that, and it changes slowly. */

import type { TaskOutcome } from "../../task/reports.js";
import { imageKey } from "../../scheduling/load.js";

/** Weight of a new task in the moving average. */
const SMOOTHING = 0.1;
/** Encodings and qualities; whoever tries more forgets the oldest. */
const SIZES_KEPT = 32;

export class ImageSizes {
  readonly #bytesPerPixel = new Map<string, number>();

  get bytesPerPixel(): ReadonlyMap<string, number> {
    return this.#bytesPerPixel;
  }

  observe({ configuration, payloadBytes, frameCount }: TaskOutcome): void {
    if (configuration === null || configuration.encoding === "rgb") return;
    const pixels = configuration.width * configuration.height * frameCount;
    if (!(payloadBytes > 0) || !(pixels > 0)) return;
    const key = imageKey(configuration);
    const before = this.#bytesPerPixel.get(key);
    const observed = payloadBytes / pixels;
    const [oldest] = this.#bytesPerPixel.keys();
    if (before === undefined && this.#bytesPerPixel.size >= SIZES_KEPT && oldest !== undefined) {
      this.#bytesPerPixel.delete(oldest);
    }
    this.#bytesPerPixel.set(key, before === undefined ? observed : before + SMOOTHING * (observed - before));
  }
}
