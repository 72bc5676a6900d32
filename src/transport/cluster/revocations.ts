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
  /** It says that this token was revoked. A token that cannot be read, or is not there, is none that was revoked. */
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
      // What is wrong with the list is for the authority to say: it changes nothing for who is in.
      const record = await authority.find(id).catch(() => null);
      if (record?.revoked === true) onRevoked(id);
    }
  }

  return () => {
    ended = true;
    timer.cancel();
  };
}
