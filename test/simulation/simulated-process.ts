/** One simulated process after another, under a clock that goes on by itself while a test waits for them. */

import { chanceOf, type Chance } from "../../src/simulation/chance.js";
import { Life } from "../../src/simulation/life.js";
import { Timeline } from "../../src/simulation/timeline.js";

export interface SimulatedProcesses {
  readonly timeline: Timeline;
  readonly prng: Chance;
  /** The next process. */
  readonly start: () => Life;
}

/** Simulated time passes until `work` is done. */
export async function withSimulatedProcesses(
  work: (processes: SimulatedProcesses) => Promise<void>,
): Promise<void> {
  const timeline = new Timeline(1_000_000);
  const worked = { done: false };
  const finish = (): void => void (worked.done = true);
  const finished = work({ timeline, prng: chanceOf(1), start: () => new Life(timeline, 0) });
  finished.then(finish, finish);
  while (!worked.done) await timeline.runUntil(timeline.nowMs + 10);
  await finished;
}
