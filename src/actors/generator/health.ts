/** Whether the pictures of a live source still come and change, and how long to wait before it is tried again. */

export interface HealthSettings {
  /** A source without a frame for so long has stalled; at least ten of its frame times. Default 5,000 ms. */
  readonly stallMs: number;
  /** A source whose picture has not changed by one bit for so long is frozen. Default 30,000 ms. */
  readonly freezeMs: number;
  /** Before the n-th attempt in a row: `min(maxMs, minMs * 2^(n-1))`, less up to a half of it at random. */
  readonly backoff: { readonly minMs: number; readonly maxMs: number };
}

export const DEFAULT_HEALTH: HealthSettings = {
  stallMs: 5_000,
  freezeMs: 30_000,
  backoff: { minMs: 500, maxMs: 30_000 },
};

export class SourceHealth {
  readonly #settings: HealthSettings;
  #attempt = 0;
  #connectedAtMs: number | null = null;
  #checksum: number | null = null;
  #changedAtMs = 0;

  constructor(settings: HealthSettings) {
    this.#settings = settings;
  }

  /** How long to wait for the next frame. */
  patienceMs(fps: number): number {
    return Math.max(this.#settings.stallMs, 10_000 / fps);
  }

  /** @returns whether the picture is frozen */
  sawFrame(checksum: number, nowMs: number): boolean {
    this.#connectedAtMs ??= nowMs;
    if (checksum !== this.#checksum) {
      this.#checksum = checksum;
      this.#changedAtMs = nowMs;
      // One good frame proves little: the backoff must go on for a source that dies after its first frame each time.
      if (nowMs - this.#connectedAtMs >= this.#settings.stallMs) this.#attempt = 0;
      return false;
    }
    return nowMs - this.#changedAtMs >= this.#settings.freezeMs;
  }

  /** The connection is given up. @returns the number in a row of the next attempt, from 1, and the delay until it */
  lost(nowMs: number, random: number): { readonly attempt: number; readonly delayMs: number } {
    this.#connectedAtMs = null;
    this.#changedAtMs = nowMs;
    this.#attempt += 1;
    const { minMs, maxMs } = this.#settings.backoff;
    const delayMs = Math.min(maxMs, minMs * 2 ** Math.min(this.#attempt - 1, 30));
    return { attempt: this.#attempt, delayMs: delayMs * (1 - random / 2) };
  }
}
