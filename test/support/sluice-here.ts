/**
 * `sluice` commands, and `npm start`, in this process: for most of them the start of a program is nearly all that it costs. What
 * a program does as a process, its signals, its pipes, its end, is tested by `startSluice` and `startProgram`.
 */

import { AsyncLocalStorage } from "node:async_hooks";
import { join } from "node:path";
import { parseSluice } from "../../apps/cli/commands.js";
import { exitCodeOf, type ParsedProgram } from "../../apps/program.js";
import { HELP_HINT, parseStart } from "../../apps/start/options.js";
import { REPOSITORY, type Ended } from "./program.js";

type Said = Record<"stdout" | "stderr", string>;

/** What is written on behalf of a command, however many run at once, is its own. */
const said = new AsyncLocalStorage<Said>();
let ready = false;

/** Runs `sluice ...args` to its end, with no hub or token from the environment. It can be sent no signal. */
export function sluiceHere(...args: readonly string[]): Promise<Ended> {
  return runHere(() => parseSluice(args, "0.0.0"), "Try sluice --help");
}

/** Runs `npm start -- ...args` to its end. It can be sent no signal. */
export function startHere(...args: readonly string[]): Promise<Ended> {
  const defaults = {
    source: join(REPOSITORY, "apps/demo/demo.mp4"),
    pipeline: join(REPOSITORY, "apps/pipelines/default.yaml"),
    isAtTerminal: false,
  };
  return runHere(() => parseStart(args, defaults), HELP_HINT);
}

async function runHere(parse: () => ParsedProgram, usageHint: string): Promise<Ended> {
  if (!ready) prepare();
  ready = true;
  const own: Said = { stdout: "", stderr: "" };
  const startedMs = performance.now();
  const exitCode = await said.run(own, () => exitCodeOf(parse(), usageHint));
  return { exitCode, signal: null, ...own, durationMs: performance.now() - startedMs, leftovers: [] };
}

function prepare(): void {
  delete process.env["SLUICE_HUB"];
  delete process.env["SLUICE_TOKEN"];
  // Commands listen for signals.
  process.setMaxListeners(0);
  for (const name of ["stdout", "stderr"] as const) {
    const stream = process[name];
    const write = stream.write.bind(stream) as (...args: readonly unknown[]) => boolean;
    stream.write = (chunk: string | Uint8Array, ...rest: readonly unknown[]): boolean => {
      const own = said.getStore();
      if (own === undefined) return write(chunk, ...rest);
      own[name] += typeof chunk === "string" ? chunk : Buffer.from(chunk).toString();
      const done = rest.at(-1);
      if (typeof done === "function") process.nextTick(() => void done());
      return true;
    };
  }
}
