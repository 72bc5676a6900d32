/** One simulated process after another, under a clock that goes on by itself while a test waits for them. */

import { createPrng, type Prng } from "../../src/simulation/prng.js";
import { SimulatedProcess } from "../../src/simulation/simulated-process.js";
import { VirtualTime } from "../../src/simulation/virtual-time.js";

export interface SimulatedProcesses {
  readonly time: VirtualTime;
  readonly prng: Prng;
  /** The next process. */
  readonly start: () => SimulatedProcess;
}

/** Simulated time passes until `work` is done. */
export async function withSimulatedProcesses(
  work: (processes: SimulatedProcesses) => Promise<void>,
): Promise<void> {
  const time = new VirtualTime(1_000_000);
  const worked = { done: false };
  const finish = (): void => void (worked.done = true);
  const finished = work({ time, prng: createPrng(1), start: () => new SimulatedProcess(time, 0) });
  finished.then(finish, finish);
  while (!worked.done) await time.runUntil(time.nowMs + 10);
  await finished;
}
