/**
 * The sockets of one listener that are no channels yet. Each is let go of in time, and none keeps another one out.
 *
 * ST1 A socket that is no channel when its time is over is destroyed, whatever it has sent and whether or not it reads. What holds
 *     this process up is no part of that time.
 * ST2 There are so many of an address at most, and so many in all: one more has the oldest destroyed of the address that has
 *     most. Whoever belongs here is a channel after a round trip or two, and gets in beside any number of them.
 * ST3 This machine's own sockets count by themselves: nobody from elsewhere takes their place.
 */

import type { Socket } from "node:net";
import type { Clock } from "../../runtime/clock.js";
import { Patience } from "../../runtime/patience.js";
import { addressGroup, LOOPBACK } from "../address-group.js";
import { ByAddress } from "../by-address.js";

export interface StrangerLimits {
  /** From the connection to the channel, in ms. */
  readonly deadlineMs: number;
  /** How long a socket that was refused has to read why, in ms. */
  readonly lingerMs: number;
  readonly perAddress: number;
  readonly inAll: number;
}

interface Stranger {
  readonly socket: Socket;
  readonly address: string;
  /** Ends its waiting. */
  rest: () => void;
}

/** There may be hundreds, so that they are looked at less often than what has joined. */
const PIECE_MS = 250;

interface StrangerNews {
  /** A socket had to go for another one. */
  onEvicted(): void;
  /** A socket was no channel when its time was over. */
  onLate(): void;
}

export class Strangers {
  readonly #clock: Clock;
  readonly #limits: StrangerLimits;
  readonly #news: StrangerNews;
  readonly #known = new Map<string, Stranger>();
  readonly #near = new ByAddress<Stranger>();
  readonly #far = new ByAddress<Stranger>();

  constructor(clock: Clock, limits: StrangerLimits, news: StrangerNews) {
    this.#clock = clock;
    this.#limits = limits;
    this.#news = news;
  }

  /** A connection has come. */
  add(socket: Socket): void {
    const name = nameOf(socket);
    const address = addressGroup(socket.remoteAddress ?? "");
    const group = this.#groupOf(address);
    const { perAddress, inAll, deadlineMs } = this.#limits;
    if (group.countOf(address) >= perAddress) this.#evict(group.oldestOf(address));
    else if (group === this.#far && group.size >= inAll) this.#evict(group.oldestOf(group.greediest()));
    const late = (): void => {
      this.#news.onLate();
      socket.destroy();
    };
    const patience = new Patience(this.#clock, deadlineMs, late, PIECE_MS);
    const stranger: Stranger = { socket, address, rest: () => patience.rest() };
    this.#known.set(name, stranger);
    group.add(address, stranger);
    socket.once("close", () => this.#forget(name, stranger));
  }

  /** It was told why it may not stay: it has a moment to read that. */
  refused(socket: Socket): void {
    const stranger = this.#known.get(nameOf(socket));
    if (stranger === undefined) {
      socket.destroy();
      return;
    }
    stranger.rest();
    const timer = this.#clock.after(this.#limits.lingerMs, () => stranger.socket.destroy());
    stranger.rest = () => timer.cancel();
    // What still comes is not read by anybody, and must not keep the end of it from being seen.
    socket.resume();
  }

  /** It has become a channel. */
  release(socket: Socket): void {
    const name = nameOf(socket);
    const stranger = this.#known.get(name);
    if (stranger !== undefined) this.#forget(name, stranger);
  }

  #evict(stranger: Stranger | undefined): void {
    if (stranger === undefined) return;
    this.#news.onEvicted();
    this.#forget(nameOf(stranger.socket), stranger);
    stranger.socket.destroy();
  }

  #forget(name: string, stranger: Stranger): void {
    stranger.rest();
    if (this.#known.get(name) === stranger) this.#known.delete(name);
    this.#groupOf(stranger.address).delete(stranger.address, stranger);
  }

  #groupOf(address: string): ByAddress<Stranger> {
    return address === LOOPBACK ? this.#near : this.#far;
  }
}

/** The same for a connection and for the TLS on it. */
function nameOf({ remoteAddress = "", remotePort = 0 }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
