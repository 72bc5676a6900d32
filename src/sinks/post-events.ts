/** Posts CloudEvents in a batch, signed where there is a secret, and says what came of it. */

import { createHmac } from "node:crypto";
import { post } from "./post.js";

export interface PostOptions {
  readonly url: string;
  /** Null signs nothing. */
  readonly secret: string | null;
  /** For the answer, in ms. */
  readonly timeoutMs: number;
  /** Ms since the Unix epoch. */
  readonly now: () => number;
}

/** @throws DeliveryError */
export async function postEvents(
  events: readonly Readonly<Record<string, unknown>>[],
  options: PostOptions,
  ended: AbortSignal,
): Promise<void> {
  const { url, timeoutMs } = options;
  const body = JSON.stringify(events);
  const headers = {
    "content-type": "application/cloudevents-batch+json; charset=utf-8",
    ...signature(body, options),
  };
  await post({ url, body, headers, timeoutMs }, ended);
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
