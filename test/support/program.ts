/**
 * The compiled program as a child process, as a user runs it: its output, its end, and what it leaves behind.
 * Every program is ended by the test that started it, or with it where it fails.
 */

import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { processesWith, type Running } from "./processes.js";
import { within } from "./within.js";
import { pause } from "./pause.js";
import { noteStarted } from "./started.js";

export const REPOSITORY = fileURLToPath(new URL("../../../", import.meta.url));
const SLUICE = fileURLToPath(new URL("../../program/sluice.js", import.meta.url));
const SIMULATE = fileURLToPath(new URL("../../program/simulate.js", import.meta.url));
const CHAOS = fileURLToPath(new URL("../../program/chaos.js", import.meta.url));
const ENDLESS_CAPTURE = fileURLToPath(new URL("./programs/endless-capture.js", import.meta.url));
const TESTS = fileURLToPath(new URL("../run.js", import.meta.url));
const START = fileURLToPath(new URL("../../program/start.js", import.meta.url));

export interface ProgramOptions {
  /** Over the environment of this process; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** User and group to run as. */
  readonly user?: number;
  /** Until it is killed and the test fails: what hangs, does so for good. Default 300,000. */
  readonly timeoutMs?: number;
}

export interface Ended {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
  /** Command lines of the processes that it started and that outlived it. */
  readonly leftovers: readonly string[];
}

export interface Program {
  readonly ended: Promise<Ended>;
  /** Resolves once its standard error matches. */
  says(wanted: RegExp): Promise<void>;
  /** Resolves with what its standard output matches, once it does. */
  prints(wanted: RegExp): Promise<RegExpExecArray>;
  /** Reads its standard output no more, as `| head` does. */
  closeOutput(): void;
  /** What it has started and what those have, as they are now; it itself is not among them. */
  children(): readonly Running[];
  /** Resolves once nothing of it runs any more. */
  allGone(): Promise<void>;
  /** To it alone. */
  signal(name: NodeJS.Signals): void;
  /** To it and every process of its group, as Ctrl-C in a terminal does, or a service manager. Default SIGINT. */
  interrupt(name?: NodeJS.Signals): void;
}

/** Of the nodes that this process starts, where a test names none: nothing is left in the checkout. */
const journals = mkdtempSync(join(tmpdir(), "sluice-journals-"));
process.once("exit", () => rmSync(journals, { recursive: true, force: true }));

/** Starts `sluice ...args`. A node that joins keeps its journal in a folder of this process. */
export function startSluice(args: readonly string[], options: ProgramOptions = {}): Program {
  return start(SLUICE, withJournal(args), options);
}

function withJournal(args: readonly string[]): readonly string[] {
  const named = args.indexOf("--name");
  if (args[0] !== "join" || named < 0 || args.includes("--journal")) return args;
  return [...args, "--journal", join(journals, args[named + 1] ?? "node")];
}

/** Runs `sluice ...args` to its end. */
export function runSluice(args: readonly string[], options: ProgramOptions = {}): Promise<Ended> {
  return startSluice(args, options).ended;
}

/** Starts `npm run chaos -- ...args` without npm. */
export function startChaos(args: readonly string[], options: ProgramOptions = {}): Program {
  return start(CHAOS, args, options);
}

/** Runs `npm run simulate -- ...args` without npm. */
export function runSimulate(args: readonly string[], options: ProgramOptions = {}): Promise<Ended> {
  return start(SIMULATE, args, options).ended;
}

/** Starts `npm test -- ...args` without npm. */
export function startTests(args: readonly string[], options: ProgramOptions = {}): Program {
  return start(TESTS, args, options);
}

/** Starts a capture of a source by an ffmpeg: `[source, ffmpeg]`. */
export function startEndlessCapture(args: readonly string[]): Program {
  return start(ENDLESS_CAPTURE, args, {});
}

/** Starts `npm start -- ...args` without npm. */
export function startProgram(args: readonly string[], options: ProgramOptions = {}): Program {
  return start(START, args, options);
}

function start(program: string, args: readonly string[], options: ProgramOptions): Program {
  // Inherited by all that the program starts, so that what outlives it is known as its own.
  const mark = randomUUID();
  const startedMs = performance.now();
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...options.env, SLUICE_TEST_MARK: mark },
    cwd: options.cwd ?? REPOSITORY,
    // Its group is its own, so that `interrupt` does not reach this process.
    detached: true,
    ...(options.user !== undefined && { uid: options.user, gid: options.user }),
  });
  noteStarted(child);
  const output = { stdout: "", stderr: "" };
  const onOutput = new Set<() => void>();
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].setEncoding("utf8").on("data", (chunk: string) => {
      output[stream] += chunk;
      for (const look of onOutput) look();
    });
  }
  const closed = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (exitCode, signal) => {
      const leftovers = processesWith(mark).map(({ command }) => command);
      resolve({ exitCode, signal, ...output, durationMs: performance.now() - startedMs, leftovers });
    });
  });
  const match = (stream: keyof typeof output, wanted: RegExp): Promise<RegExpExecArray> => {
    const heard = new Promise<RegExpExecArray>((resolve, reject) => {
      const look = () => {
        const found = wanted.exec(output[stream]);
        if (found !== null) resolve(found);
      };
      onOutput.add(look);
      look();
      closed.then(() => reject(new Error(`It ended without ${wanted.source}: ${said()}`)), reject);
    });
    return within(20_000, heard, wanted.source);
  };
  const said = () => `${args.join(" ")}\n${output.stdout}${output.stderr}`;
  const ended = within(options.timeoutMs ?? 300_000, closed, `the end of ${args.join(" ")}`).catch(
    (error: unknown) => {
      child.kill("SIGKILL");
      throw new Error(said(), { cause: error });
    },
  );
  return {
    ended,
    says: async (wanted) => void (await match("stderr", wanted)),
    prints: (wanted) => match("stdout", wanted),
    closeOutput: () => void child.stdout.destroy(),
    children: () => processesWith(mark).filter(({ pid }) => pid !== child.pid),
    async allGone() {
      while (processesWith(mark).length > 0) await pause(20);
    },
    signal: (name) => void child.kill(name),
    interrupt(name = "SIGINT") {
      if (child.pid !== undefined) process.kill(-child.pid, name);
    },
  };
}

/** Runs `npm start -- ...args` to its end. */
export function runProgram(args: readonly string[], options: ProgramOptions = {}): Promise<Ended> {
  return startProgram(args, options).ended;
}

/** Runs all of them, two at a time; each is awaited by itself. */
export function inPairs<Result>(
  runs: ReadonlyMap<string, () => Promise<Result>>,
): ReadonlyMap<string, Promise<Result>> {
  const queue: (() => Promise<void>)[] = [];
  const results = new Map<string, Promise<Result>>();
  for (const [name, run] of runs) {
    const result = new Promise<Result>((resolve, reject) => {
      queue.push(() => run().then(resolve, reject));
    });
    // It fails where it is awaited.
    result.catch(() => {});
    results.set(name, result);
  }
  for (let i = 0; i < 2; i++) void workOff(queue);
  return results;
}

async function workOff(queue: (() => Promise<void>)[]): Promise<void> {
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) await next();
}
