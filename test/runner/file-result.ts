/** What a test file came to, judged where uvu does not. */

export interface FileResult {
  readonly file: string;
  /** Tests, but for those that were skipped. */
  readonly total: number;
  readonly passed: number;
  readonly skipped: number;
  /** What is wrong with it; null where nothing is. */
  readonly problem: string | null;
  /** Standard output and error. */
  readonly output: string;
  readonly durationMs: number;
  /** Of it and all that it waited for; null where the system does not say. */
  readonly cpuMs: number | null;
}

export interface FileEnding {
  /** Of the process; null where it was killed. */
  readonly code: number | null;
  /** Why it was ended; null where it ended by itself. */
  readonly ended: { readonly why: "silent" | "open"; readonly afterMs: number } | null;
  /** What still ran or was open after it. */
  readonly left: readonly string[];
}

export function resultOf(
  { file, output, durationMs, cpuMs }: Pick<FileResult, "file" | "output" | "durationMs" | "cpuMs">,
  ending: FileEnding,
): FileResult {
  const counts = countsIn(output);
  return { file, ...counts, problem: problemOf(counts, ending), output, durationMs, cpuMs };
}

/** @returns whether uvu has said what all tests of a file came to */
export const hasSummary = (output: string): boolean => SUMMARY_END.test(output);

const SUMMARY_END = /^ {2}Duration: +[\d.]+ms$/m;

type Counts = Pick<FileResult, "total" | "passed" | "skipped">;

/** What uvu says at the end. A file may show what other runs of uvu have said before. */
function countsIn(output: string): Counts {
  const last = (label: string): number =>
    Number([...output.matchAll(new RegExp(`^ {2}${label}: +(\\d+)`, "gm"))].at(-1)?.[1] ?? 0);
  return { total: last("Total"), passed: last("Passed"), skipped: last("Skipped") };
}

function problemOf({ total, passed, skipped }: Counts, { code, ended, left }: FileEnding): string | null {
  if (ended?.why === "silent") return `no test has ended for ${ended.afterMs / 1_000} s: one never ends`;
  // uvu's total leaves out what is skipped.
  if (total + skipped === 0) return `ran no test (exit code ${code ?? "none"}): is test.run() missing?`;
  if (passed !== total) return `${total - passed} of ${total} tests did not pass`;
  if (ended !== null)
    return `still ran ${ended.afterMs / 1_000} s after its tests: it has left something open`;
  if (code !== 0) return `exit code ${code ?? "none"}`;
  return left.length === 0 ? null : `left behind: ${left.join("; ")}`;
}
