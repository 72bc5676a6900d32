/**
 * The hub's door for HTTP, at the address where nodes join it.
 *
 * WD1 A path that is not listed is not found, whatever it looks like: no part of a request is ever used as the name of a file.
 * WD2 There are so many requests at a time of each path; one more is told to come again. What is still being sent is none yet.
 *     Answers that nobody takes are a part of the memory of the hub, and where there is none left of it nothing is answered.
 * WD3 A stream ends with the token that opened it, and one that nobody reads is let go of.
 * WD4 What fails inside is logged here, and the one who asks learns only that it did, and whether to come again.
 */

import { CodedError, errorText } from "../runtime/errors.js";
import type { Clock } from "../runtime/clock.js";
import type { Logger } from "../runtime/log.js";
import type { HttpRequest, HttpResponse } from "../transport/carrier.js";
import type { MemoryBudget } from "../runtime/memory-budget.js";
import { addressGroup } from "../transport/address-group.js";
import type { TokenAuthority } from "../transport/security/token-authority.js";
import { plainAnswer, sendAnswer, type Answer } from "./answer.js";
import { bodyOf } from "./body.js";
import { callerOf } from "./caller.js";
import { Unread } from "./unread.js";
import { watchStream } from "./watch-stream.js";

type Method = "GET" | "POST" | "DELETE";
/** `body` is null where there was none, or a longer one than the route takes. */
type Give = (request: HttpRequest, body: Uint8Array | null) => Answer | Promise<Answer>;

/** What is answered at one path. */
interface Route {
  /** Who may ask: anybody at all, or whoever may operate the cluster or look at it: these routes change nothing. */
  readonly for: "anybody" | "operators";
  /** `GET` serves `HEAD`, too. */
  readonly answers: Readonly<Partial<Record<Method, Give>>>;
  /** Whether strangers are told that it is there. */
  readonly isListed: boolean;
  /** The answer waits for something to happen: whoever may ask may stay for it. */
  readonly waits?: true;
  /** Longest body that is read; none is where this is missing. */
  readonly bodyBytesMax?: number;
}

export type Routes = ReadonlyMap<string, Route>;

