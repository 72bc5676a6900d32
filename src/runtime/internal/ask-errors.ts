/** The errors that an ask ends with, by what kept it from a reply. */

import type { DeadLetterReason } from "../dead-letters.js";
import { assertNever, RuntimeError } from "../errors.js";

/** No reply within `timeoutMs`. */
export function askTimeout(target: string, timeoutMs: number): RuntimeError {
  return new RuntimeError(`Cannot get a reply from "${target}" in time: got none within ${timeoutMs} ms`, {
    code: "ask-timeout",
    retry: "backoff",
    details: { target, timeoutMs },
  });
}

/** The signal of the ask aborted with `cause`. */
export function askAborted(target: string, cause: unknown): RuntimeError {
  return new RuntimeError(`Cannot wait for a reply from "${target}": the ask was aborted`, {
    code: "ask-aborted",
    cause,
  });
}

/** The request became a dead letter for `reason`, so no reply can come. */
export function askLost(target: string, reason: DeadLetterReason, cause: Error | undefined): RuntimeError {
  const details = { target, reason };
  switch (reason) {
    case "mailbox-full":
    case "mailbox-dropped":
    case "no-memory":
      return new RuntimeError(`Cannot ask "${target}": its mailbox is full`, {
        code: "mailbox-full",
        retry: "backoff",
        details,
      });
    case "failed":
      return new RuntimeError(`Cannot get a reply from "${target}": it failed on the request`, {
        code: "actor-failed",
        cause,
        details,
      });
    case "link-full":
      return new RuntimeError(`Cannot ask "${target}": the link to its node is full`, {
        code: "node-unreachable",
        retry: "backoff",
        details,
      });
    case "refused":
      return new RuntimeError(`Cannot ask "${target}": its node does not allow it`, {
        code: "permission-denied",
        details,
      });
    case "too-large":
      return new RuntimeError(`Cannot ask "${target}": the request is larger than a message may be`, {
        code: "message-too-large",
        details,
      });
    case "unreachable":
    case "unencodable":
      return new RuntimeError(`Cannot ask "${target}": its node is unreachable`, {
        code: "node-unreachable",
        retry: "backoff",
        details,
      });
    case "unhandled":
      return new RuntimeError(`Cannot ask "${target}": it does not know such a message`, {
        code: "message-unknown",
        details,
      });
    case "stopped":
    case "stale":
      return new RuntimeError(`Cannot ask "${target}": it has stopped`, { code: "actor-stopped", details });
    default:
      return assertNever(reason);
  }
}
