/** The command line of `npm start`. */

import {
  addCaptureOptions,
  Command,
  logLevelOption,
  notEmpty,
  Option,
  POLICY_HELP,
  paramOption,
  policyOption,
  positiveInteger,
  readArguments,
} from "../command-line.js";
import type { ParsedProgram } from "../program.js";
import type { StartOptions } from "./start-options.js";

export const HELP_HINT = "Try npm start -- --help";

const EXAMPLES = `
Examples:
  npm start
  npm start -- --open
  npm start -- --source test:1280x720@25,duration=5 --policy cloud-only
  npm start -- --source video.mp4 --model-dir models \\
      --pipeline apps/pipelines/object-detection.yaml
  npm start -- --source rtsp://camera/stream --store results --json

Ctrl-C stops capturing, finishes the tasks in progress and prints the summary. A
second one stops at once (exit code 130). Otherwise the exit code is 0 after a
run, 1 if a source, a stage or the store failed, and 2 for wrong usage.

ffmpeg is taken from PATH, or from this installation if PATH has none. Set the
environment variable SLUICE_FFMPEG to use another one.
`;

export interface StartDefaults {
  readonly source: string;
  readonly pipeline: string;
  /** Somebody looks at the output, and can end the run. */
  readonly isAtTerminal: boolean;
}

/** Reads the arguments after the program's own name. */
export function parseStart(args: readonly string[], defaults: StartDefaults): ParsedProgram {
  const command = createStartCommand();
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
    open = false,
    swap = "middle",
    logLevel = "error",
    ...given
  } = command.opts<Partial<StartOptions>>();
  // Whoever looks at it says when it is enough: the demo is over in seconds.
  const stays = open || (defaults.isAtTerminal && !json && !realtime && limit === null);
  const demo = stays && !single ? `loop:${defaults.source}` : defaults.source;
  // Each edge has something to see.
  const source = sources ?? (single ? [demo] : [demo, demo]);
  const start = {
    ...given,
    source,
    pipeline,
    modelDir,
    store,
    json,
    limit,
    realtime,
    single,
    open,
    swap,
    logLevel,
  };
  return {
    // What is lost of its output is no reason to store no more.
    isNode: true,
    run: async () => {
      // Help and wrong usage answer in half the time without it.
      const { runPipeline } = await import("./run-pipeline.js");
      return runPipeline(start);
    },
  };
}

function createStartCommand(): Command {
  const command = new Command("npm start --")
    .description(
      "Runs video through a pipeline of AI stages, on a cloud node and two edges in processes of their own, and stores the results.",
    )
    .usage("[options]")
    .exitOverride()
    .allowExcessArguments(false)
    .showHelpAfterError(HELP_HINT)
    .addHelpText("after", `${POLICY_HELP}${EXAMPLES}`)

    .optionsGroup("Video:")
    .option(
      "--source <source>",
      "FILE, loop:FILE, rtsp://..., http(s)://..., /dev/videoN or test:WxH@FPS,duration=S; repeatable (default: the demo clip; on a terminal over and over, until Ctrl-C)",
      (value: string, previous: readonly string[] | undefined) => [...(previous ?? []), value],
    )
    .option("--realtime", "play files at normal speed (default: as fast as possible)")
    .option("--limit <n>", "stop each source after this many tasks", positiveInteger);
  return addCaptureOptions(command)
    .optionsGroup("Pipeline:")
    .option("--pipeline <file>", "pipeline file, YAML (default: motion, then tracking and colours)", notEmpty)
    .option("--model-dir <dir>", "folder with the ONNX models that the pipeline uses", notEmpty)
    .addOption(policyOption())
    .addOption(paramOption())

    .optionsGroup("Cluster:")
    .option("--single", "run one edge and the cloud in a single process")
    .addOption(
      new Option(
        "--swap <when>",
        "when to show a swap of the routing table, unless --policy is given (default: middle)",
      ).choices(["middle", "never"]),
    )

    .optionsGroup("Results:")
    .option("--store <dir>", "folder for the results, or memory: (default: .sluice/store)", notEmpty)
    .option("--json", "print the summary as one JSON object, and progress on standard error")

    .optionsGroup("Other:")
    .option("--open", "open the page of the run in a browser; the demo plays until Ctrl-C")
    .addOption(logLevelOption())
    .helpOption("-h, --help", "show this help");
}
