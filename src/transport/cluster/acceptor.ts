/**
 * Accepts connections from other nodes: listens, does the handshake, and keeps unproved connections few and short-lived.
 *
 * A1 A connection that has not joined within `handshakeMs` is closed.
 * A2 At most `pendingMax` connections wait to join; one more evicts the one that has waited longest, so that idle
 *    connections shut nobody out.
 * A3 An address whose attempts keep failing is blocked for a while; nodes that joined from there before stay.
 */

import type { Clock } from "../../runtime/clock.js";
import { asError } from "../../runtime/errors.js";
import type { Carrier, Channel, Listening, ListenOptions } from "../carrier.js";
import type { TransportError } from "../errors.js";
import { AcceptorHandshake, type JoiningPeer } from "../link/acceptor-handshake.js";
import { Handover } from "../link/handover.js";
import type { TokenAuthority } from "../security/token-authority.js";
import { FailingAddresses, type FailureLimit } from "./failing-addresses.js";
import type { Incidents } from "./incidents.js";

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

export interface AcceptorOptions {
  readonly carrier: Carrier;
  readonly listen: Omit<ListenOptions, "onChannel">;
  readonly identity: { readonly cluster: string; readonly name: string; readonly version: string };
  /** Null if no token is needed. */
  readonly authority: TokenAuthority | null;
  readonly clock: Clock;
  readonly nonce: () => string;
  readonly incidents: Incidents;
  readonly limits: AcceptorLimits;
  /** A peer that has proved its token wants to join. @returns what to greet it with, or why it may not */
  readonly admit: (peer: JoiningPeer) => Promise<{ readonly welcome: unknown } | TransportError>;
  /** It has joined: a link must take over its channel now. */
  readonly onJoined: (peer: JoiningPeer, handover: Handover) => void;
  /** It was admitted, and its connection ended before it had joined. */
  readonly onAbandoned: (peer: JoiningPeer) => void;
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
  const pending = new Map<Channel, () => void>();
  const failing = new FailingAddresses(limits.failures);

  /** Counts a failed attempt, also against the address that it came from. */
  function failed(kind: string, channel: Channel, detail?: string): void {
    incidents.add(kind, channel.remote, detail);
    failing.failed(addressOf(channel), clock.now());
  }

  function onChannel(channel: Channel): void {
    if (failing.blocked(addressOf(channel), clock.now())) {
      incidents.add("address-blocked", channel.remote);
      channel.destroy();
      return;
    }
    if (pending.size >= limits.pendingMax) {
      const [oldest] = pending;
      incidents.add("handshake-evicted", oldest?.[0].remote);
      oldest?.[1]();
    }
    let admitted: JoiningPeer | null = null;
    let over = false;
    const timer = clock.after(limits.handshakeMs, () => {
      failed("handshake-timeout", channel);
      giveUp();
    });
    const end = (): void => {
      over = true;
      timer.cancel();
      pending.delete(channel);
    };
    const giveUp = (): void => {
      if (over) return;
      end();
      channel.destroy();
      if (admitted !== null) options.onAbandoned(admitted);
    };
    pending.set(channel, giveUp);

    const handshake = new AcceptorHandshake({
      identity: options.identity,
      authority: options.authority,
      nonce: options.nonce,
      now: () => clock.now(),
      async admit(peer) {
        const answer = await options.admit(peer);
        if (answer instanceof Error) return answer;
        admitted = peer;
        // Its connection ended while it was being admitted.
        if (over) options.onAbandoned(peer);
        return answer;
      },
    });
    const answer = async (frame: Uint8Array): Promise<void> => {
      const step = await handshake.receive(frame);
      if (over) return;
      channel.send(step.frame);
      if (step.type === "refused") {
        failed(step.error.code, channel, step.error.message);
        end();
        channel.close("refused");
        if (admitted !== null) options.onAbandoned(admitted);
      } else if (step.type === "done") {
        end();
        handover.finish();
        options.onJoined(step.peer, handover);
      }
    };
    const handover: Handover = new Handover(
      channel,
      (frame) => {
        answer(frame).catch((thrown: unknown) => {
          failed("handshake-failed", channel, asError(thrown).message);
          giveUp();
        });
      },
      () => {
        if (over) return;
        failed("handshake-broken", channel);
        giveUp();
      },
    );
  }

  const listening = await carrier.listen({ ...options.listen, onChannel });
  return {
    listening,
    async close() {
      for (const giveUp of pending.values()) giveUp();
      await listening.close();
    },
  };
}

/** Of the remote end, without its port. */
function addressOf({ remote }: Channel): string {
  return remote.replace(/:\d+$/, "");
}
