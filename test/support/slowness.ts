/** How slow this machine is now. A test that says "within 5 s" says it of a quiet machine, and takes that many times more. */

import { spawn } from "node:child_process";
import { once } from "node:events";

/** What Node takes to start and end on two quiet cores: 45 ms measured, rounded up. */
const QUIET_START_MS = 60;

/** How many times longer a process takes to start than on a quiet machine; at least 1. */
export async function slowness(): Promise<number> {
  const startedMs = performance.now();
  await once(spawn(process.execPath, ["-e", ""], { stdio: "ignore" }), "close");
  return Math.max(1, (performance.now() - startedMs) / QUIET_START_MS);
}

/**
 * The time that `work` takes, in ms of a quiet machine: divided by the slowness before or after it, whichever is more.
 */
export async function quietMs(work: () => Promise<unknown>): Promise<number> {
  const before = await slowness();
  const startedMs = performance.now();
  await work();
  const tookMs = performance.now() - startedMs;
  return tookMs / Math.max(before, await slowness());
}
