/** The door to commander: commands, their options and help, and what a wrong one comes to. */

import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import type { LogLevel } from "../src/runtime/log.js";
import { err } from "./terminal.js";

export { Command, Option };

/** Flags that were read well and mean nothing: wrong usage, like one that is not known. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Help was asked for (0) or the usage was wrong (2); what had to be said is said. */
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

export function logLevelOption(fallback: LogLevel): Option {
  return new Option(
    "--log-level <level>",
    `least severe log records to print (default: ${fallback})`,
  ).choices(["debug", "info", "warn", "error", "silent"]);
}

export function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError("It must be a whole number above 0.");
  return value;
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

/** An option that may be given more than once: the first one given takes the place of the default. */
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
