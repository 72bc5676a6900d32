/** The end of a process whose threads may hold it: it waits for each of them, also for one in a call that never returns. */

import { spawn } from "node:child_process";
import { openSync, readdirSync } from "node:fs";
import { devNull } from "node:os";

/**
 * Has another process kill this one where it is still there after `ms`. That one ends with this one, and so at once as a rule. To be called as
 * this process exits, when nothing of it runs any more.
 */
export function endProcessWithin(ms: number): void {
  const program = `
    process.stdin.once("end", () => process.exit()).resume();
    setTimeout(() => process.kill(${process.pid}, "SIGKILL"), ${ms});`;
  const guard = spawn(process.execPath, ["-e", program], {
    stdio: ["pipe", ...emptied()],
    detached: true,
    env: { ...process.env, NODE_OPTIONS: "" },
  });
  // Where none can be started, the exit waits as long as it takes.
  guard.on("error", () => {});
}

/**
 * Nothing, for as many descriptors as this process has beyond standard input: those of Level would be inherited, and would keep the disk of a
 * store busy that is closed.
 */
function emptied(): readonly number[] {
  const last = process.platform === "win32" ? 2 : Math.max(2, ...readdirSync("/dev/fd").map(Number));
  const nothing = openSync(devNull, "r+");
  return Array.from({ length: last }, () => nothing);
}
