/** One POST of JSON, and whether another try of the same could be taken. */

import { errorText } from "../runtime/errors.js";
import { DeliveryError } from "./outlet.js";

export interface Post {
  readonly url: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  /** For the whole answer, in ms. */
  readonly timeoutMs: number;
  /** Of an answer that is read, in bytes; what is longer is not read at all. Default 0: what it says is for nobody. */
  readonly answerBytesMax?: number;
}

/** Answers that another try of the same does not change (RFC 9110): the request itself is at fault. */
const FINAL = new Set([400, 413, 415, 422]);

const LATE = "The operation was aborted due to timeout";

/**
 * @returns what was answered where all of it was taken; empty where nothing of it was read
 * @throws DeliveryError
 */
export async function post(
  { url, body, headers, timeoutMs, answerBytesMax = 0 }: Post,
  ended: AbortSignal,
): Promise<string> {
  let response: Response;
  let answer: string;
  const given = new AbortController();
  // Both hold it: of `AbortSignal.any` and `AbortSignal.timeout` a collection of garbage may lose the timer (Node 20).
  const late = setTimeout(() => given.abort(new DOMException(LATE, "TimeoutError")), timeoutMs);
  const end = (): void => given.abort(ended.reason);
  ended.addEventListener("abort", end);
  if (ended.aborted) end();
  try {
    response = await fetch(url, {
      method: "POST",
      body,
      headers,
      // Somebody else would get what was meant for this one.
      redirect: "manual",
      signal: given.signal,
    });
    answer = await answerOf(response, answerBytesMax);
  } catch (error) {
    throw new DeliveryError(`Cannot reach "${hostOf(url)}": ${causeText(error)}`, { cause: error });
  } finally {
    clearTimeout(late);
    ended.removeEventListener("abort", end);
  }
  const { status } = response;
  if (status >= 200 && status < 300) return answer;
  throw new DeliveryError(`"${hostOf(url)}" answered ${status}`, {
    isFinal: FINAL.has(status),
    retryAfterMs: retryAfterMs(response.headers.get("retry-after")),
  });
}

async function answerOf({ body }: Response, bytesMax: number): Promise<string> {
  if (body === null) return "";
  if (bytesMax === 0) {
    await body.cancel();
    return "";
  }
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of body as AsyncIterable<Uint8Array>) {
    bytes += part.length;
    if (bytes > bytesMax) return "";
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

/** Without a path or a query, which may hold what nobody is to read in a log. */
export function hostOf(url: string): string {
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
