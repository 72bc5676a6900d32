/**
 * Accepts connections from other nodes: listens, does the handshake, and keeps unproved connections few and short-lived.
 *
 * A1 A connection that has not joined within `handshakeMs` is closed.
 * A2 At most `pendingMax` connections wait to join; one more evicts the one that has waited longest, so that idle
 *    connections shut nobody out.
 * A3 An address whose attempts keep failing is blocked for a while; nodes that joined from there before stay.
 */

import type { Carrier, Channel, Listening, ListenOptions } from "../carrier.js";
import { FailingAddresses, type FailureLimit } from "./failing-addresses.js";
import type { Incidents } from "./incidents.js";
import { PendingPeer, type PendingPeerListener, type PendingPeerOptions } from "./pending-peer.js";

export interface AcceptorLimits {
  /** From the connection to the join, in ms. */
  readonly handshakeMs: number;
  /** Connections that have not joined yet. */
  readonly pendingMax: number;
  readonly failures: FailureLimit;
}

export const DEFAULT_ACCEPTOR_LIMITS: AcceptorLimits = {
  handshakeMs: 2_000,
  pendingMax: 256,
  failures: { perSecond: 5, burst: 200 },
};

export interface AcceptorOptions extends PendingPeerOptions {
  readonly carrier: Carrier;
  readonly listen: Omit<ListenOptions, "onChannel">;
  readonly incidents: Incidents;
  readonly limits: AcceptorLimits;
}

export interface Acceptor {
  readonly listening: Listening;
  /** Accepts no more connections; nodes that have joined stay. */
  close(): Promise<void>;
}

/** @throws TransportError `listen-failed` */
export async function listenForPeers(options: AcceptorOptions): Promise<Acceptor> {
  const { carrier, clock, incidents, limits } = options;
  /** Oldest first. */
  const pending = new Set<PendingPeer>();
  const failing = new FailingAddresses(limits.failures);
  const listener: PendingPeerListener = {
    onFailed({ channel }, kind, detail) {
      incidents.add(kind, channel.remote, detail);
      failing.failed(addressOf(channel), clock.monotonic());
    },
    onEnd: (peer) => void pending.delete(peer),
  };

  function onChannel(channel: Channel): void {
    if (failing.blocked(addressOf(channel), clock.monotonic())) {
      incidents.add("address-blocked", channel.remote);
      channel.destroy();
      return;
    }
    if (pending.size >= limits.pendingMax) {
      const [oldest] = pending;
      incidents.add("handshake-evicted", oldest?.channel.remote);
      oldest?.giveUp();
    }
    pending.add(new PendingPeer(channel, limits.handshakeMs, options, listener));
  }

  const listening = await carrier.listen({ ...options.listen, onChannel });
  return {
    listening,
    async close() {
      for (const peer of pending) peer.giveUp();
      await listening.close();
    },
  };
}

/** Of the remote end, without its port. */
function addressOf({ remote }: Channel): string {
  return remote.replace(/:\d+$/, "");
}
