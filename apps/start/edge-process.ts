/** An edge of a run in a process of its own, as seen by the process that started it. */

import { spawn } from "node:child_process";
import type { Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { RuntimeError } from "../../src/runtime/errors.js";
import type { LogLevel } from "../../src/runtime/log.js";

/** What an edge needs to join, as one line on its standard input: so no token shows in a list of processes. */
export interface EdgeInstructions {
  readonly name: string;
  readonly url: string;
  readonly token: string;
  readonly modelDir: string | null;
  readonly logLevel: LogLevel;
}

export interface EdgeProcess {
  readonly name: string;
  readonly pid: number;
  /** Has it join. */
  instruct(instructions: Omit<EdgeInstructions, "name">): void;
  /** Has it leave, and resolves once the process has ended; after `limitMs` it is killed. */
  end(limitMs: number): Promise<void>;
}

const PROGRAM = fileURLToPath(new URL("./edge.js", import.meta.url));

/** @param onLost called where the process ends by itself */
export function startEdgeProcess(name: string, onLost: (error: Error) => void): EdgeProcess {
  const child = spawn(process.execPath, [PROGRAM], { stdio: ["pipe", "ignore", "inherit"] });
  let ending = false;
  const gone = new Promise<void>((resolve) => {
    child.once("error", (error) => {
      onLost(lost(name, error.message));
      resolve();
    });
    child.once("exit", (code, signal) => {
      if (!ending) onLost(lost(name, signal === null ? `exit code ${code ?? "none"}` : signal));
      resolve();
    });
  });
  // A process that could not be started has none, whatever its type says.
  const input: Writable | undefined = child.stdin;
  // It may end while it is written to: `exit` says so.
  input?.on("error", () => {});
  process.once("exit", () => child.kill("SIGKILL"));
  return {
    name,
    pid: child.pid ?? 0,
    instruct: (instructions) => void input?.write(`${JSON.stringify({ name, ...instructions })}\n`),
    async end(limitMs) {
      ending = true;
      input?.end();
      const late = setTimeout(() => child.kill("SIGKILL"), limitMs);
      await gone;
      clearTimeout(late);
    },
  };
}

function lost(name: string, how: string): Error {
  return new RuntimeError(
    `Cannot go on as the process of node "${name}" has ended (${how}); its tasks stay in flight`,
    { code: "node-unreachable" },
  );
}
