/**
 * The hub's door for HTTP, at the address where nodes join it.
 *
 * WD1 A path that is not listed is not found, whatever it looks like: no part of a request is ever used as the name of a file.
 * WD2 There are so many requests at a time; one more is told to come again.
 * WD3 A request has no body; what fails inside is logged here, and the one who asks learns only that it did.
 */

import { errorText } from "../runtime/errors.js";
import type { Clock } from "../runtime/clock.js";
import type { Logger } from "../runtime/log.js";
import type { HttpHandler, HttpRequest, HttpResponse } from "../transport/carrier.js";
import type { TokenAuthority } from "../transport/security/token-authority.js";
import { plainAnswer, sendAnswer, type Answer } from "./answer.js";
import { callerOf } from "./caller.js";

/** What is answered at one path, to `GET` and `HEAD`. */
interface Route {
  /** Who may ask: anybody at all, or whoever may operate the cluster. */
  readonly for: "anybody" | "operators";
  answer(): Answer | Promise<Answer>;
}

export type Routes = ReadonlyMap<string, Route>;

export interface DoorOptions {
  /** Null where the hub asks nobody for a token. */
  readonly tokens: TokenAuthority | null;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Answers that are being made at a time. */
const REQUESTS_MAX = 32;

/** What is refused, as a hub counts it among what it refuses else. */
const REFUSED: Readonly<Record<number, string>> = {
  401: "http-denied",
  404: "http-not-found",
  405: "http-method",
  503: "http-busy",
};

/** How often what was answered, by status. */
export type RequestCounts = Readonly<Record<string, number>>;

export interface Door {
  readonly handle: HttpHandler;
  readonly counts: RequestCounts;
  /** From now on these are answered; before that, the hub says that it is starting. */
  open(routes: Routes, onRefused: (kind: string, path: string) => void): void;
}

export function createDoor({ tokens, clock, log }: DoorOptions): Door {
  const counts: Record<string, number> = {};
  let routes: Routes | null = null;
  let running = 0;
  let onRefused: (kind: string, path: string) => void = () => {};

  async function answerTo(request: HttpRequest): Promise<Answer> {
    if (routes === null) return plainAnswer(503, "The hub is starting", { "retry-after": "1" });
    const route = routes.get((request.url ?? "").replace(/\?.*$/s, ""));
    if (route === undefined) return plainAnswer(404, `There are ${[...routes.keys()].join(", ")} here`);
    if (request.method !== "GET" && request.method !== "HEAD") {
      return plainAnswer(405, "Ask with GET", { allow: "GET, HEAD" });
    }
    if (route.for === "operators") {
      const caller = await callerOf(request, tokens, clock.now());
      if (caller.type === "stranger") return refusal(caller.problem);
    }
    return route.answer();
  }

  async function handle(request: HttpRequest, response: HttpResponse): Promise<void> {
    // Nobody reads it; without this the end of the request is never seen.
    request.resume();
    response.on("error", () => {});
    let answer: Answer;
    if (running >= REQUESTS_MAX) {
      answer = plainAnswer(503, "Too many ask at a time", { "retry-after": "1" });
    } else {
      running += 1;
      try {
        answer = await answerTo(request);
      } catch (thrown) {
        log.error("Cannot answer a request", { path: request.url ?? "", error: errorText(thrown) });
        answer = plainAnswer(500, "This failed: the hub's log says why");
      }
      running -= 1;
    }
    counts[answer.status] = (counts[answer.status] ?? 0) + 1;
    const kind = REFUSED[answer.status];
    if (kind !== undefined && routes !== null) onRefused(kind, request.url ?? "");
    sendAnswer(response, answer, request.method === "HEAD");
  }

  return {
    handle: (request, response) => void handle(request, response),
    counts,
    open(opened, told) {
      routes = opened;
      onRefused = told;
    },
  };
}

function refusal(problem: string): Answer {
  return plainAnswer(401, `You may not see this: ${problem}`, {
    "www-authenticate": 'Bearer realm="sluice"',
  });
}
