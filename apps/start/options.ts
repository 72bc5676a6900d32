/** The command line of `npm start`. */

import { createPolicies } from "../../src/actors/scheduler/policies.js";
import type { LogLevel } from "../../src/runtime/log.js";
import {
  Command,
  logLevelOption,
  notEmpty,
  Option,
  positiveInteger,
  positiveNumber,
  readArguments,
  type NothingToRun,
} from "../command-line.js";

export interface StartOptions {
  readonly source: readonly string[];
  readonly pipeline: string;
  readonly modelDir: string | null;
  readonly store: string;
  readonly json: boolean;
  readonly fps?: number;
  readonly resolution?: string;
  readonly framesPerTask?: number;
  readonly encoding?: string;
  readonly quality?: number;
  readonly limit: number | null;
  readonly realtime: boolean;
  readonly single: boolean;
  readonly swap: "middle" | "never";
  readonly policy?: string;
  readonly logLevel: LogLevel;
}

export type ParsedCommand = { readonly run: StartOptions } | NothingToRun;

export const HELP_HINT = "Try npm start -- --help";

const EXAMPLES = `
Examples:
  npm start
  npm start -- --source test:1280x720@25,duration=5 --policy cloud-only
  npm start -- --source video.mp4 --model-dir models \\
      --pipeline apps/pipelines/object-detection.yaml
  npm start -- --source rtsp://camera/stream --store results --json

Ctrl-C captures no more, settles what is under way and prints the summary; a
second one leaves at once (exit code 130). Otherwise the exit code is 0 after a
run, 1 where a source, a stage or the store failed, and 2 for wrong usage.

ffmpeg is taken from PATH, and from this installation where PATH has none; the
environment variable SLUICE_FFMPEG names another one.
`;

/** Parses the arguments after the program's own name. */
export function parseCommand(
  args: readonly string[],
  defaults: { readonly source: string; readonly pipeline: string },
): ParsedCommand {
  const command = new Command("npm start --")
    .description(
      "Plays video through a pipeline of AI stages, on a cloud node and two edges, each a\n" +
        "process of its own, and stores what they find.",
    )
    .usage("[options]")
    .exitOverride()
    .allowExcessArguments(false)
    .showHelpAfterError(HELP_HINT)
    .addHelpText("after", EXAMPLES)

    .optionsGroup("Video:")
    .option(
      "--source <source>",
      "FILE, rtsp://..., http(s)://..., /dev/videoN or test:WxH@FPS,duration=S; may be given more than once (default: the demo clip)",
      (value: string, previous: readonly string[] | undefined) => [...(previous ?? []), value],
    )
    .option("--realtime", "play files at their own speed (default: as fast as they are taken)")
    .option("--limit <n>", "end each source after so many tasks", positiveInteger)
    .option("--fps <n>", "frames per second of source time, up to 240", positiveNumber)
    .option("--resolution <WxH>", "size to scale frames to, in pixels")
    .option("--frames-per-task <n>", "frames in one task, 1 to 256", positiveInteger)
    .addOption(new Option("--encoding <encoding>", "how frames travel").choices(["rgb", "jpeg"]))
    .option("--quality <n>", "of jpeg, 1 to 100", positiveInteger)

    .optionsGroup("Pipeline:")
    .option("--pipeline <file>", "stages as YAML (default: motion, then tracking and colours)", notEmpty)
    .option("--model-dir <dir>", "folder of the ONNX models that the pipeline names", notEmpty)
    .addOption(
      new Option("--policy <name>", "where stages run, instead of the pipeline's policy").choices([
        ...createPolicies().keys(),
      ]),
    )

    .optionsGroup("Cluster:")
    .option("--single", "one edge and the cloud in this process, instead of three processes")
    .addOption(
      new Option(
        "--swap <when>",
        "show a swap of the routing table, unless a policy is named (default: middle)",
      ).choices(["middle", "never"]),
    )

    .optionsGroup("Results:")
    .option("--store <dir>", "folder of the results, or memory: (default: .sluice/store)", notEmpty)
    .option("--json", "print one JSON object last on standard output, and progress on standard error")

    .optionsGroup("Other:")
    .addOption(logLevelOption("error"))
    .helpOption("-h, --help", "show this help");
  const nothing = readArguments(command, args);
  if (nothing !== null) return nothing;
  const {
    source: sources,
    pipeline = defaults.pipeline,
    modelDir = null,
    store = ".sluice/store",
    json = false,
    limit = null,
    realtime = false,
    single = false,
    swap = "middle",
    logLevel = "error",
    ...given
  } = command.opts<Partial<StartOptions>>();
  // Each edge has something to see.
  const source = sources ?? (single ? [defaults.source] : [defaults.source, defaults.source]);
  return {
    run: { ...given, source, pipeline, modelDir, store, json, limit, realtime, single, swap, logLevel },
  };
}
