/** A `sluice` process of a cluster under chaos: started again after each death, always with the same arguments. */

import { spawn, type ChildProcess } from "node:child_process";
import { createWriteStream, type WriteStream } from "node:fs";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("../sluice.js", import.meta.url));

export class SluiceProcess {
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

  /** How often it was started: its incarnations. */
  get starts(): number {
    return this.#starts;
  }

  /** Null while it does not run. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** Does nothing while it runs. */
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

  /** Asks it to end, and kills it after `limitMs`. */
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
