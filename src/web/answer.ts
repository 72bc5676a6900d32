/** What the hub answers to a request of HTTP, and how that is written: nothing is cached, guessed or kept open. */

import type { HttpResponse } from "../transport/carrier.js";

export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface TextAnswer extends Answer {
  readonly body: string;
}

/** A line of text for whoever reads it with their own eyes. */
export function plainAnswer(
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return { status, contentType: "text/plain; charset=utf-8", body: `${text}\n`, headers };
}

export function jsonAnswer(status: number, value: unknown): Answer {
  return { status, contentType: "application/json; charset=utf-8", body: `${JSON.stringify(value)}\n` };
}

const HEADERS = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  // Who wants more dials again: a connection that idles would take the place of one that does not.
  connection: "close",
};

/** @param head sends the headers alone */
export function sendAnswer(response: HttpResponse, answer: Answer, head: boolean): void {
  const body = typeof answer.body === "string" ? Buffer.from(answer.body) : answer.body;
  response.writeHead(answer.status, {
    ...HEADERS,
    ...answer.headers,
    "content-type": answer.contentType,
    "content-length": body.length,
  });
  response.end(head ? undefined : body);
}
