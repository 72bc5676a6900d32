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
import { MUTANTS } from "../src/simulation/mutants.js";
import { applyMutant, MUTANT_AREAS, type Mutant } from "../src/simulation/mutants/mutant.js";
import { err, out } from "./terminal.js";

export interface MutantOptions {
  /** Seeds that each mutant is given. */
  readonly seeds: number;
  /** Only those whose id begins with this; null for all. */
  readonly only: string | null;
  /** That each mutant is given, in ms. */
  readonly limitMs: number;
}

type Verdict =
  | { readonly status: "found"; readonly seeds: number; readonly by: string }
  | { readonly status: "survived"; readonly seeds: number; readonly why: string };

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** A seed takes a second or so; one that takes this long does not end. */
const SEED_MS_MAX = 180_000;

/** @returns 0, as survivors are a measurement and no failure; 2 where no mutant is called so */
export async function runMutants(options: MutantOptions): Promise<number> {
  const { only, seeds } = options;
  const chosen = MUTANTS.filter(({ id }) => only === null || id.startsWith(only));
  if (chosen.length === 0) {
    err.line(`No mutant's name begins with "${only}"`);
    return 2;
  }
  const verdicts = new Map<Mutant, Verdict>();
  const left = chosen.values();
  const work = async (): Promise<void> => {
    const copy = await copyOfCode();
    try {
      for (const mutant of left) {
        const verdict = await measure(mutant, copy, options);
        verdicts.set(mutant, verdict);
        out.line(`${mutant.id.padEnd(44)} ${textOf(verdict)}`);
      }
    } finally {
      await rm(copy, { recursive: true, force: true });
    }
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), chosen.length) }, work));
  out.lines(`\n${summary(verdicts, seeds)}`);
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
async function countSeeds(copy: string, { seeds, limitMs }: MutantOptions): Promise<Verdict> {
  const program = join(copy, "dist", "apps", "simulate.js");
  const child = spawn(process.execPath, [program, "--json", "--seeds", String(seeds)], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  let kept = 0;
  let verdict: Verdict | null = null;
  const end = (found: Verdict): void => {
    verdict ??= found;
    child.kill("SIGKILL");
  };
  const stuck = (): void => end({ status: "found", seeds: kept + 1, by: "a seed does not end" });
  let seedTimer = setTimeout(stuck, SEED_MS_MAX);
  const timer = setTimeout(() => end({ status: "survived", seeds: kept, why: "time is up" }), limitMs);
  const exited = new Promise<number | null>((resolve) => child.once("close", resolve));
  for await (const line of createInterface({ input: child.stdout })) {
    clearTimeout(seedTimer);
    const { findings } = JSON.parse(line) as { readonly findings: readonly string[] };
    const [first] = findings;
    if (first !== undefined) {
      end({ status: "found", seeds: kept + 1, by: first });
      break;
    }
    kept += 1;
    seedTimer = setTimeout(stuck, SEED_MS_MAX);
  }
  const code = await exited;
  clearTimeout(seedTimer);
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

function summary(verdicts: ReadonlyMap<Mutant, Verdict>, seeds: number): string {
  const lines = [...MUTANT_AREAS, null].flatMap((area) => {
    const own = [...verdicts].filter(([mutant]) => area === null || mutant.area === area);
    const found = own.filter(([, { status }]) => status === "found").length;
    if (own.length === 0) return [];
    const share = ((100 * found) / own.length).toFixed(0);
    return [
      `${(area ?? "all").padEnd(12)} ${found} of ${own.length} found within ${seeds} seeds (${share} %)`,
    ];
  });
  return lines.join("\n");
}
