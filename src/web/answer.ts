/** What the hub answers to a request of HTTP, and how that is written: nothing is cached, guessed or kept open. */

import type { HttpResponse } from "../transport/carrier.js";

export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | Uint8Array | Stream;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Writes a body that has no end yet; what it throws ends the answer. */
type Stream = (sink: Sink) => Promise<void>;

/** Where a stream goes. */
export interface Sink {
  /** Resolves once there is room for more, or nobody reads any more. */
  write(text: string): Promise<void>;
  readonly isOpen: boolean;
  /** Resolves once nobody reads any more. */
  readonly closed: Promise<void>;
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

/**
 * Rejects with what a stream threw.
 *
 * @param head sends the headers alone
 */
export async function sendAnswer(response: HttpResponse, answer: Answer, head: boolean): Promise<void> {
  const { status, contentType } = answer;
  const headers = { ...HEADERS, ...answer.headers, "content-type": contentType };
  if (typeof answer.body === "function") {
    response.writeHead(status, headers);
    if (head) response.end();
    else await sendStream(response, answer.body);
    return;
  }
  const body = typeof answer.body === "string" ? Buffer.from(answer.body) : answer.body;
  response.writeHead(status, { ...headers, "content-length": body.length });
  response.end(head ? undefined : body);
}

async function sendStream(response: HttpResponse, stream: Stream): Promise<void> {
  // Whoever asked may have gone while the answer was made: no event tells it any more.
  let isOpen = !response.destroyed;
  let wake: () => void = () => {};
  const closed = new Promise<void>((resolve) => {
    if (!isOpen) resolve();
    response.on("close", () => {
      isOpen = false;
      wake();
      resolve();
    });
  });
  response.on("drain", () => wake());
  const sink: Sink = {
    closed,
    get isOpen() {
      return isOpen;
    },
    write(text) {
      if (!isOpen || response.write(text)) return Promise.resolve();
      return new Promise((resolve) => (wake = resolve));
    },
  };
  try {
    await stream(sink);
  } finally {
    response.end();
  }
}