export interface DoorOptions {
  /** Null where the hub asks nobody for a token. */
  readonly tokens: TokenAuthority | null;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Answers that are being made at a time of each path. */
const REQUESTS_MAX = 32;

/** What is refused, as a hub counts it among what it refuses else. */
const REFUSED: Readonly<Record<number, string>> = {
  401: "http-denied",
  403: "http-denied",
  404: "http-not-found",
  405: "http-method",
  429: "http-busy",
  503: "http-busy",
};

/** How often what was answered, by status. */
export type RequestCounts = Readonly<Record<string, number>>;

export interface Door {
  handle(request: HttpRequest, response: HttpResponse, keep: () => void): void;
  readonly counts: RequestCounts;
  /** From now on these are answered; before that, the hub says that it is starting. */
  open(routes: Routes, hub: DoorHub): void;
}

/** What the hub has to do with requests. */
export interface DoorHub {
  /** Counts what is refused, by kind. */
  readonly onRefused: (kind: string, path: string) => void;
  /** What is not taken yet is a part of it. */
  readonly memory: MemoryBudget;
}

/** What is answered at a path by `GET`. */
export function getRoute(give: Give, access: Route["for"] = "anybody", isListed = true): Route {
  return { for: access, answers: { GET: give }, isListed };
}

export function createDoor({ tokens, clock, log }: DoorOptions): Door {
  const counts: Record<string, number> = {};
  let routes: Routes | null = null;
  const running = new Map<Route, number>();
  let hub: DoorHub | null = null;

  async function answerTo(request: HttpRequest, keep: () => void): Promise<Answer> {
    if (routes === null) return plainAnswer(503, "The hub is starting", { "retry-after": "1" });
    const route = routeOf(routes, (request.url ?? "").replace(/\?.*$/s, ""));
    if (route === undefined) return notFound(routes);
    const give = giveOf(route, request.method ?? "");
    if (give === undefined) {
      const allow = Object.keys(route.answers).join(", ");
      return plainAnswer(405, `Ask with ${allow}`, { allow });
    }
    if (route.for === "operators") {
      const caller = await callerOf(request, tokens, clock.now());
      if (caller.type === "stranger") return refusal(caller.problem);
    }
    if (route.waits === true) keep();
    const body = route.bodyBytesMax === undefined ? null : await bodyOf(request, route.bodyBytesMax);
    const count = running.get(route) ?? 0;
    if (count >= REQUESTS_MAX) return plainAnswer(503, "Too many ask at a time", { "retry-after": "1" });
    running.set(route, count + 1);
    try {
      return await give(request, body);
    } finally {
      running.set(route, (running.get(route) ?? 1) - 1);
    }
  }

  /** Where there is no memory for an answer, that it is so. */
  function remembered(request: HttpRequest, response: HttpResponse, answer: Answer): Answer {
    if (hub === null || typeof answer.body === "function") return answer;
    const unread = new Unread(hub.memory, `http ${addressGroup(request.socket.remoteAddress ?? "")}`);
    response.on("close", () => unread.close());
    if (response.destroyed) unread.close();
    else if (!unread.take(0, Buffer.byteLength(answer.body)))
      return plainAnswer(503, "Too much waits to be read", { "retry-after": "1" });
    return answer;
  }

  async function handle(request: HttpRequest, response: HttpResponse, keep: () => void): Promise<void> {
    response.on("error", () => {});
    let answer: Answer;
    try {
      answer = await answerTo(request, keep);
    } catch (thrown) {
      log.error("Cannot answer a request", { path: request.url ?? "", error: errorText(thrown) });
      answer = failure(thrown);
    }
    answer = remembered(request, response, answer);
    counts[answer.status] = (counts[answer.status] ?? 0) + 1;
    const kind = REFUSED[answer.status];
    if (kind !== undefined) hub?.onRefused(kind, request.url ?? "");
    if (typeof answer.body === "function") {
      keep();
      watchStream({ request, response, tokens, clock });
    }
    // What nobody has read: without this the end of the request is never seen.
    request.resume();
    try {
      await sendAnswer(response, answer, request.method === "HEAD");
    } catch (thrown) {
      log.warn("An answer has ended early", { path: request.url ?? "", error: errorText(thrown) });
    }
  }

  return {
    handle: (request, response, keep) => void handle(request, response, keep),
    counts,
    open(opened, openedHub) {
      routes = opened;
      hub = openedHub;
    },
  };
}

/** One that ends in `/*` is for every name at its place. */
function routeOf(routes: Routes, path: string): Route | undefined {
  return routes.get(path) ?? routes.get(`${path.slice(0, path.lastIndexOf("/"))}/*`);
}

function giveOf({ answers }: Route, method: string): Give | undefined {
  if (method === "HEAD") return answers.GET;
  return method === "GET" || method === "POST" || method === "DELETE" ? answers[method] : undefined;
}

function notFound(routes: Routes): Answer {
  const listed = [...routes].filter(([, { isListed }]) => isListed).map(([path]) => path);
  return plainAnswer(404, `There are ${listed.join(", ")} here`);
}

/** A part of the hub that has no time for it now may have some later: that is no fault. */
function failure(thrown: unknown): Answer {
  if (thrown instanceof CodedError && thrown.retry === "backoff") {
    return plainAnswer(503, "The hub has no time for this now: come again", { "retry-after": "1" });
  }
  return plainAnswer(500, "This failed: the hub's log says why");
}

function refusal(problem: string): Answer {
  return plainAnswer(401, `You may not see this: ${problem}`, {
    "www-authenticate": 'Bearer realm="sluice"',
  });
}
