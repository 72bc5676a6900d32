/** Operating failures, identified by `code`. Programmer mistakes are a `TypeError` or `RangeError` instead. */

/** Codes are stable, texts are not. `docs/errors.md` explains each code. */
export const RUNTIME_ERROR_CODES = [
  "actor-failed",
  "actor-name-taken",
  "actor-stopped",
  "address-invalid",
  "ask-aborted",
  "ask-timeout",
  "mailbox-full",
  "message-too-large",
  "message-unknown",
  "node-unreachable",
  "permission-denied",
  "reply-invalid",
  "shutdown-timeout",
  "supervision-exhausted",
] as const;

/** The `code` of a `RuntimeError`. */
export type RuntimeErrorCode = (typeof RUNTIME_ERROR_CODES)[number];

/** What a `CodedError` carries besides its message. */
export interface ErrorOptions<Code extends string> {
  readonly code: Code;
  /** `backoff` if the same call may succeed later. Default `never`. */
  readonly retry?: "never" | "backoff";
  readonly cause?: unknown;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** A failure of the environment, not of the program, with a stable `code` and whether to retry. */
export class CodedError<Code extends string> extends Error {
  readonly code: Code;
  /** `backoff` if the same call may succeed later. */
  readonly retry: "never" | "backoff";
  /** Values that the text names, for programs. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(message: string, options: ErrorOptions<Code>) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.name = "CodedError";
    this.code = options.code;
    this.retry = options.retry ?? "never";
    this.details = options.details ?? {};
  }
}

/** Makes an error of a kind; null where the code is none of that kind's. */
type ErrorKind = (message: string, options: ErrorOptions<string>) => CodedError<string> | null;

const ERROR_KINDS = new Map<string, ErrorKind>();

/** Has errors of a kind be of it on other nodes, too: `instanceof` tells them there as it does here. Called where it is declared. */
export function declareErrorKind<const Code extends string>(
  name: string,
  codes: readonly Code[],
  create: (message: string, options: ErrorOptions<Code>) => CodedError<Code>,
): void {
  ERROR_KINDS.set(name, (message, options) => {
    const code = codes.find((each) => each === options.code);
    return code === undefined ? null : create(message, { ...options, code });
  });
}

/** An error as another node tells of it: of its kind where this program knows that, with this code. */
export function recreateError(
  kind: string,
  message: string,
  options: ErrorOptions<string>,
): CodedError<string> {
  return ERROR_KINDS.get(kind)?.(message, options) ?? new CodedError(message, options);
}

/** An operating failure of the actor runtime. */
export class RuntimeError extends CodedError<RuntimeErrorCode> {
  override readonly name = "RuntimeError";
}

declareErrorKind("RuntimeError", RUNTIME_ERROR_CODES, (...parts) => new RuntimeError(...parts));

/** Of an answer that is none of those that were asked for. @param target who gave it, as an address */
export function replyInvalid(target: string, problem: string): RuntimeError {
  return new RuntimeError(`Cannot use the reply of "${target}": ${problem.slice(0, 300)}`, {
    code: "reply-invalid",
    details: { target },
  });
}

/** Fails to compile if a union switch misses a case, and throws if untyped data slipped through. @throws TypeError */
export function assertNever(value: never): never {
  throw new TypeError(`Unexpected case ${JSON.stringify(value)}`);
}

/** The message of anything thrown, for logs and error texts. */
export function errorText(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** Anything thrown, as an `Error`. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown), { cause: thrown });
}
