/**
 * Accepts connections from other nodes: listens, does the handshake, and keeps unproved connections few and short-lived.
 *
 * A1 A connection that keeps this node waiting for `handshakeMs` at a step of its handshake is closed.
 * A2 At most `pendingMax` connections wait to join. One more evicts one of the address that has most of them: the one that
 *     has waited longest, but for those that name a token which is valid. Idle connections shut nobody out.
 * A3 An address whose attempts keep failing may have few waiting for a while, and more evict each other: honest nodes behind
 *     the same address have tokens, and get in all the same.
 * A4 Connections that were refused, and may still read why, are as few: one more ends the oldest.
 */

import type { Carrier, Channel, Listening, ListenOptions } from "../carrier.js";
import { addressGroup } from "../address-group.js";
import { ByAddress } from "../by-address.js";
import { FailingAddresses, type FailureLimit } from "./failing-addresses.js";
import type { Incidents } from "./incidents.js";
import { PendingPeer, type PendingPeerListener, type PendingPeerOptions } from "./pending-peer.js";

/** Bounds on connections that have not yet proved to be members. */
export interface AcceptorLimits {
  /** At each step, in ms: what this node itself takes, and what holds it up, does not count. */
  readonly handshakeMs: number;
  /** Connections that have not joined yet. */
  readonly pendingMax: number;
  /** Of these, how many an address may have whose attempts keep failing. */
  readonly pendingOfFailingMax: number;
  readonly failures: FailureLimit;
}

export const DEFAULT_ACCEPTOR_LIMITS: AcceptorLimits = {
  handshakeMs: 5_000,
  pendingMax: 256,
  pendingOfFailingMax: 16,
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
  const pending = new ByAddress<PendingPeer>();
  const failing = new FailingAddresses(limits.failures);
  /** Oldest first. */
  const refused: Channel[] = [];
  const listener: PendingPeerListener = {
    onFailed({ channel }, kind, detail) {
      incidents.add(kind, addressOf(channel), detail);
      failing.failed(addressOf(channel), clock.monotonic());
    },
    onRefused({ channel }) {
      refused.push(channel);
      if (refused.length > limits.pendingMax) refused.shift()?.destroy();
    },
    onEnd: (peer) => pending.delete(addressOf(peer.channel), peer),
    contended: ({ channel }) =>
      pending.size > limits.pendingMax / 2 || failing.blocked(addressOf(channel), clock.monotonic()),
  };

  function evict(kind: string, address: string): void {
    const peer = pending.oldestOf(address, ({ namesToken }) => namesToken);
    incidents.add(kind, address);
    peer?.giveUp();
  }

  function onChannel(channel: Channel): void {
    const address = addressOf(channel);
    if (pending.size >= limits.pendingMax) evict("handshake-evicted", pending.greediest());
    else if (
      pending.countOf(address) >= limits.pendingOfFailingMax &&
      failing.blocked(address, clock.monotonic())
    ) {
      evict("address-blocked", address);
    }
    pending.add(address, new PendingPeer(channel, limits.handshakeMs, options, listener));
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
  return addressGroup(remote.replace(/:\d+$/, ""));
}
