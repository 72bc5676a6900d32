/** Runs test files, each in a process of its own, or several in one. */

import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { PATIENCE, startTestProcess, type Patience } from "./child-process.js";
import { resultOf, type FileEnding, type FileResult } from "./file-result.js";
import { partsOf } from "./shared-lines.js";

const SHARED = fileURLToPath(new URL("./shared-process.js", import.meta.url));

export interface TestFile {
  /** Below the folder of tests. */
  readonly name: string;
  /** Of the compiled file. */
  readonly path: string;
}

export interface Ended {
  readonly results: readonly FileResult[];
  /** Those that did not begin, as one before them ended the process that they shared. */
  readonly unrun: readonly TestFile[];
}

export interface Running {
  readonly name: string;
  readonly startedMs: number;
  readonly ended: Promise<Ended>;
  /** Ends it and all that it has started. */
  kill(): void;
}

export function runFile({ name, path }: TestFile, patience: Patience = PATIENCE): Running {
  const child = startTestProcess([path], patience, "of one file");
  const judged = async (): Promise<Ended> => {
    const { hung, ...end } = await child.ended;
    const ended = endedFor(hung, patience);
    return { results: [resultOf({ file: name, ...end }, { ...end, ended })], unrun: [] };
  };
  return { name, startedMs: performance.now(), ended: judged(), kill: () => child.kill() };
}

/** One after the other in one process. A file that ends the process, or leaves a handle open in it, is the last one. */
export function runTogether(files: readonly TestFile[], patience: Patience = PATIENCE): Running {
  const mark = randomUUID();
  const child = startTestProcess(
    [SHARED, mark, String(patience.endingMs), ...files.map(({ path }) => path)],
    patience,
    "of several",
  );
  const judged = async (): Promise<Ended> => {
    const { output, code, hung, left, durationMs } = await child.ended;
    const parts = partsOf(output, mark);
    const results = parts.map(({ file, output: own, end }, at): FileResult => {
      const name = files[at]?.name ?? file;
      if (end !== null) return resultOf({ ...end, file: name, output: own }, { ...end, ended: null });
      // Whatever it said of its end, it has ended the others' process.
      const ending = { code: code === 0 ? null : code, ended: endedFor(hung, patience), left };
      return resultOf({ file: name, output: own, durationMs, cpuMs: null }, ending);
    });
    return { results, unrun: files.slice(parts.length) };
  };
  return {
    name: `${files.length} files in one process`,
    startedMs: performance.now(),
    ended: judged(),
    kill: () => child.kill(),
  };
}

function endedFor(hung: "silent" | "open" | null, patience: Patience): FileEnding["ended"] {
  if (hung === null) return null;
  return { why: hung, afterMs: hung === "silent" ? patience.silenceMs : patience.openMs };
}
