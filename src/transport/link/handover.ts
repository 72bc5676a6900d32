/** One channel through both of its lives: first its frames are a handshake's, then a link's; none is lost in between. */

import type { Channel, ChannelClosed } from "../carrier.js";
import type { Link } from "./link.js";

export class Handover {
  readonly channel: Channel;
  readonly #onFrame: (frame: Uint8Array) => void;
  readonly #onClose: (closed: ChannelClosed) => void;
  #link: Link | null = null;
  #waiting: Uint8Array[] | null = null;
  #closed: ChannelClosed | null = null;

  /** @param onClose told where the channel closes before a link has taken over */
  constructor(
    channel: Channel,
    onFrame: (frame: Uint8Array) => void,
    onClose: (closed: ChannelClosed) => void,
  ) {
    this.channel = channel;
    this.#onFrame = onFrame;
    this.#onClose = onClose;
    channel.start({
      onFrame: (frame) => {
        if (this.#link !== null) this.#link.receive(frame);
        else if (this.#waiting !== null) this.#waiting.push(frame);
        else this.#onFrame(frame);
      },
      onClose: (closed) => {
        this.#closed = closed;
        if (this.#link !== null) this.#link.closed(closed.reason, closed.code === "closed");
        else this.#onClose(closed);
      },
    });
  }

  get closed(): ChannelClosed | null {
    return this.#closed;
  }

  /** The handshake is over: what comes now is the link's, and waits for it. */
  finish(): void {
    this.#waiting ??= [];
  }

  /** `link` takes over. */
  attach(link: Link): void {
    this.#link = link;
    const waiting = this.#waiting ?? [];
    this.#waiting = null;
    for (const frame of waiting) link.receive(frame);
    if (this.#closed !== null) link.closed(this.#closed.reason, this.#closed.code === "closed");
  }
}
