/** What the runner of tests is asked for. */

import { parseArgs } from "node:util";

export interface RunnerOptions {
  /** Parts of file names: a file with one of them in its name is run; all are, where there is none. */
  readonly parts: readonly string[];
  /** Files at once where the machine has room for them; never fewer than it has processors. */
  readonly jobs: number;
  readonly list: boolean;
  /** Whether to keep how long each file took, for the order of later runs. */
  readonly record: boolean;
}

export const HELP = `Usage: npm test -- [options] [part of a file name]...
       node dist/test/run.js [options] [part of a file name]...

Runs the compiled test files and is strict: a file that runs no test, ends early, hangs,
or leaves a process or a handle behind has failed. A file that can start processes or
threads, or open sockets, has a process of its own; others share some.
Without a part of a name all files are run, the longest first.

Options:
  -j, --jobs <count>  files at once at most (default: 3 a processor, and more than
                      one a processor only while processors are idle)
      --list          print the names of the files, and run none
      --record        keep how long each file took in test/durations.json, by which
                      later runs order them (all files, on a quiet machine)
  -h, --help          show this help

Exit codes: 0 all passed, 1 something failed, 2 wrong usage or no such file,
130 Ctrl-C, which ends all that was started.
`;

export type ParsedOptions =
  | { readonly type: "run"; readonly options: RunnerOptions }
  | { readonly type: "help" }
  | { readonly type: "wrong"; readonly message: string };

/** @param processors of this machine, 1.. */
export function parseOptions(args: readonly string[], processors: number): ParsedOptions {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        jobs: { type: "string", short: "j", default: String(3 * processors) },
        list: { type: "boolean", default: false },
        record: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) return { type: "help" };
    const jobs = Number(values.jobs);
    if (!Number.isInteger(jobs) || jobs < 1)
      return { type: "wrong", message: `--jobs must be a whole number from 1: got "${values.jobs}"` };
    const { list, record } = values;
    if (record && positionals.length > 0)
      return { type: "wrong", message: "--record wants all files: name none" };
    return { type: "run", options: { parts: positionals, jobs, list, record } };
  } catch (error) {
    return { type: "wrong", message: error instanceof Error ? error.message : String(error) };
  }
}
