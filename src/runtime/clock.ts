/** Time as a port, so that production, tests and simulation differ in nothing but the clock they pass. */

export interface TimerHandle {
  /** Idempotent. The callback never runs after this returns. */
  cancel(): void;
}

export interface Clock {
  /** Milliseconds since the Unix epoch, with fractions; never goes backwards within a process. */
  now(): number;
  /** Runs `callback` once after `delayMs` (0 or more). */
  after(delayMs: number, callback: () => void): TimerHandle;
}

/** The machine's clock: the wall-clock time of process start plus the monotonic time since. */
export const systemClock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};
