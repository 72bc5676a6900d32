/** Tells pages how the cluster is, once a second for as long as one looks: the parts are asked once for all of them. */

import type { Clock, TimerHandle } from "../runtime/clock.js";
import { errorText } from "../runtime/errors.js";
import type { Logger } from "../runtime/log.js";
import type { ClusterSnapshot } from "./page-protocol.js";

const PERIOD_MS = 1_000;

export interface ClusterFeed {
  /** The newest snapshot comes at once where there is one. @returns ends it */
  subscribe(listener: (snapshot: ClusterSnapshot) => void): () => void;
}

/** @param look rejects where a part does not answer: the next look is the next second */
export function createClusterFeed(
  look: () => Promise<ClusterSnapshot>,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): ClusterFeed {
  const listeners = new Set<(snapshot: ClusterSnapshot) => void>();
  let newest: ClusterSnapshot | null = null;
  let timer: TimerHandle | null = null;
  let looking = false;

  async function tick(): Promise<void> {
    if (looking) return;
    looking = true;
    try {
      newest = await look();
      for (const listener of listeners) listener(newest);
    } catch (thrown) {
      log.warn("Cannot look at the cluster for a page", { error: errorText(thrown) });
    }
    looking = false;
    timer = listeners.size === 0 ? null : clock.after(PERIOD_MS, () => void tick());
  }

  return {
    subscribe(listener) {
      listeners.add(listener);
      if (newest !== null && clock.now() - newest.atMs < 2 * PERIOD_MS) listener(newest);
      if (timer === null) void tick();
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        timer?.cancel();
        timer = null;
      };
    },
  };
}
