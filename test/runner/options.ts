/** What the runner of tests is asked for. */

import { parseArgs } from "node:util";

export interface RunnerOptions {
  /** Parts of file names: a file with one of them in its name is run. Where there is none, all are but campaigns and those that take long. */
  readonly parts: readonly string[];
  /** Whether to run those, too, where no part of a name is given. */
  readonly all: boolean;
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
Without a part of a name all files are run, the longest first, but for campaigns
(attacks on whole clusters, long runs of seeds) and files that take 12 s or longer,
which npm run check runs as well.

Options:
  -j, --jobs <count>  files at once at most (default: 3 a processor, and more than
                      one a processor only while processors are idle)
      --all           campaigns and long files as well
      --list          print the names of the files, and run none
      --record        keep how long each file took in test/durations.json, by which
                      later runs order them (with --all, on a quiet machine)
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
        all: { type: "boolean", default: false },
        list: { type: "boolean", default: false },
        record: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) return { type: "help" };
    const jobs = Number(values.jobs);
    if (!Number.isInteger(jobs) || jobs < 1)
      return { type: "wrong", message: `--jobs must be a whole number from 1: got "${values.jobs}"` };
    const { all, list, record } = values;
    if (all && positionals.length > 0) return { type: "wrong", message: "--all means all files: name none" };
    if (record && !all) return { type: "wrong", message: "--record wants all files: add --all" };
    return { type: "run", options: { parts: positionals, all, jobs, list, record } };
  } catch (error) {
    return { type: "wrong", message: error instanceof Error ? error.message : String(error) };
  }
}
