/** Logging as a port, and the door to pino: one JSON line a record, on standard error. */

import { pino } from "pino";
import { safeJson } from "./safe-text.js";

/** From all records to none. */
export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

/** Writes records: a constant message, and what varies in `details`. */
export interface Logger {
  debug(message: string, details?: Readonly<Record<string, unknown>>): void;
  info(message: string, details?: Readonly<Record<string, unknown>>): void;
  warn(message: string, details?: Readonly<Record<string, unknown>>): void;
  error(message: string, details?: Readonly<Record<string, unknown>>): void;
  /** Whether records of `level` are written; if not, their details need not be computed. */
  isEnabled(level: Exclude<LogLevel, "silent">): boolean;
  /** A logger that adds `fields` to every record. */
  child(fields: Readonly<Record<string, unknown>>): Logger;
}

/** Writes records of `level` and above to standard error. */
export function createLogger(options: { readonly level: LogLevel }): Logger {
  const stderr = pino.destination({ dest: 2, sync: true });
  // What a record says may come from elsewhere, and a terminal may show it.
  const safe = { write: (line: string) => void stderr.write(`${safeJson(line.trimEnd())}\n`) };
  return fromPino(pino({ level: options.level, base: null }, safe));
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
