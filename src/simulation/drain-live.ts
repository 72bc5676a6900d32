/** Hosts that finish what they have, and live sources, which do not end by themselves. */

import type { SluiceNode } from "../node/node.js";
import { parseSourceId } from "../task/identity.js";
import type { SimulatedHost } from "./simulated-host.js";
import type { SimulatedSource } from "./simulated-source.js";
import type { VirtualTime } from "./virtual-time.js";

/** Has a host finish what it has and leave, where it is a member. */
export function drainHost(host: SimulatedHost, sources: readonly SimulatedSource[]): void {
  if (host.node === null) return;
  for (const source of sources) if (source.host === host.name && !source.ordered) source.drained = true;
  host.drain();
}

/** Between attempts, in ms. */
const RETRY_MS = 500;

/** Drains those that are on one host; again and again, as that may not be a member yet. */
export function drainLive(
  sources: readonly SimulatedSource[],
  nodeOf: (host: string) => SluiceNode | null,
  time: VirtualTime,
): void {
  const live = sources.filter(
    ({ camera, candidates, ended }) => camera.frames === null && candidates.length === 0 && ended === null,
  );
  for (const { id, host } of live) void nodeOf(host)?.drainSource(parseSourceId(id));
  if (live.length > 0) time.after(RETRY_MS, () => drainLive(sources, nodeOf, time));
}
