/** Runs one test file in a process of its own, and judges it where uvu does not. */

import { spawn, type ChildProcessByStdio } from "node:child_process";
import { randomUUID } from "node:crypto";
import type { Readable } from "node:stream";
import { killAllWith, processesWith } from "../support/processes.js";
import { endedChildrenCpuMs } from "./cpu-time.js";

export interface FileResult {
  readonly file: string;
  /** Tests, but for those that were skipped. */
  readonly total: number;
  readonly passed: number;
  readonly skipped: number;
  /** What is wrong with it; null where nothing is. */
  readonly problem: string | null;
  /** Standard output and error. */
  readonly output: string;
  readonly durationMs: number;
  /** Of it and all that it waited for; null where the system does not say. */
  readonly cpuMs: number | null;
}

export interface RunningFile {
  readonly file: string;
  readonly startedMs: number;
  readonly result: Promise<FileResult>;
  /** Ends it and all that it has started. */
  kill(): void;
}

export interface Patience {
  /** Without a word of the file: a machine may be slow, and a file may hold many tests. In ms. */
  readonly silenceMs: number;
  /** Until what it has started has ended after it, in ms. */
  readonly endingMs: number;
}

const PATIENCE: Patience = { silenceMs: 1_200_000, endingMs: 30_000 };
const LOOK_AGAIN_MS = 50;

/** @param path of the compiled file */
export function runFile(file: string, path: string, patience: Patience = PATIENCE): RunningFile {
  const startedMs = performance.now();
  // Inherited by all that the file starts.
  const mark = randomUUID();
  const child = spawn(process.execPath, [path], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, FORCE_COLOR: "0", NO_COLOR: "1", SLUICE_TEST_FILE: mark },
  });
  let killed = false;
  const kill = (): void => {
    killed = true;
    child.kill("SIGKILL");
    killAllWith(mark);
  };
  const resultOf = async (): Promise<FileResult> => {
    const { code, hung, output, cpuMs } = await endOf(child, patience.silenceMs, kill);
    const durationMs = performance.now() - startedMs;
    const counts = countsIn(output);
    const left = await leftBehind(mark, killed ? 0 : patience.endingMs);
    const problem = problemOf(counts, { code, hung, left, patience });
    return { file, ...counts, problem, output, durationMs, cpuMs };
  };
  return { file, startedMs, result: resultOf(), kill };
}

type ProcessEnd = Pick<FileResult, "output" | "cpuMs"> & {
  readonly code: number | null;
  /** Whether it was killed, as it has said nothing for `silenceMs`. */
  readonly hung: boolean;
};

/** Resolves after the end of all that has its output, too. */
function endOf(
  child: ChildProcessByStdio<null, Readable, Readable>,
  silenceMs: number,
  kill: () => void,
): Promise<ProcessEnd> {
  return new Promise((resolve) => {
    let output = "";
    let hung = false;
    let cpuMs: number | null = null;
    const watchdog = setTimeout(() => {
      hung = true;
      kill();
    }, silenceMs);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (chunk: string) => {
        output += chunk;
        watchdog.refresh();
      });
    }
    child.once("exit", () => (cpuMs = cpuSinceLastEnd()));
    child.once("close", (code) => {
      clearTimeout(watchdog);
      resolve({ code, hung, output, cpuMs });
    });
  });
}

let endedCpuMs = endedChildrenCpuMs();

/** Children end one after the other: what has come since the last end is of the one that has ended now. */
function cpuSinceLastEnd(): number | null {
  const before = endedCpuMs;
  endedCpuMs = endedChildrenCpuMs();
  return before === null || endedCpuMs === null ? null : endedCpuMs - before;
}

/** Ends what still runs `patienceMs` after the file has ended. @returns the command lines of that, once it is gone */
async function leftBehind(mark: string, patienceMs: number): Promise<readonly string[]> {
  const startedMs = performance.now();
  const killed = new Map<number, string>();
  for (let left = processesWith(mark); left.length > 0; left = processesWith(mark)) {
    if (performance.now() - startedMs >= patienceMs) {
      for (const { pid, command } of left) killed.set(pid, command);
      killAllWith(mark);
    }
    await new Promise((resolve) => void setTimeout(resolve, LOOK_AGAIN_MS));
  }
  return [...killed.values()];
}

type Counts = Pick<FileResult, "total" | "passed" | "skipped">;

/** What uvu says at the end. A file may show what other runs of uvu have said before. */
function countsIn(output: string): Counts {
  const last = (label: string): number =>
    Number([...output.matchAll(new RegExp(`^ {2}${label}: +(\\d+)`, "gm"))].at(-1)?.[1] ?? 0);
  return { total: last("Total"), passed: last("Passed"), skipped: last("Skipped") };
}

interface End {
  readonly code: number | null;
  readonly hung: boolean;
  readonly left: readonly string[];
  readonly patience: Patience;
}

function problemOf({ total, passed, skipped }: Counts, { code, hung, left, patience }: End): string | null {
  if (hung)
    return `no test has ended for ${patience.silenceMs / 1_000} s: a handle is open or a test never ends`;
  // uvu's total leaves out what is skipped.
  if (total + skipped === 0) return `ran no test (exit code ${code ?? "none"}): is test.run() missing?`;
  if (passed !== total) return `${total - passed} of ${total} tests did not pass`;
  if (code !== 0) return `exit code ${code ?? "none"}`;
  return left.length === 0 ? null : `left ${left.length} processes behind: ${left.join("; ")}`;
}
