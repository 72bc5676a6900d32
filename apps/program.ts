/**
 * The frame of every program here: it reads its options, says in one line what went wrong, and ends in order at the first
 * signal.
 *
 * Exit codes: 0 success, 1 failure, 2 wrong usage, 130 stopped by a second signal.
 */

import { atMost as waitAtMost, systemClock } from "../src/runtime/clock.js";
import { CodedError } from "../src/runtime/errors.js";
import { UsageError, type NothingToRun } from "./command-line.js";
import { keepOutput, warnOfLimits } from "./process.js";
import { err, outbreak } from "./terminal.js";

/** What a command line asks for: work that resolves with the exit code, or nothing. */
export type ParsedProgram =
  | {
      readonly run: () => Promise<number>;
      /** Whether it stays, as a node of a cluster, for more than what it prints. Default false. */
      readonly isNode?: boolean;
    }
  | NothingToRun;

/** A failure of a program itself that its message explains in full: no stack is printed. */
export class ProgramError extends Error {
  override readonly name = "ProgramError";
}

/** How long threads have to end by themselves. */
const LAST_WORDS_MS = 500;
/** Signals closer together are one Ctrl-C: npm passes on what the terminal has sent to its whole group already. */
const SAME_SIGNAL_MS = 500;

/**
 * Runs what `parse` makes of the arguments, and sets the exit code.
 *
 * @param usageHint what to type for help, printed after wrong usage
 */
export async function runProgram(
  parse: (args: readonly string[]) => ParsedProgram,
  usageHint: string,
): Promise<void> {
  const parsed = parse(process.argv.slice(2));
  // Node would print it as it is, and some of its text may be from another machine.
  process.on("uncaughtException", (error) => {
    outbreak(error);
    process.exit(1);
  });
  const stays = !("exitCode" in parsed) && parsed.isNode === true;
  const output = keepOutput((why) => {
    err.line(`error: ${why}`);
    // A node goes on for its tasks; any other command is there for its output.
    if (!stays) process.exit(1);
  });
  if (stays) warnOfLimits();
  process.exitCode = await exitCodeOf(parsed, usageHint);
  if (output.lost() && process.exitCode === 0) process.exitCode = 1;
  // All is stored and said: a worker in the middle of a task that was given up is not waited for.
  setTimeout(() => process.exit(), LAST_WORDS_MS).unref();
}

/** Does what is asked for, and says in one line what went wrong. */
export async function exitCodeOf(parsed: ParsedProgram, usageHint: string): Promise<number> {
  try {
    return "exitCode" in parsed ? parsed.exitCode : await parsed.run();
  } catch (error) {
    if (error instanceof UsageError) {
      err.lines(`error: ${error.message}\n${usageHint}`);
      return 2;
    }
    // A coded error is the user's to correct and says how; anything else is ours, or another node's, and keeps its stack.
    if (error instanceof CodedError || error instanceof ProgramError) err.line(`error: ${error.message}`);
    else outbreak(error);
    return 1;
  }
}

interface SignalOptions {
  /** Whether SIGHUP is one of them. Default true. */
  readonly byHangup?: boolean;
}

/** Calls `onFirst` once, at the first Ctrl-C, SIGTERM or SIGHUP; the second one ends the process with 130. */
export function onSignal(onFirst: () => void, { byHangup = true }: SignalOptions = {}): void {
  let firstAtMs: number | null = null;
  const onSignalled = (): void => {
    if (firstAtMs !== null) {
      if (performance.now() - firstAtMs >= SAME_SIGNAL_MS) process.exit(130);
      return;
    }
    firstAtMs = performance.now();
    onFirst();
  };
  process.on("SIGINT", onSignalled).on("SIGTERM", onSignalled);
  if (byHangup) process.on("SIGHUP", onSignalled);
}

/** Resolves at the first signal. */
export function signalled(options: SignalOptions = {}): Promise<void> {
  return new Promise((resolve) => onSignal(resolve, options));
}

/** Whichever comes first: the end of `work`, however that is, or `limitMs`. */
export function atMost(limitMs: number, work: Promise<unknown>): Promise<void> {
  return waitAtMost(
    systemClock,
    limitMs,
    work.catch(() => {}),
  );
}
