/** Looks from time to time whether a token that opened a link has been revoked since. */

import type { Clock } from "../../runtime/clock.js";
import type { TokenAuthority } from "../security/token-authority.js";

export interface RevocationWatchOptions {
  readonly authority: TokenAuthority;
  readonly clock: Clock;
  /** Between two looks, in ms. */
  readonly periodMs: number;
  /** Ids of the tokens in use; one may occur more than once. */
  readonly inUse: () => Iterable<string>;
  /** The authority does not know this token any more, cannot read it, or it was revoked. */
  readonly onRevoked: (id: string) => void;
}

/** @returns ends the watch; a look in progress still reports what it finds */
export function watchRevocations(options: RevocationWatchOptions): () => void {
  const { authority, clock, periodMs, inUse, onRevoked } = options;
  let ended = false;
  let timer = clock.after(periodMs, () => void lookAndGoOn());

  async function lookAndGoOn(): Promise<void> {
    await look();
    if (!ended) timer = clock.after(periodMs, () => void lookAndGoOn());
  }

  async function look(): Promise<void> {
    for (const id of new Set(inUse())) {
      const record = await authority.find(id).catch(() => null);
      if (record === null || record.revoked) onRevoked(id);
    }
  }

  return () => {
    ended = true;
    timer.cancel();
  };
}
