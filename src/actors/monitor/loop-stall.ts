/** The longest stall of the event loop, from the delay of a timer that runs without JavaScript. */

import { monitorEventLoopDelay } from "node:perf_hooks";

/** Period of the timer, in ms; a stall may be reported up to this much too short. Costs 1.8 ms of a processor per second. */
const PERIOD_MS = 20;

export interface LoopStall {
  /** Longest stall since the last call, in ms. */
  takeMs(): number;
  close(): void;
}

export function watchLoopStall(): LoopStall {
  const delay = monitorEventLoopDelay({ resolution: PERIOD_MS });
  delay.enable();
  let sinceMs = performance.now();
  return {
    takeMs() {
      const nowMs = performance.now();
      const countedMs = delay.count === 0 ? 0 : (delay.mean * delay.count) / 1e6;
      const longestMs = delay.count === 0 ? 0 : delay.max / 1e6;
      // The histogram counts whole periods between two firings: nothing of the time before its first firing and after
      // its last, each up to a period long unless the loop stood still there.
      const uncountedMs = nowMs - sinceMs - countedMs;
      delay.reset();
      sinceMs = nowMs;
      return Math.max(0, longestMs - PERIOD_MS, uncountedMs - 2 * PERIOD_MS);
    },
    close: () => void delay.disable(),
  };
}
