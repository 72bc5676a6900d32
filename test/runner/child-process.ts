/** A process of test files: its output, its end, and what it leaves behind. */

import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { killAllWith, processesWith } from "../support/processes.js";
import { endedChildrenCpuMs } from "./cpu-time.js";
import { hasSummary } from "./file-result.js";

export interface Patience {
  /** Without a word of it: a machine may be slow, and a file may hold many tests. In ms. */
  readonly silenceMs: number;
  /** Until it has ended after its tests, in ms. */
  readonly openMs: number;
  /** Until what it has started has ended after it, in ms. */
  readonly endingMs: number;
}

export const PATIENCE: Patience = { silenceMs: 1_200_000, openMs: 30_000, endingMs: 30_000 };
const LOOK_AGAIN_MS = 50;

interface ProcessEnd {
  readonly code: number | null;
  /** Whether it was killed, as it said nothing for `silenceMs`, or went on for `openMs` after its tests. */
  readonly hung: "silent" | "open" | null;
  /** Standard output and error. */
  readonly output: string;
  readonly durationMs: number;
  /** Of it and all that it waited for; null where the system does not say. */
  readonly cpuMs: number | null;
  /** Command lines of what outlived it by `endingMs`, and was ended then. */
  readonly left: readonly string[];
}

export interface TestProcess {
  readonly ended: Promise<ProcessEnd>;
  /** Ends it and all that it has started. */
  kill(): void;
}

/**
 * @param args of Node
 * @param tests whether it ends with its tests; one that several files share ends with the last of them
 */
export function startTestProcess(
  args: readonly string[],
  patience: Patience,
  tests: "of one file" | "of several",
): TestProcess {
  const startedMs = performance.now();
  // Inherited by all that it starts.
  const mark = randomUUID();
  const child = spawn(process.execPath, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, FORCE_COLOR: "0", NO_COLOR: "1", SLUICE_TEST_FILE: mark },
  });
  let killed = false;
  const kill = (): void => {
    killed = true;
    child.kill("SIGKILL");
    killAllWith(mark);
  };
  const closed = new Promise<Omit<ProcessEnd, "left">>((resolve) => {
    let output = "";
    let hung: ProcessEnd["hung"] = null;
    let cpuMs: number | null = null;
    const endAs = (why: "silent" | "open"): void => {
      hung = why;
      kill();
    };
    const watchdog = setTimeout(endAs, patience.silenceMs, "silent");
    let ending: NodeJS.Timeout | undefined;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (chunk: string) => {
        output += chunk;
        watchdog.refresh();
        if (tests === "of one file" && ending === undefined && hasSummary(output))
          ending = setTimeout(endAs, patience.openMs, "open");
      });
    }
    child.once("exit", () => (cpuMs = cpuSinceLastEnd()));
    // After the end of all that has its output, too.
    child.once("close", (code) => {
      clearTimeout(watchdog);
      clearTimeout(ending);
      resolve({ code, hung, output, durationMs: performance.now() - startedMs, cpuMs });
    });
  });
  const ended = async (): Promise<ProcessEnd> => {
    const end = await closed;
    return { ...end, left: await leftBehind(mark, killed ? 0 : patience.endingMs) };
  };
  return { ended: ended(), kill };
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
