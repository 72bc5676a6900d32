/** The door to commander: commands, their options and help, and what wrong usage leads to. */

import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { createPolicies } from "../src/scheduling/policies.js";
import type { LogLevel } from "../src/runtime/log.js";
import { jsonOf } from "../src/runtime/parse.js";
import { parseBytes, parseDuration } from "./cli/units.js";
import { err } from "./terminal.js";

export { Command, Option };

/** Options that can be read but make no sense: wrong usage, like an option that is not known. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Help was asked for (0) or the usage was wrong (2); the text is printed already. */
export interface NothingToRun {
  readonly exitCode: 0 | 2;
}

/** Reads `args` with `command`. @returns null where there is something to run */
export function readArguments(command: Command, args: readonly string[]): NothingToRun | null {
  try {
    command.parse([...args], { from: "user" });
    return null;
  } catch (error) {
    if (error instanceof UsageError) {
      err.line(`error: ${error.message}`);
      return { exitCode: 2 };
    }
    if (!(error instanceof CommanderError)) throw error;
    return { exitCode: error.exitCode === 0 ? 0 : 2 };
  }
}

/** @param hasDefault false where something else may say it, too */
export function logLevelOption(hasDefault = true): Option {
  const levels: readonly LogLevel[] = ["debug", "info", "warn", "error", "silent"];
  const option = new Option("--log-level <level>", "minimum severity of log records to print").choices(
    levels,
  );
  return hasDefault ? option.default("error" satisfies LogLevel) : option;
}

/** @param shown how the default is printed, such as `15m` */
export function durationOption(
  flags: string,
  description: string,
  defaultMs?: number,
  shown?: string,
): Option {
  const option = new Option(flags, description).argParser(
    readBy(parseDuration, "a duration like 500ms, 90s, 15m, 24h or 30d"),
  );
  return defaultMs === undefined ? option : option.default(defaultMs, shown);
}

/** What each built-in policy does; their parameters are on a page of their own. */
export const POLICY_HELP = `
Policies (parameters, in the pipeline file: docs/policies.md):
  edge-only   stages run on the source's own node (without a policy)
  cloud-only  stages run on the cloud
  fixed       each stage runs where the parameter "placement" says, and on the
              cloud where it says nothing
  dynamic     the cloud while the link to it carries the source, or else the
              edges with most to spare; moves at most every 10 s
  offline-profile    the edges by a profile that was measured before
  online-profile     the same, corrected by what is measured now
  latency-collector  tries every node and size, for sluice profile
  fc          on the cloud, in the largest resolution that comes in time
  negative-feedback  turns all knobs of the pipeline's "space" by feedback
  gecko       rate and size follow the scene, split by search
  adamec      split and knobs by best-first search
  madeye      split and knobs by search from a pool of good plans
  chameleon   the cheapest configuration that still finds nearly all
  two-timescale  places by search now and then, turns knobs in between
  predictive  the plan that is predicted to keep the pipeline's "slo" best
  guard       another policy, and a safe one while tasks are late
`;

/** A policy of this program's own: the one that is built in. */
export function policyOption(): Option {
  return new Option("--policy <name>", "placement policy, instead of the pipeline's").choices([
    ...createPolicies().keys(),
  ]);
}

/** `--param`, which comes again and again: parameters of the policy that is named beside them. */
export function paramOption(): Option {
  return new Option(
    "--param <key=value>",
    "parameter of the policy, JSON or text; outer.inner=value for one inside; repeatable",
  ).argParser(another);
}

/** How a source is captured: the knobs of a configuration. */
export function addCaptureOptions(command: Command): Command {
  return command
    .option("--fps <n>", "frames per second of source time, up to 240", positiveNumber)
    .option("--resolution <WxH>", "size to scale frames to, in pixels")
    .option("--frames-per-task <n>", "frames per task, 1 to 256", positiveInteger)
    .addOption(
      new Option("--encoding <encoding>", "encoding of frames between nodes").choices(["rgb", "jpeg"]),
    )
    .option("--quality <n>", "JPEG quality, 1 to 100", positiveInteger)
    .option(
      "--motion-gate <gate>",
      "leave frames out in which nothing moves: on, off, or JSON (docs/cameras.md)",
      motionGate,
    );
}

/** What is in it is checked with the other knobs. */
function motionGate(text: string): unknown {
  if (text === "on" || text === "off") return text === "on";
  const value = jsonOf(text);
  if (typeof value === "object" && value !== null) return value;
  throw new InvalidArgumentError('It must be on, off, or JSON like {"holdMs":5000}.');
}

export function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError("It must be a whole number above 0.");
  return value;
}

/** In bytes. */
export function positiveSize(text: string): number {
  const bytes = parseBytes(text);
  if (bytes === null || bytes < 1) throw new InvalidArgumentError("It must be a size like 512MiB or 4GiB.");
  return bytes;
}

export function positiveNumber(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError("It must be a number above 0.");
  return value;
}

export function notEmpty(text: string): string {
  if (text === "") throw new InvalidArgumentError("It must not be empty.");
  return text;
}

/** An option of any text that may be repeated. */
export function another(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, notEmpty(text)];
}

/** An option that may be repeated: the first value given replaces the default. */
export function listOf<Value extends string>(allowed: readonly Value[]): (text: string) => readonly Value[] {
  const given: Value[] = [];
  return (text) => {
    const value = allowed.find((candidate) => candidate === text);
    if (value === undefined) throw new InvalidArgumentError(`It must be ${allowed.join(" or ")}.`);
    given.push(value);
    return [...given];
  };
}

/** Makes an option's parser of a function that returns null for what it cannot read. */
export function readBy<Value>(read: (text: string) => Value | null, wanted: string): (text: string) => Value {
  return (text) => {
    const value = read(text);
    if (value === null) throw new InvalidArgumentError(`It must be ${wanted}.`);
    return value;
  };
}
