/**
 * A connection that has not joined yet: its handshake, its timeout, and the one way in which it ends.
 *
 * PP1 It ends once: joined, refused, given up, or closed by the other side.
 * PP2 A peer that was admitted either joins or is reported as abandoned.
 * PP3 Its time is what this node waits for each of its frames: not what this node takes to answer, nor what holds that up.
 */

import type { Clock } from "../../runtime/clock.js";
import { asError } from "../../runtime/errors.js";
import { Patience } from "../../runtime/patience.js";
import type { Channel } from "../carrier.js";
import type { TransportError } from "../errors.js";
import {
  AcceptorHandshake,
  type AcceptorHandshakeOptions,
  type JoiningPeer,
} from "../link/acceptor-handshake.js";
import { Handover } from "../link/handover.js";

export interface PendingPeerOptions extends Omit<AcceptorHandshakeOptions, "now" | "pause" | "admit"> {
  readonly clock: Clock;
  /** A peer that has proved its token wants to join. @returns what to greet it with, or why it may not */
  readonly admit: (peer: JoiningPeer) => Promise<{ readonly welcome: unknown } | TransportError>;
  /** It has joined: a link must take over its channel now. */
  readonly onJoined: (peer: JoiningPeer, handover: Handover) => void;
  /** It was admitted, and its connection ended before it had joined. */
  readonly onAbandoned: (peer: JoiningPeer) => void;
}

export interface PendingPeerListener {
  /** Its attempt to join failed. */
  onFailed(peer: PendingPeer, kind: string, detail?: string): void;
  /** It was told why, and its connection closes in order. */
  onRefused(peer: PendingPeer): void;
  /** It does not wait any more, however it ended. */
  onEnd(peer: PendingPeer): void;
  /** Whether those that wait take each other's place: only then is it worth knowing which of them name a token. */
  contended(peer: PendingPeer): boolean;
}

export class PendingPeer {
  readonly channel: Channel;
  readonly #options: PendingPeerOptions;
  readonly #listener: PendingPeerListener;
  readonly #handshake: AcceptorHandshake;
  readonly #handover: Handover;
  readonly #patience: Patience;
  #admitted: JoiningPeer | null = null;
  #ended = false;
  #namesToken = false;

  /** @param handshakeMs that it may keep this node waiting for each of its frames, in ms */
  constructor(
    channel: Channel,
    handshakeMs: number,
    options: PendingPeerOptions,
    listener: PendingPeerListener,
  ) {
    this.channel = channel;
    this.#options = options;
    this.#listener = listener;
    this.#patience = new Patience(options.clock, handshakeMs, () => {
      this.#failed("handshake-timeout");
      this.giveUp();
    });
    this.#handshake = new AcceptorHandshake({
      identity: options.identity,
      authority: options.authority,
      nonce: options.nonce,
      now: () => options.clock.now(),
      pause: (ms) => new Promise((resolve) => void options.clock.after(ms, resolve)),
      admit: (peer) => this.#admit(peer),
    });
    this.#handover = new Handover(
      channel,
      (frame) => {
        this.#answer(frame).catch((thrown: unknown) => {
          this.#failed("handshake-failed", asError(thrown).message);
          this.giveUp();
        });
      },
      () => {
        if (this.#ended) return;
        this.#failed("handshake-broken");
        this.giveUp();
      },
    );
  }

  /** Whether its hello named a token that is valid; known only where places were contended then. */
  get namesToken(): boolean {
    return this.#namesToken;
  }

  /** Closes the connection, unless it has joined. */
  giveUp(): void {
    if (this.#ended) return;
    this.#end();
    this.channel.destroy();
    if (this.#admitted !== null) this.#options.onAbandoned(this.#admitted);
  }

  async #admit(peer: JoiningPeer): Promise<{ readonly welcome: unknown } | TransportError> {
    const answer = await this.#options.admit(peer);
    if (answer instanceof Error) return answer;
    this.#admitted = peer;
    // Its connection ended while it was being admitted.
    if (this.#ended) this.#options.onAbandoned(peer);
    return answer;
  }

  async #answer(frame: Uint8Array): Promise<void> {
    this.#patience.rest();
    const step = await this.#handshake.receive(frame);
    if (this.#ended) return;
    this.channel.send(step.frame);
    if (step.type === "send") {
      this.#patience.renew();
      this.#lookUpToken();
    } else if (step.type === "refused") {
      this.#failed(step.error.code, step.error.message);
      this.#end();
      this.channel.close("refused");
      this.#listener.onRefused(this);
      if (this.#admitted !== null) this.#options.onAbandoned(this.#admitted);
    } else {
      this.#end();
      this.#handover.finish();
      this.#options.onJoined(step.peer, this.#handover);
    }
  }

  /** After its challenge has been sent, so that nobody can tell by the time which tokens there are. */
  #lookUpToken(): void {
    const { authority } = this.#options;
    const { token } = this.#handshake;
    if (authority === null || token === null || !this.#listener.contended(this)) return;
    authority.find(token).then(
      (found) => (this.#namesToken = found !== null && !found.revoked),
      // What is wrong with the list of tokens shows where the proof is checked.
      () => {},
    );
  }

  #failed(kind: string, detail?: string): void {
    this.#listener.onFailed(this, kind, detail);
  }

  #end(): void {
    this.#ended = true;
    this.#patience.rest();
    this.#listener.onEnd(this);
  }
}
