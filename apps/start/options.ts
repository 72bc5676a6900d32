/** The command line of `npm start`, and its door to commander. */

import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import type { LogLevel } from "../../src/runtime/log.js";

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
  readonly policy?: string;
  readonly logLevel: LogLevel;
}

export type ParsedCommand =
  | { readonly run: StartOptions }
  /** Nothing to run: help was asked for (0) or the usage was wrong (2); what had to be said is said. */
  | { readonly exitCode: 0 | 2 };

/** Parses the arguments after the program's own name. */
export function parseCommand(
  args: readonly string[],
  defaults: { readonly source: string; readonly pipeline: string },
): ParsedCommand {
  const command = new Command("npm start --")
    .description("Plays video through a pipeline of AI stages on an edge and a cloud node in this process.")
    .usage("[options]")
    .exitOverride()
    .helpOption("-h, --help", "Show this help.")
    .option(
      "--source <source>",
      "FILE, rtsp://..., http(s)://..., /dev/videoN or test:; may be given more than once (default: the demo clip)",
      (value: string, previous: readonly string[]) => [...previous, value],
      [] as readonly string[],
    )
    .option(
      "--pipeline <file>",
      "Pipeline as YAML (default: motion, tracking and colours)",
      defaults.pipeline,
    )
    .option("--model-dir <dir>", "Folder of the ONNX models that the pipeline names")
    .option("--store <dir>", "Folder of the results, or memory:", ".sluice/store")
    .option("--json", "Print the summary as one JSON object, the last line of standard output", false)
    .option("--fps <n>", "Frames per second of source time, instead of the pipeline's", positiveNumber)
    .option("--resolution <WxH>", "Capture resolution, instead of the pipeline's")
    .option("--frames-per-task <n>", "Frames in a task, instead of the pipeline's", positiveInteger)
    .addOption(new Option("--encoding <encoding>", "How frames travel").choices(["rgb", "jpeg"]))
    .option("--quality <n>", "Of jpeg, 1 to 100", positiveInteger)
    .option("--limit <n>", "End each source after so many tasks", positiveInteger)
    .option("--realtime", "Play files at their own speed instead of as fast as they are taken", false)
    .option(
      "--policy <name>",
      "Scheduling policy: fixed, cloud-only, edge-only or dynamic, instead of the pipeline's",
    )
    .addOption(
      new Option("--log-level <level>", "Least severe log records to print")
        .choices(["debug", "info", "warn", "error", "silent"])
        .default("error"),
    )
    .allowExcessArguments(false)
    .showHelpAfterError("Try npm start -- --help");
  try {
    command.parse([...args], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { exitCode: error.exitCode === 0 ? 0 : 2 };
  }
  const values = command.opts<
    Omit<StartOptions, "modelDir" | "limit"> & { modelDir?: string; limit?: number }
  >();
  return {
    run: {
      ...values,
      source: values.source.length > 0 ? values.source : [defaults.source],
      modelDir: values.modelDir ?? null,
      limit: values.limit ?? null,
    },
  };
}

function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError("It must be a whole number above 0.");
  return value;
}

function positiveNumber(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError("It must be a number above 0.");
  return value;
}
