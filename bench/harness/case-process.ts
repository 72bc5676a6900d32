/** A case in a process of its own, so that none inherits another's heap or compiled code, or leaves one of its processes behind. */

import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { CaseName, RoundPlan } from "./case.js";
import type { CaseResult } from "./result.js";

export type CaseEnd =
  | { readonly result: CaseResult }
  /** It cannot run on this machine: what is missing. */
  | { readonly unavailable: string }
  /** Its work was not done: how its process ended. */
  | { readonly failed: string }
  | "interrupted";

/** What is not done by then never will be: a case takes seconds. */
const LIMIT_MS = 120_000;

/** @param signal ends it at once, with all that it started */
export function runCaseApart(name: CaseName, plan: RoundPlan, signal: AbortSignal): Promise<CaseEnd> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve("interrupted");
    const child = fork(
      fileURLToPath(new URL("run-one.js", import.meta.url)),
      [name, JSON.stringify(plan)],
      // In a group of its own, for its processes to be ended with it.
      { stdio: ["ignore", "ignore", "inherit", "ipc"], detached: true },
    );
    const state = { end: null as CaseEnd | null, late: false };
    const endGroup = (): void => killGroup(child.pid);
    const limit = setTimeout(() => {
      state.late = true;
      endGroup();
    }, LIMIT_MS);
    signal.addEventListener("abort", endGroup, { once: true });
    // Both ends are this folder.
    child.on("message", (message) => (state.end = message as CaseEnd));
    child.on("close", (code, killedBy) => {
      clearTimeout(limit);
      signal.removeEventListener("abort", endGroup);
      if (code === 0 && state.end !== null) return resolve(state.end);
      endGroup();
      if (signal.aborted) return resolve("interrupted");
      resolve({ failed: state.late ? `no end within ${LIMIT_MS / 1_000} s` : String(code ?? killedBy) });
    });
  });
}

/** Kills whatever is left of a group of processes, which may be nothing. */
function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
