/** A WebSocket as a channel: binary messages are frames, and its close codes become those of a channel. */

import type { Clock } from "../../runtime/clock.js";
import type { Channel, ChannelClosed, ChannelCloseCode, ChannelListener } from "../carrier.js";

/** What the channel needs of the library's socket; `ws.ts` provides it. */
export interface SocketLike {
  readonly bufferedAmount: number;
  /** Bytes that have come over the connection so far. */
  readonly bytesRead: number;
  send(data: Uint8Array): void;
  close(code: number, reason: string): void;
  terminate(): void;
  /** Holds writes back until `uncork`, so that they leave in one piece. */
  cork(): void;
  uncork(): void;
}

/** How long the other side has to answer a close, in ms. */
const CLOSE_MS = 1_000;
/** Room for text in a close message, RFC 6455 section 5.5.1, less a few bytes. */
const REASON_BYTES_MAX = 120;

export class WsChannel implements Channel {
  readonly remote: string;
  readonly #socket: SocketLike;
  readonly #clock: Clock;
  #listener: ChannelListener | null = null;
  /** Arrived before the channel was started. */
  #early: Uint8Array[] = [];
  #closed: ChannelClosed | null = null;
  #closeReported = false;
  #ending = false;
  #corked = false;

  constructor(socket: SocketLike, remote: string, clock: Clock) {
    this.#socket = socket;
    this.remote = remote;
    this.#clock = clock;
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  get arrivedBytes(): number {
    return this.#socket.bytesRead;
  }

  start(listener: ChannelListener): void {
    process.nextTick(() => {
      this.#listener = listener;
      for (const frame of this.#early.splice(0)) if (!this.#closeReported) listener.onFrame(frame);
      this.#reportClose();
    });
  }

  send(frame: Uint8Array): void {
    if (this.#ending || this.#closed !== null) return;
    if (!this.#corked) {
      // Everything sent in one turn leaves with one system call.
      this.#corked = true;
      this.#socket.cork();
      process.nextTick(() => {
        this.#corked = false;
        this.#socket.uncork();
      });
    }
    this.#socket.send(frame);
  }

  close(reason: string): void {
    if (this.#ending || this.#closed !== null) return;
    this.#ending = true;
    this.#socket.close(1000, Buffer.from(reason).subarray(0, REASON_BYTES_MAX).toString());
    const timer = this.#clock.after(CLOSE_MS, () => this.#socket.terminate());
    this.#onClosed = () => timer.cancel();
  }

  destroy(): void {
    if (this.#closed !== null) return;
    this.#ending = true;
    this.#socket.terminate();
  }

  // ── From the door ─────────────────────────────────────────────────────────────────────────────────────────────────

  received(frame: Uint8Array): void {
    if (this.#ending) return;
    if (this.#listener === null) this.#early.push(frame);
    else this.#listener.onFrame(frame);
  }

  /** @param code of RFC 6455 section 7.4.1; 1006 if the connection ended without a close */
  closed(code: number, reason: string): void {
    if (this.#closed !== null) return;
    this.#onClosed();
    this.#closed = { code: this.#ending ? "closed" : meaningOf(code), reason };
    this.#reportClose();
  }

  #onClosed: () => void = () => {};

  #reportClose(): void {
    if (this.#closed === null || this.#listener === null || this.#closeReported) return;
    this.#closeReported = true;
    this.#listener.onClose(this.#closed);
  }
}

function meaningOf(code: number): ChannelCloseCode {
  switch (code) {
    case 1000:
    case 1001:
    case 1005:
      return "closed";
    case 1009:
      return "frame-too-large";
    case 1002:
    case 1003:
    case 1007:
    case 1008:
      return "protocol-error";
    default:
      return "lost";
  }
}
