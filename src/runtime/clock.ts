/** Time as a port: production, tests and simulation differ only in the clock that they pass. */

/** A timer that has been set. */
export interface TimerHandle {
  /** Idempotent. The callback never runs after this returns. */
  cancel(): void;
}

/** Tells the time and sets timers. */
export interface Clock {
  /**
   * Milliseconds since the Unix epoch, with fractions: for times that others compare with theirs. It may be stepped, so that
   * no duration is a difference of two of them.
   */
  now(): number;
  /** Milliseconds since some moment, with fractions, that nobody sets: for durations, and whatever is due. */
  monotonic(): number;
  /**
   * By what `now()` is ahead of `monotonic()`, in ms: it makes the one from the other. The difference of two reads would
   * have in it however long the thread was held up between them.
   */
  epochMs(): number;
  /** Runs `callback` once after `delayMs` (0 or more). */
  after(delayMs: number, callback: () => void): TimerHandle;
}

/** The machine's clock: the wall-clock time of process start plus the monotonic time since. */
export const systemClock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  monotonic: () => performance.now(),
  epochMs: () => performance.timeOrigin,
  after(delayMs, callback) {
    let timer = setTimeout(tick, Math.min(delayMs, TIMEOUT_MS_MAX));
    function tick(): void {
      delayMs -= TIMEOUT_MS_MAX;
      if (delayMs > 0) timer = setTimeout(tick, Math.min(delayMs, TIMEOUT_MS_MAX));
      else callback();
    }
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Resolves with the end of `work`, or after `limitMs`, whichever comes first; leaves no timer behind. @throws what `work` throws */
export function atMost(clock: Clock, limitMs: number, work: Promise<unknown>): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = clock.after(limitMs, resolve);
    work.then(() => resolve(), reject).finally(() => late.cancel());
  });
}

/** Node fires a longer timeout at once, so a longer delay is waited for in pieces. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1;
