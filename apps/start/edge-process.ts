/** An edge of a run in a process of its own, as the process sees it that has started it. */

import { spawn } from "node:child_process";
import type { Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { RuntimeError } from "../../src/runtime/errors.js";
import type { LogLevel } from "../../src/runtime/log.js";

/** What an edge is told, as one line on its standard input: no token stands in a list of processes. */
export interface EdgeOrders {
  readonly name: string;
  readonly url: string;
  readonly token: string;
  readonly modelDir: string | null;
  readonly logLevel: LogLevel;
}

export interface EdgeProcess {
  readonly name: string;
  readonly pid: number;
  /** Tells it where to go. */
  order(orders: Omit<EdgeOrders, "name">): void;
  /** Has it leave, and resolves once it is gone; after `limitMs` it is made to. */
  end(limitMs: number): Promise<void>;
}

const PROGRAM = fileURLToPath(new URL("./edge.js", import.meta.url));

/** @param onLost told where it ends by itself */
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
  // Of a process that could not be started there is none, whatever its type says.
  const orders: Writable | undefined = child.stdin;
  // It may be gone while it is written to: its end says so.
  orders?.on("error", () => {});
  process.once("exit", () => child.kill("SIGKILL"));
  return {
    name,
    pid: child.pid ?? 0,
    order: (given) => void orders?.write(`${JSON.stringify({ name, ...given })}\n`),
    async end(limitMs) {
      ending = true;
      orders?.end();
      const late = setTimeout(() => child.kill("SIGKILL"), limitMs);
      await gone;
      clearTimeout(late);
    },
  };
}

function lost(name: string, how: string): Error {
  return new RuntimeError(
    `Cannot go on as the process of node "${name}" has ended (${how}); what it held stays in flight`,
    { code: "node-unreachable" },
  );
}
