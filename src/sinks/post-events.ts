/** Posts CloudEvents in a batch, signed where there is a secret, and says what came of it. */

import { createHmac } from "node:crypto";
import { errorText } from "../runtime/errors.js";
import { DeliveryError } from "./outlet.js";

export interface PostOptions {
  readonly url: string;
  /** Null signs nothing. */
  readonly secret: string | null;
  /** For the answer, in ms. */
  readonly timeoutMs: number;
  /** Ms since the Unix epoch. */
  readonly now: () => number;
}

/** Answers that another try of the same does not change (RFC 9110): the request itself is at fault. */
const FINAL = new Set([400, 413, 415, 422]);

/** @throws DeliveryError */
export async function postEvents(
  events: readonly Readonly<Record<string, unknown>>[],
  options: PostOptions,
  ended: AbortSignal,
): Promise<void> {
  const { url, timeoutMs } = options;
  const body = JSON.stringify(events);
  let response: Response;
  try {
    response = await fetch(url, {
      method: "POST",
      body,
      headers: {
        "content-type": "application/cloudevents-batch+json; charset=utf-8",
        ...signature(body, options),
      },
      // Somebody else would get what was meant for this one.
      redirect: "manual",
      signal: AbortSignal.any([ended, AbortSignal.timeout(timeoutMs)]),
    });
    // What it says is for nobody.
    await response.body?.cancel();
  } catch (error) {
    throw new DeliveryError(`Cannot reach "${hostOf(url)}": ${causeText(error)}`, { cause: error });
  }
  const { status } = response;
  if (status >= 200 && status < 300) return;
  throw new DeliveryError(`"${hostOf(url)}" answered ${status}`, {
    isFinal: FINAL.has(status),
    retryAfterMs: retryAfterMs(response.headers.get("retry-after")),
  });
}

function signature(body: string, { secret, now }: PostOptions): Readonly<Record<string, string>> {
  if (secret === null) return {};
  const seconds = Math.floor(now() / 1_000);
  return { "sluice-signature": `t=${seconds},v1=${signBody(body, secret, seconds)}` };
}

/** HMAC-SHA-256 in hex of `SECONDS.BODY`. */
export function signBody(body: string, secret: string, seconds: number): string {
  return createHmac("sha256", secret).update(`${seconds}.${body}`).digest("hex");
}

/** Without a path or a query, which may hold what nobody is to read in a log. */
function hostOf(url: string): string {
  return new URL(url).host;
}

function causeText(error: unknown): string {
  if (!(error instanceof Error)) return errorText(error);
  return error.cause === undefined ? error.message : errorText(error.cause);
}

/** Seconds; a date is left to the backoff. */
function retryAfterMs(header: string | null): number | null {
  return header !== null && /^\d{1,6}$/.test(header) ? Number(header) * 1_000 : null;
}
