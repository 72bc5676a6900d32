/** Operating failures between nodes. */

import { CodedError, declareErrorKind } from "../runtime/errors.js";

/** Codes are promises: `docs/errors.md` has a heading for each. */
export const TRANSPORT_ERROR_CODES = [
  "behaviour-unknown",
  "cluster-full",
  "cluster-mismatch",
  "connect-failed",
  "handshake-failed",
  "listen-failed",
  "name-key-invalid",
  "name-taken",
  "name-unknown",
  "role-denied",
  "spawn-failed",
  "token-expired",
  "token-file-invalid",
  "token-invalid",
  "token-missing",
  "token-revoked",
  "token-used",
  "version-incompatible",
] as const;

/** What went wrong between nodes. */
export type TransportErrorCode = (typeof TRANSPORT_ERROR_CODES)[number];

/** A failure to join, to connect, or to be allowed; the text says what is wrong and how to fix it. */
export class TransportError extends CodedError<TransportErrorCode> {
  override readonly name = "TransportError";
}

declareErrorKind("TransportError", TRANSPORT_ERROR_CODES, (...parts) => new TransportError(...parts));
