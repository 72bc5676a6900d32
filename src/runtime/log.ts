/** Logging as a port, and the door to pino: one JSON line a record, on standard error. */

import { writeSync } from "node:fs";
import { pino } from "pino";
import { safeJson } from "./safe-text.js";

/** From all records to none. */
export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

/** Writes records: a constant message, and what varies in `details`. */
export interface Logger {
  /** For whoever looks for a fault in Sluice. */
  debug(message: string, details?: Readonly<Record<string, unknown>>): void;
  /** What happens in the course of things. */
  info(message: string, details?: Readonly<Record<string, unknown>>): void;
  /** What an operator should know. */
  warn(message: string, details?: Readonly<Record<string, unknown>>): void;
  /** What failed and was not mended. */
  error(message: string, details?: Readonly<Record<string, unknown>>): void;
  /** Whether records of `level` are written; if not, their details need not be computed. */
  isEnabled(level: Exclude<LogLevel, "silent">): boolean;
  /** A logger that adds `fields` to every record. */
  child(fields: Readonly<Record<string, unknown>>): Logger;
}

/**
 * Writes records of `level` and above to standard error. A record that cannot be written, as the disk is full or the reader
 * gone, is lost and fails nobody; the next one that can be comes with how many were.
 */
export function createLogger(options: { readonly level: LogLevel }): Logger {
  return fromPino(
    pino(
      { level: options.level, base: null },
      createStandardError((line) => writeSync(2, line)),
    ),
  );
}

/** @param write returns how much it has written, or throws */
export function createStandardError(write: (bytes: Uint8Array) => number): { write(line: string): void } {
  let lost = 0;
  return {
    write(line) {
      const note =
        lost === 0 ? "" : `{"level":40,"time":${Date.now()},"lost":${lost},"msg":"Records were lost"}\n`;
      // What a record says may come from elsewhere, and a terminal may show it.
      const text = safeJson(line.trimEnd());
      if (writeWhole(Buffer.from(`${note}${text}\n`), write)) lost = 0;
      else lost += 1;
    },
  };
}

/** Looks at a pipe that takes nothing now, as its reader is slow. */
const RETRIES_MAX = 100;

function writeWhole(bytes: Uint8Array, write: (bytes: Uint8Array) => number): boolean {
  let rest = bytes;
  for (let tries = 0; rest.length > 0 && tries < RETRIES_MAX; tries++) {
    try {
      rest = rest.subarray(write(rest));
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) return false;
    }
  }
  return rest.length === 0;
}

/** Discards everything. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  isEnabled: () => false,
  child: () => silentLogger,
};

function fromPino(log: pino.Logger): Logger {
  return {
    debug: (message, details) => log.debug(details ?? {}, message),
    info: (message, details) => log.info(details ?? {}, message),
    warn: (message, details) => log.warn(details ?? {}, message),
    error: (message, details) => log.error(details ?? {}, message),
    isEnabled: (level) => log.isLevelEnabled(level),
    child: (fields) => fromPino(log.child(fields)),
  };
}
