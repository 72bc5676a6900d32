/** Nodes of a bench's cluster in a process of their own, and their sources. */

import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { PolicySpec } from "../../../src/task/requests.js";

export interface NodesToStart {
  /** All of them in the one process. */
  readonly names: readonly string[];
  /** Of the hub. */
  readonly join: string;
  /** Where the hub asks for one. */
  readonly token?: string;
  /** Where the models are; without one the nodes offer no-op stages alone. */
  readonly modelDir?: string;
  readonly sources?: readonly SourceToAdd[];
}

export interface SourceToAdd {
  readonly id: string;
  readonly node: string;
  /** So many no-op stages one after the other, or one that finds objects by a real model; `s0`, `s1`, ... */
  readonly work: number | "objects";
  /** Between frames; each is a task. */
  readonly everyMs: number;
  /** Of a frame, in pixels. */
  readonly side: number;
  readonly policy: PolicySpec;
  /** Tasks under way at once. */
  readonly window?: number;
}

export interface NodesProcess {
  signal(name: NodeJS.Signals): void;
  /** Kills it, and resolves once it is gone. */
  end(): Promise<void>;
}

/** Resolves once its nodes are members and its sources are added. */
export function startNodes(options: NodesToStart): Promise<NodesProcess> {
  const child = fork(fileURLToPath(new URL("nodes-program.js", import.meta.url)), {
    env: { ...process.env, SLUICE_BENCH_NODES: JSON.stringify(options) },
  });
  return new Promise((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`The nodes "${options.names.join()}" ended with ${code}`)));
    child.once("message", () =>
      resolve({
        signal: (name) => void child.kill(name),
        end: () => ended(child),
      }),
    );
  });
}

/** Kills a process, and resolves once it is gone: what it used is counted as the bench's own only then. */
export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => void child.once("exit", () => resolve()));
  child.kill("SIGKILL");
  await gone;
}
