/** Hands a channel over from a handshake to a link, without losing a frame in between. */

import type { Channel, ChannelClosed } from "../carrier.js";
import type { Link } from "./link.js";

export class Handover {
  readonly channel: Channel;
  readonly #onFrame: (frame: Uint8Array) => void;
  readonly #onClose: (closed: ChannelClosed) => void;
  #link: Link | null = null;
  #waiting: Uint8Array[] | null = null;
  #closed: ChannelClosed | null = null;

  /**
   * @param onFrame a frame of the handshake
   * @param onClose the channel closed before a link took over
   */
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

  /** The handshake is over: frames that come now are for the link, and wait for it. */
  finish(): void {
    this.#waiting ??= [];
  }

  /** `link` takes over the channel. */
  attach(link: Link): void {
    this.#link = link;
    const waiting = this.#waiting ?? [];
    this.#waiting = null;
    for (const frame of waiting) link.receive(frame);
    if (this.#closed !== null) link.closed(this.#closed.reason, this.#closed.code === "closed");
  }
}
