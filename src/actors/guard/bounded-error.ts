/** Errors that other nodes tell of: kept and shown for long, so that none of them is larger than one that somebody reads. */

import { CodedError, recreateError } from "../../runtime/errors.js";
import { TEXT_LIMITS } from "../../task/limits.js";
import { isPlain } from "./checks.js";

/** Characters of all that an error names for programs. */
const DETAILS_SIZE_MAX = 16 * 1024;
/** An error, and what it came of. */
const CAUSES_MAX = 8;

/** The error itself, or as much of it as there is room for. */
export function boundedError(error: Error): Error {
  return isBounded(error, CAUSES_MAX) ? error : cut(error);
}

function isBounded(error: Error, causesMax: number): boolean {
  const { name, message, cause } = error;
  return (
    name.length <= TEXT_LIMITS.name &&
    message.length <= TEXT_LIMITS.detail &&
    (!(error instanceof CodedError) ||
      (String(error.code).length <= TEXT_LIMITS.name && isPlain(error.details, DETAILS_SIZE_MAX))) &&
    (cause === undefined || (cause instanceof Error && causesMax > 0 && isBounded(cause, causesMax - 1)))
  );
}

function cut(error: Error): Error {
  const message = error.message.slice(0, TEXT_LIMITS.detail);
  if (!(error instanceof CodedError)) return new Error(message);
  const { name, code, retry, details } = error;
  return recreateError(name.slice(0, TEXT_LIMITS.name), message, {
    code: String(code).slice(0, TEXT_LIMITS.name),
    retry,
    details: isPlain(details, DETAILS_SIZE_MAX) ? details : {},
  });
}
