/** Says in the node's log what it has refused to operators, at most once a second. */

import { CodedError, errorText } from "../../runtime/errors.js";
import { RateLimit } from "../../runtime/rate-limit.js";
import type { ActorSystem } from "../../runtime/system.js";

/** @returns takes what was thrown at a request for the source of that name */
export function createRefusalLog({ clock, log }: ActorSystem): (source: string, thrown: unknown) => void {
  const limit = new RateLimit({ perSecond: 1, burst: 1 }, clock.now());
  let count = 0;
  return (source, thrown) => {
    count += 1;
    if (!limit.take(clock.now())) return;
    const code = thrown instanceof CodedError ? (thrown.code as string) : null;
    log.warn("Refused a source that an operator asked for", {
      source,
      code,
      error: errorText(thrown),
      count,
    });
    count = 0;
  };
}
