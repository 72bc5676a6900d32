/** Errors of another node, as far as they can be recreated here. */

import { recreateError } from "../../runtime/errors.js";

interface ErrorParts {
  readonly name: string;
  readonly message: string;
  /** Null makes an ordinary error. */
  readonly code: string | null;
  readonly retry: "never" | "backoff";
  readonly details: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** If there is a code, of the kind that it was there; its stack is its name and message only. @see recreateError */
export function createDecodedError({ name, message, code, ...rest }: ErrorParts): Error {
  const { stackTraceLimit } = Error;
  // The stack of the decoder helps nobody, and is most of what an error costs.
  Error.stackTraceLimit = 0;
  try {
    const error =
      code === null
        ? new Error(message, "cause" in rest ? { cause: rest.cause } : undefined)
        : recreateError(name, message, { code, ...rest });
    const hidden = { writable: true, enumerable: false, configurable: true };
    Object.defineProperty(error, "name", { ...hidden, value: name });
    Object.defineProperty(error, "stack", { ...hidden, value: `${name}: ${message}` });
    return error;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}
