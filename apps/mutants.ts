/**
 * Measures the simulation: plants one bug at a time into a copy of the compiled code, and counts the seeds until it is found.
 *
 * A mutant counts as found by a broken promise, by a crash of the simulation, and by a seed that does not end.
 */

import { spawn } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { processTime, watchThreadTime, type ThreadTime } from "../src/runtime/thread-time.js";
import { MUTANTS } from "../src/simulation/mutants.js";
import { applyMutant, MUTANT_AREAS, type Mutant } from "../src/simulation/mutants/mutant.js";
import { err, out } from "./terminal.js";

export interface MutantOptions {
  /** The first seed, and how many each mutant is given. */
  readonly first: number;
  readonly seeds: number;
  /** Only those whose id begins with one of these; null for all. */
  readonly only: readonly string[] | null;
  /** That each mutant is given, in ms. */
  readonly limitMs: number;
  /** Only every nth mutant, by one process at a time; null for all, by as many as there are processors. */
  readonly shard: Shard | null;
  /** Prints an object for each mutant, as it is measured, and one for all at the end. */
  readonly json: boolean;
}

/** One of several parts of the work, for processes beside each other. */
export interface Shard {
  /** From 1 to `count`. */
  readonly index: number;
  readonly count: number;
}

type Verdict =
  | { readonly status: "found"; readonly seeds: number; readonly by: string }
  | { readonly status: "survived"; readonly seeds: number; readonly why: string };

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** Of a processor: a seed takes a second or so, and one that takes this much does not end. How busy the machine is says nothing of that. */
const SEED_MS_MAX = 180_000;

/** @returns 0, as survivors are a measurement and no failure; 2 where no mutant is called so */
export async function runMutants(options: MutantOptions): Promise<number> {
  const { only, shard, json } = options;
  const named = MUTANTS.filter(({ id }) => only === null || only.some((start) => id.startsWith(start)));
  const chosen = named.filter((_, at) => shard === null || at % shard.count === shard.index - 1);
  if (named.length === 0) {
    err.line(`No mutant's name begins with "${only?.join('" or "')}"`);
    return 2;
  }
  const verdicts = new Map<Mutant, Verdict>();
  const left = chosen.values();
  const work = async (): Promise<void> => {
    const copy = await copyOfCode();
    try {
      for (const mutant of left) {
        const startedMs = performance.now();
        const verdict = await measure(mutant, copy, options);
        verdicts.set(mutant, verdict);
        const { id, area } = mutant;
        if (json) out.json({ id, area, ...verdict, tookMs: Math.round(performance.now() - startedMs) });
        else out.line(`${id.padEnd(44)} ${textOf(verdict)}`);
      }
    } finally {
      await rm(copy, { recursive: true, force: true });
    }
  };
  const processes = shard === null ? Math.min(availableParallelism(), chosen.length) : 1;
  await Promise.all(Array.from({ length: processes }, work));
  printSummary(verdicts, options);
  return 0;
}

/** The compiled code in a folder of its own, with its dependencies. */
async function copyOfCode(): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), "sluice-mutants-"));
  for (const folder of ["src", "apps"]) {
    await cp(join(ROOT, "dist", folder), join(copy, "dist", folder), { recursive: true });
  }
  await cp(join(ROOT, "package.json"), join(copy, "package.json"));
  await symlink(join(ROOT, "node_modules"), join(copy, "node_modules"), "dir");
  return copy;
}

async function measure(mutant: Mutant, copy: string, options: MutantOptions): Promise<Verdict> {
  const path = join(copy, "dist", "src", mutant.file);
  const code = await readFile(path, "utf8");
  await writeFile(path, applyMutant(code, mutant));
  try {
    return await countSeeds(copy, options);
  } finally {
    await writeFile(path, code);
  }
}

/** Runs seeds in a process of their own until one finds something. */
async function countSeeds(copy: string, { first, seeds, limitMs }: MutantOptions): Promise<Verdict> {
  const program = join(copy, "dist", "apps", "simulate.js");
  const wanted = ["--json", "--stop-at-first", "--first", String(first), "--seeds", String(seeds)];
  const child = spawn(process.execPath, [program, ...wanted], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  let kept = 0;
  let verdict: Verdict | null = null;
  const end = (found: Verdict): void => {
    verdict ??= found;
    child.kill("SIGKILL");
  };
  const stuck = (): void => end({ status: "found", seeds: kept + 1, by: "a seed does not end" });
  const pid = child.pid ?? null;
  const timeOf: ThreadTime = processTime(pid) === null ? () => performance.now() : processTime;
  const watchSeed = (): (() => void) => watchThreadTime(pid, { limitMs: SEED_MS_MAX, timeOf }, stuck);
  let leaveSeed = watchSeed();
  const timer = setTimeout(() => end({ status: "survived", seeds: kept, why: "time is up" }), limitMs);
  const exited = new Promise<number | null>((resolve) => child.once("close", resolve));
  for await (const line of createInterface({ input: child.stdout })) {
    leaveSeed();
    const { findings } = JSON.parse(line) as { readonly findings: readonly string[] };
    const [finding] = findings;
    if (finding !== undefined) {
      end({ status: "found", seeds: kept + 1, by: finding });
      break;
    }
    kept += 1;
    leaveSeed = watchSeed();
  }
  const code = await exited;
  leaveSeed();
  clearTimeout(timer);
  if (verdict !== null) return verdict;
  return code === 0
    ? { status: "survived", seeds: kept, why: "no seed finds it" }
    : { status: "found", seeds: kept + 1, by: `the simulation ends with code ${code}` };
}

const BY_LENGTH = 90;

function textOf(verdict: Verdict): string {
  if (verdict.status === "survived") return `survived ${verdict.seeds} seeds: ${verdict.why}`;
  const { seeds, by } = verdict;
  return `seed ${String(seeds).padStart(3)}  ${by.length > BY_LENGTH ? `${by.slice(0, BY_LENGTH)}...` : by}`;
}

/** How many were found, of each area and in all. */
function printSummary(verdicts: ReadonlyMap<Mutant, Verdict>, { seeds, json }: MutantOptions): void {
  const sums = [...MUTANT_AREAS, "all" as const].flatMap((area) => {
    const own = [...verdicts].filter(([mutant]) => area === "all" || mutant.area === area);
    const found = own.filter(([, { status }]) => status === "found").length;
    return own.length === 0 ? [] : [{ area, found, mutants: own.length }];
  });
  if (json) {
    out.json({ seeds, sums });
    return;
  }
  const lines = sums.map(({ area, found, mutants }) => {
    const share = ((100 * found) / mutants).toFixed(0);
    return `${area.padEnd(12)} ${found} of ${mutants} found within ${seeds} seeds (${share} %)`;
  });
  out.lines(`\n${lines.join("\n")}`);
}
