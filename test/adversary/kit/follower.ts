/** An honest operator who follows the results: how the stream goes on, and how long its tasks take, while others attack. */

import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { REPOSITORY } from "../../support/program.js";
import { within } from "../../support/within.js";

/** A line of `sluice results --json`, as far as it matters here. */
export interface Line {
  readonly type: string;
  readonly position: number;
  readonly id: { readonly sourceId: string; readonly incarnation: number; readonly sequence: number };
  readonly sourceAtMs: number;
  readonly createdAtMs?: number;
  readonly storedAtMs: number;
  readonly results?: Readonly<Record<string, unknown>>;
  readonly reason?: string;
}

export interface Follower {
  readonly lines: readonly Line[];
  /** How it ended; null while it runs. */
  readonly ended: string | null;
  /** What it printed that is no record. */
  readonly odd: readonly string[];
  /** Resolves once `enough` is true of the lines. */
  until(enough: (lines: readonly Line[]) => boolean, timeoutMs: number, what: string): Promise<void>;
  stop(): void;
}

const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export function startFollower(url: string, token: string): Follower {
  const program = join(REPOSITORY, "dist/program/sluice.js");
  const child = spawn(process.execPath, [program, "results", "--follow", "--json", "--hub", url], {
    env: { ...process.env, SLUICE_TOKEN: token },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  const lines: Line[] = [];
  const odd: string[] = [];
  const waiting = new Set<() => void>();
  let rest = "";
  let words = "";
  let ended: string | null = null;
  child.stderr.setEncoding("utf8").on("data", (text: string) => (words = (words + text).slice(-500)));
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) {
      try {
        lines.push(JSON.parse(part) as Line);
      } catch {
        odd.push(part);
      }
    }
    for (const look of waiting) look();
  });
  child.once("close", (code, signal) => {
    running.delete(child);
    ended = `${signal ?? `exit ${code ?? "?"}`} ${words.trim()}`;
    for (const look of waiting) look();
  });
  return {
    lines,
    odd,
    get ended() {
      return ended;
    },
    async until(enough, timeoutMs, what) {
      const done = new Promise<void>((resolve, reject) => {
        const look = (): void => {
          if (enough(lines)) resolve();
          else if (ended !== null) reject(new Error(`the operator who follows has ended: ${ended}`));
          else return;
          waiting.delete(look);
        };
        waiting.add(look);
        look();
      });
      await within(timeoutMs, done, what);
    },
    stop: () => void child.kill("SIGKILL"),
  };
}
