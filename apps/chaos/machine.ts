/** One process of a cluster under chaos: started anew after each death, always in the same place. */

import { spawn, type ChildProcess } from "node:child_process";
import { createWriteStream, type WriteStream } from "node:fs";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("../sluice.js", import.meta.url));

export class Machine {
  readonly name: string;
  readonly #args: readonly string[];
  readonly #env: NodeJS.ProcessEnv;
  readonly #log: WriteStream;
  #child: ChildProcess | null = null;
  #starts = 0;

  /** @param logFile takes what the process prints */
  constructor(name: string, args: readonly string[], env: NodeJS.ProcessEnv, logFile: string) {
    this.name = name;
    this.#args = args;
    this.#env = { ...process.env, ...env };
    this.#log = createWriteStream(logFile, { flags: "a" });
    process.once("exit", () => this.#child?.kill("SIGKILL"));
  }

  get starts(): number {
    return this.#starts;
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  start(): void {
    if (this.#child !== null) return;
    this.#starts += 1;
    const child = spawn(process.execPath, [PROGRAM, ...this.#args], {
      env: this.#env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stdout.pipe(this.#log, { end: false });
    child.stderr.pipe(this.#log, { end: false });
    child.once("exit", () => {
      if (this.#child === child) this.#child = null;
    });
    this.#child = child;
  }

  kill(): Promise<void> {
    return this.#end("SIGKILL");
  }

  pause(): void {
    this.#child?.kill("SIGSTOP");
  }

  resume(): void {
    this.#child?.kill("SIGCONT");
  }

  /** In order; after `limitMs` it is made to. */
  async stop(limitMs: number): Promise<void> {
    const late = setTimeout(() => void this.kill(), limitMs);
    await this.#end("SIGTERM");
    clearTimeout(late);
  }

  #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === null) return Promise.resolve();
    return new Promise((resolve) => {
      child.once("exit", () => resolve());
      child.kill(signal);
    });
  }
}
