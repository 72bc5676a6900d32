/** Shuts a node down phase by phase, each task within its timeout, and collects the errors. */

import type { Clock } from "./clock.js";
import { asError, RuntimeError } from "./errors.js";

/** The phases in their order. Tasks of one phase run concurrently. */
export const SHUTDOWN_PHASES = ["stopAdmitting", "drain", "leave", "stopActors", "close"] as const;

/** `stopAdmitting`, `drain`, `leave`, `stopActors` or `close`. */
export type ShutdownPhase = (typeof SHUTDOWN_PHASES)[number];

/** What a part of the program has to do when its node shuts down. */
export interface ShutdownTask {
  readonly phase: ShutdownPhase;
  readonly name: string;
  /** Called once, as its phase comes. */
  readonly run: () => void | Promise<void>;
  /** Milliseconds after which the shutdown goes on without it. Default 5,000. */
  readonly timeoutMs?: number;
}

/** What a shutdown came to. */
export interface ShutdownReport {
  /** What tasks threw, and RuntimeError `shutdown-timeout` for each that took too long. */
  readonly errors: readonly Error[];
}

/** The shutdown of one node, to which each part adds its tasks. */
export interface CoordinatedShutdown {
  /** Adds a task to a phase that has not begun. @returns removes it. @throws TypeError if the phase has begun. */
  addTask(task: ShutdownTask): () => void;
  /** Runs all phases once, however often it is called, and gives the same report each time. Never rejects. */
  run(): Promise<ShutdownReport>;
}

const TASK_TIMEOUT_MS = 5_000;

/** A shutdown without tasks; `clock` times them. */
export function createShutdown(clock: Clock): CoordinatedShutdown {
  const tasks = new Map<ShutdownPhase, Set<ShutdownTask>>(SHUTDOWN_PHASES.map((phase) => [phase, new Set()]));
  let report: Promise<ShutdownReport> | null = null;

  async function runAll(): Promise<ShutdownReport> {
    const errors: Error[] = [];
    for (const phase of SHUTDOWN_PHASES) {
      const due = [...(tasks.get(phase) ?? [])];
      tasks.delete(phase);
      const outcomes = await Promise.allSettled(due.map((task) => withinTime(clock, task)));
      for (const outcome of outcomes) if (outcome.status === "rejected") errors.push(asError(outcome.reason));
    }
    return { errors };
  }

  return {
    addTask(task) {
      const phase = tasks.get(task.phase);
      if (phase === undefined) {
        throw new TypeError(`Cannot add "${task.name}" to the shutdown: its phase "${task.phase}" has begun`);
      }
      phase.add(task);
      return () => void phase.delete(task);
    },
    run: () => (report ??= runAll()),
  };
}

function withinTime(clock: Clock, task: ShutdownTask): Promise<void> {
  const timeoutMs = task.timeoutMs ?? TASK_TIMEOUT_MS;
  return new Promise((resolve, reject) => {
    const timer = clock.after(timeoutMs, () =>
      reject(
        new RuntimeError(
          `Cannot finish "${task.name}" in shutdown phase "${task.phase}" in time: got nothing within ${timeoutMs} ms`,
          { code: "shutdown-timeout", details: { phase: task.phase, task: task.name, timeoutMs } },
        ),
      ),
    );
    // Whichever settles first counts; the other has no effect.
    Promise.resolve()
      .then(() => task.run())
      .then(resolve, reject)
      .finally(() => timer.cancel());
  });
}
