/**
 * Runs every compiled test file in a process of its own, two at a time, and is strict where uvu is not: a file that
 * runs no test, ends early, hangs or leaves a handle open has failed.
 *
 * Usage: `node dist/test/run.js [part of a file name ...]`
 */

import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { Tally } from "./adversary/kit/tally.js";

/** A file that ends no test for so long hangs: a machine may be slow, and a file may hold many tests. */
const SILENCE_MS_MAX = 1_200_000;
const root = fileURLToPath(new URL(".", import.meta.url));

interface FileResult {
  readonly file: string;
  readonly total: number;
  readonly passed: number;
  readonly skipped: number;
  readonly problem: string | null;
  readonly output: string;
  readonly durationMs: number;
}

const patterns = process.argv.slice(2);
const files = readdirSync(root, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".test.js"))
  // What an earlier build left behind of a test that is no more.
  .filter((file) => existsSync(join(root, "../../test", file.replace(/\.js$/, ".ts"))))
  .filter((file) => patterns.length === 0 || patterns.some((pattern) => file.includes(pattern)))
  .sort();

/** Where programs keep what they are not told to keep elsewhere: tests leave none of it in the checkout. */
const kept = join(root, "../../.sluice");
const hadKept = existsSync(kept);
const results: FileResult[] = [];
const queue = [...files];
await Promise.all(
  Array.from({ length: Math.min(2, availableParallelism()) }, async () => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const result = await runFile(file);
      results.push(result);
      report(result);
    }
  }),
);

const sum = (pick: (result: FileResult) => number) =>
  results.reduce((total, result) => total + pick(result), 0);
const broken = results.filter((result) => result.problem !== null);
const passed = sum((result) => result.passed);
const failed = sum((result) => result.total - result.passed);
for (const result of broken) console.log(`\n${result.file}: ${result.problem}\n${result.output}`);
console.log(`\n${results.length} files, ${broken.length} with problems`);
console.log(
  `${passed} passed, ${Math.max(failed, broken.length)} failed, ${sum((result) => result.skipped)} skipped`,
);
const leftKept = !hadKept && existsSync(kept);
if (leftKept) console.log(`A test has left "${kept}": name folders of its own`);
await reportAttacks();
process.exitCode = broken.length === 0 && passed > 0 && !leftKept ? 0 : 1;

/** What the attacks of all files came to together, where any were played. */
async function reportAttacks(): Promise<void> {
  const { TALLY_MARK, tallyText } = await import("./adversary/kit/tally.js");
  const lines = results.flatMap(({ output }) => output.split("\n"));
  const tallies = lines
    .filter((line) => line.startsWith(TALLY_MARK))
    // Our own test files wrote them.
    .map((line) => JSON.parse(line.slice(TALLY_MARK.length)) as Tally);
  if (tallies.length > 0) console.log(`\n${tallyText(tallies)}`);
}

function report({ file, problem, passed: count, skipped, output, durationMs }: FileResult): void {
  const note = skipped > 0 ? `, ${skipped} SKIPPED` : "";
  console.log(
    `${problem === null ? "ok  " : "FAIL"} ${file} (${count} passed${note}, ${Math.round(durationMs)} ms)`,
  );
  for (const line of output.split("\n")) if (line.startsWith("SKIPPED")) console.log(`     ${line}`);
}

function runFile(file: string): Promise<FileResult> {
  const started = performance.now();
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ["--enable-source-maps", join(root, file)], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, FORCE_COLOR: "0", NO_COLOR: "1" },
    });
    let output = "";
    let hung = false;
    const watchdog = setTimeout(() => {
      hung = true;
      child.kill("SIGKILL");
    }, SILENCE_MS_MAX);
    const collect = (chunk: Buffer) => {
      output += chunk.toString();
      watchdog.refresh();
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.on("close", (code) => {
      clearTimeout(watchdog);
      const count = (label: string) => Number(new RegExp(`${label}:\\s+(\\d+)`).exec(output)?.[1] ?? 0);
      const total = count("Total");
      const counts = { total, passed: count("Passed"), skipped: count("Skipped") };
      resolve({
        file: relative(".", file),
        ...counts,
        problem: problemOf(counts, code, hung),
        output,
        durationMs: performance.now() - started,
      });
    });
  });
}

function problemOf(
  { total, passed: count, skipped }: { total: number; passed: number; skipped: number },
  code: number | null,
  hung: boolean,
): string | null {
  if (hung) return `no test has ended for ${SILENCE_MS_MAX / 1000} s: a handle is open or a test never ends`;
  // uvu's total leaves out what is skipped.
  if (total + skipped === 0) return "ran no test: is test.run() missing?";
  if (count !== total) return `${total - count} of ${total} tests did not pass`;
  return code === 0 ? null : `exit code ${code}`;
}
