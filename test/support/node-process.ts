/** A node of a test's cluster in a process of its own: started, stopped still, killed; gone with the test. */

import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { NodeLimits } from "../../src/node/node-options.js";
import { FRAME_MS } from "./paced.js";
import { noteStarted } from "./started.js";
import { within } from "./within.js";

const PROGRAM = fileURLToPath(new URL("./programs/cluster-node.js", import.meta.url));

export interface NodeProcessOptions {
  readonly name: string;
  /** Without one it is the hub. */
  readonly join?: string;
  readonly token?: string;
  readonly listen?: string;
  readonly journal?: string;
  /** Between decisions and between samples of resources, in ms. */
  readonly decisionMs?: number;
  readonly sampleMs?: number;
  readonly limits?: NodeLimits;
  /** Runs the paced services, at so many ms a frame, in place of those that are scripted. */
  readonly frameMs?: number;
  /** A source of so many frames that is added at the start, with the policy by its name and parameters. */
  readonly source?: {
    readonly id: string;
    readonly count: number;
    readonly policy: { readonly name: string; readonly parameters: Readonly<Record<string, unknown>> };
  };
}

/** What the process tells: its events, by their types, and how it ended. */
interface NodeReport {
  readonly type: string;
  readonly [field: string]: unknown;
}

export interface NodeProcess {
  readonly pid: number;
  readonly startedAtMs: number;
  readonly reports: readonly NodeReport[];
  /** Resolves with the first report from the `from`-th on that matches, also one that has come. */
  heard(type: string, from?: number): Promise<NodeReport>;
  /** Stands still, without a word to anybody. */
  pause(): void;
  resume(): void;
  kill(): Promise<void>;
  /** Leaves in order. */
  leave(): Promise<number | null>;
}

export function startNodeProcess(options: NodeProcessOptions): NodeProcess {
  const startedAtMs = performance.now();
  const child = fork(PROGRAM, [], {
    env: {
      ...process.env,
      SLUICE_TEST_NODE: JSON.stringify(options),
      ...(options.frameMs !== undefined && { [FRAME_MS]: String(options.frameMs) }),
    },
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  noteStarted(child);
  const reports: NodeReport[] = [];
  const waiting = new Set<() => void>();
  const hear = (report: NodeReport): void => {
    reports.push(report);
    for (const look of waiting) look();
  };
  child.on("message", (report) => hear(report as NodeReport));
  const ended = new Promise<number | null>((resolve) => {
    child.once("exit", (code) => {
      hear({ type: "exit", code });
      resolve(code);
    });
  });
  return {
    pid: child.pid ?? 0,
    startedAtMs,
    reports,
    heard(type, from = 0) {
      const found = new Promise<NodeReport>((resolve, reject) => {
        const look = (): void => {
          const report = reports.slice(from).find((candidate) => candidate.type === type);
          if (report === undefined && reports.at(-1)?.type !== "exit") return;
          waiting.delete(look);
          if (report === undefined)
            reject(new Error(`It ended without "${type}": ${JSON.stringify(reports)}`));
          else resolve(report);
        };
        waiting.add(look);
        look();
      });
      return within(20_000, found, `"${type}" of ${options.name}`);
    },
    pause: () => void child.kill("SIGSTOP"),
    resume: () => void child.kill("SIGCONT"),
    async kill() {
      child.kill("SIGKILL");
      await within(5_000, ended);
    },
    leave() {
      child.send({ type: "leave" });
      return within(10_000, ended);
    },
  };
}
