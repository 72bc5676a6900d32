/** What a result was measured on, and how busy others kept it meanwhile. */

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";

export interface Machine {
  /** What it is called in the name of its result. */
  readonly name: string;
  readonly processors: string;
  readonly memoryBytes: number;
  readonly node: string;
  readonly libraries: Readonly<Record<string, string>>;
  readonly commit: string;
}

const LIBRARIES = ["nact", "onnxruntime-node", "level", "sharp", "systeminformation", "msgpackr", "ws"];
const CLOCK_TICKS_PER_SECOND = 100;

/** @param name null for its number of processors and their model */
export function describeMachine(name: string | null): Machine {
  const processors = `${cpus().length} x ${cpus()[0]?.model ?? "unknown"}`;
  return {
    name: name ?? processors,
    processors,
    memoryBytes: totalmem(),
    node: process.version,
    libraries: Object.fromEntries(LIBRARIES.map((library) => [library, versionOf(library)])),
    commit: commit(),
  };
}

/** Tells what share of all processors went to other processes than this one and those below it that have ended. */
export class OthersMeter {
  readonly #startedMs = performance.now();
  readonly #busyMs = busyMs();
  readonly #ownMs = ownMs();

  /** 0 to 1; null where the system does not tell. */
  share(): number | null {
    const othersMs = busyMs() - this.#busyMs - (ownMs() - this.#ownMs);
    if (!Number.isFinite(othersMs)) return null;
    return Math.max(0, othersMs) / ((performance.now() - this.#startedMs) * cpus().length);
  }
}

/** Of all processors, since the machine's start. */
function busyMs(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
}

/** Of this process and of all below it that have ended: proc(5), /proc/pid/stat, fields 14 to 17. */
function ownMs(): number {
  if (process.platform !== "linux") return Number.NaN;
  const fields = readFileSync("/proc/self/stat", "utf8").split(") ").at(-1)?.split(" ") ?? [];
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return (ticks / CLOCK_TICKS_PER_SECOND) * 1_000;
}

/** From its package file: not every library lets it be imported. */
function versionOf(library: string): string {
  const text = readFileSync(join("node_modules", library, "package.json"), "utf8");
  return (JSON.parse(text) as { readonly version: string }).version;
}

/** The commit that is checked out, and whether files differ from it. */
function commit(): string {
  try {
    const git = (...args: string[]): string => execFileSync("git", args, { encoding: "utf8" }).trim();
    const changed = git("status", "--porcelain", "--untracked-files=no") === "" ? "" : " with changes";
    return `${git("rev-parse", "--short", "HEAD")}${changed}`;
  } catch {
    return "unknown";
  }
}
