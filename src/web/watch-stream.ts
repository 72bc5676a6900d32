/** Looks after an answer that has no end: whether who reads it may still do so, and whether anybody reads it at all. */

import type { Clock } from "../runtime/clock.js";
import type { HttpRequest, HttpResponse } from "../transport/carrier.js";
import type { TokenAuthority } from "../transport/security/token-authority.js";
import { callerOf } from "./caller.js";

const CHECK_MS = 2_000;
/** How long there may be no room for more, in ms. */
const UNREAD_MS_MAX = 30_000;

export interface WatchedStream {
  readonly request: HttpRequest;
  readonly response: HttpResponse;
  /** Null where the hub asks nobody for a token. */
  readonly tokens: TokenAuthority | null;
  readonly clock: Clock;
}

/** Ends with the response, and ends it. */
export function watchStream({ request, response, tokens, clock }: WatchedStream): void {
  let readAtMs = clock.monotonic();
  response.on("drain", () => (readAtMs = clock.monotonic()));

  async function check(): Promise<void> {
    if (response.destroyed) return;
    if (!response.writableNeedDrain) readAtMs = clock.monotonic();
    // A list of tokens that cannot be read changes nothing.
    const caller = await callerOf(request, tokens, clock.now()).catch(() => null);
    const isUnread = clock.monotonic() - readAtMs >= UNREAD_MS_MAX;
    if (isUnread || caller?.type === "stranger") response.destroy();
    else timer = clock.after(CHECK_MS, () => void check());
  }

  let timer = clock.after(CHECK_MS, () => void check());
  response.on("close", () => timer.cancel());
}
