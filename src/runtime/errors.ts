/** Operating failures, told apart by `code`. Programmer mistakes are `TypeError` or `RangeError` instead. */

/** Codes are promises: `docs/errors.md` has a heading for each. */
export const RUNTIME_ERROR_CODES = [
  "actor-failed",
  "actor-name-taken",
  "actor-stopped",
  "address-invalid",
  "ask-aborted",
  "ask-timeout",
  "mailbox-full",
  "node-unreachable",
  "permission-denied",
  "shutdown-timeout",
  "supervision-exhausted",
] as const;

export type RuntimeErrorCode = (typeof RUNTIME_ERROR_CODES)[number];

export interface ErrorOptions<Code extends string> {
  readonly code: Code;
  /** `backoff` where the same call may succeed later. Default `never`. */
  readonly retry?: "never" | "backoff";
  readonly cause?: unknown;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** A failure of the world, not of the program: it carries a stable `code` and whether trying again can help. */
export class CodedError<Code extends string> extends Error {
  readonly code: Code;
  readonly retry: "never" | "backoff";
  readonly details: Readonly<Record<string, unknown>>;

  constructor(message: string, options: ErrorOptions<Code>) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.name = "CodedError";
    this.code = options.code;
    this.retry = options.retry ?? "never";
    this.details = options.details ?? {};
  }
}

/** A failure inside the actor runtime. */
export class RuntimeError extends CodedError<RuntimeErrorCode> {
  override readonly name = "RuntimeError";
}

/** Fails to compile where a union switch misses a case, and throws where untyped data slipped through. */
export function assertNever(value: never): never {
  throw new TypeError(`Unexpected case ${JSON.stringify(value)}`);
}

/** The text of anything thrown, for logs and messages. */
export function errorText(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** Anything thrown as an `Error`. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown), { cause: thrown });
}
