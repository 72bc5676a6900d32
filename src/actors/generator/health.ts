/** Whether the pictures of a live source still come and change, and how long to wait before it is tried again. */

export interface HealthSettings {
  /** A source without a frame for so long has stalled, unless it is slow by itself. Default 5,000 ms. */
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

/** Frame times that are asked for, and of those that the source was seen to have, before it has stalled. */
const PATIENCE_ASKED = 10;
const PATIENCE_SEEN = 4;
/** A source whose rhythm is not known yet is given twice the time with each connection that came to nothing, up to this. */
const PATIENCE_MS_MAX = 120_000;

export class SourceHealth {
  readonly #settings: HealthSettings;
  /** The longest time between two frames, of late; null before there were two in one connection. */
  #rhythmMs: number | null = null;
  #frameAtMs: number | null = null;
  /** Since when the first frame of a connection is waited for. */
  #openingSinceMs: number | null = null;
  /** How long the first frame took, less with each one since: those that came with it say nothing of the rhythm. */
  #openMs = 0;
  #inVain = 0;
  #attempt = 0;
  #connectedAtMs: number | null = null;
  #checksum: number | null = null;
  #changedAtMs = 0;

  constructor(settings: HealthSettings) {
    this.#settings = settings;
  }

  /** Whether this connection has given a frame. */
  get connected(): boolean {
    return this.#connectedAtMs !== null;
  }

  /** How long to wait for the next frame. @param fps as many are asked for; the source may have fewer */
  patienceMs(fps: number): number {
    const known = Math.max(
      this.#settings.stallMs,
      (PATIENCE_ASKED * 1_000) / fps,
      PATIENCE_SEEN * Math.max(this.#rhythmMs ?? 0, this.#openMs),
    );
    return this.#rhythmMs === null
      ? Math.min(known * 2 ** this.#inVain, Math.max(known, PATIENCE_MS_MAX))
      : known;
  }

  /** The first frame of a connection is waited for, since the first time that this is said of it. */
  awaitsFirst(nowMs: number): void {
    this.#openingSinceMs ??= nowMs;
  }

  /** @returns whether the picture is frozen */
  sawFrame(checksum: number, nowMs: number): boolean {
    if (this.#connectedAtMs === null) this.#openMs = nowMs - (this.#openingSinceMs ?? nowMs);
    else this.#openMs *= 0.9;
    this.#openingSinceMs = null;
    this.#connectedAtMs ??= nowMs;
    if (this.#frameAtMs !== null) {
      // What was slow once is forgotten within some frames.
      this.#rhythmMs = Math.max(nowMs - this.#frameAtMs, (this.#rhythmMs ?? 0) * 0.9);
      this.#inVain = 0;
    }
    this.#frameAtMs = nowMs;
    if (checksum !== this.#checksum) {
      this.#checksum = checksum;
      this.#changedAtMs = nowMs;
      // One good frame proves little: the backoff must go on for a source that dies after its first frame each time.
      if (nowMs - this.#connectedAtMs >= this.#settings.stallMs) this.#attempt = 0;
      return false;
    }
    return nowMs - this.#changedAtMs >= this.#settings.freezeMs;
  }

  /** It is not looked at for a while: the next connection begins anew, and its first picture counts as another one. */
  rest(): void {
    this.#frameAtMs = null;
    this.#openingSinceMs = null;
    this.#connectedAtMs = null;
    this.#checksum = null;
    this.#attempt = 0;
  }

  /** The connection is given up. @returns the number in a row of the next attempt, from 1, and the delay until it */
  lost(nowMs: number, random: number): { readonly attempt: number; readonly delayMs: number } {
    if (this.#frameAtMs !== null) this.#inVain = Math.min(this.#inVain + 1, 30);
    this.#frameAtMs = null;
    this.#openingSinceMs = null;
    this.#connectedAtMs = null;
    this.#changedAtMs = nowMs;
    this.#attempt += 1;
    const { minMs, maxMs } = this.#settings.backoff;
    const delayMs = Math.min(maxMs, minMs * 2 ** Math.min(this.#attempt - 1, 30));
    return { attempt: this.#attempt, delayMs: delayMs * (1 - random / 2) };
  }
}
