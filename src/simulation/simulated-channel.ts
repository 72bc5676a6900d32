/** One end of a simulated connection, as its process sees it: what it sends takes its time, and arrives in order. */

import type { Channel, ChannelClosed, ChannelListener } from "../transport/carrier.js";
import type { SimulatedProcess } from "./simulated-process.js";
import type { VirtualTime } from "./virtual-time.js";

export interface SimulatedChannelOptions {
  readonly process: SimulatedProcess;
  readonly time: VirtualTime;
  /** Of the next frame, which has so many bytes, in ms; null while the path lets nothing through. */
  readonly delayMs: (bytes: number) => number | null;
  /** Called with each frame as it arrives at the other end. */
  readonly onFrame: (frame: Uint8Array) => void;
  /** Called once it is closed. */
  readonly onClosed: () => void;
}

/** Something sent: a frame, or the end of the connection. */
type Sent = { readonly frame: Uint8Array } | { readonly close: string };

export class SimulatedChannel implements Channel {
  readonly remote: string;
  readonly #inner: Channel;
  readonly #options: SimulatedChannelOptions;
  /** Held back while the path lets nothing through, in order of sending. */
  #held: Sent[] = [];
  #lastAtMs = 0;
  #inFlightBytes = 0;
  #closed = false;

  /** @param inner hands frames to the other end at once */
  constructor(inner: Channel, options: SimulatedChannelOptions) {
    this.#inner = inner;
    this.#options = options;
    this.remote = inner.remote;
  }

  get bufferedBytes(): number {
    return this.#inFlightBytes;
  }

  start(listener: ChannelListener): void {
    const { process } = this.#options;
    this.#inner.start({
      onFrame: (frame) => process.run(() => listener.onFrame(frame)),
      onClose: (closed: ChannelClosed) => {
        this.#end();
        process.run(() => listener.onClose(closed));
      },
    });
  }

  send(frame: Uint8Array): void {
    if (this.#closed) return;
    this.#inFlightBytes += frame.length;
    this.#pass({ frame });
  }

  close(reason: string): void {
    if (!this.#closed) this.#pass({ close: reason });
  }

  destroy(): void {
    this.#end();
    this.#inner.destroy();
  }

  /** Breaks the connection, for both ends. */
  break(): void {
    if (this.#closed) return;
    this.#end();
    this.#options.time.soon(() => this.#inner.destroy());
  }

  /** Sends on, in order, what was held back while the path let nothing through. */
  flush(): void {
    const held = this.#held;
    this.#held = [];
    for (const sent of held) this.#pass(sent);
  }

  #pass(sent: Sent): void {
    const delayMs = this.#options.delayMs("frame" in sent ? sent.frame.length : 0);
    if (delayMs === null || this.#held.length > 0) {
      this.#held.push(sent);
      return;
    }
    const { time, onFrame } = this.#options;
    this.#lastAtMs = Math.max(this.#lastAtMs, time.nowMs + delayMs);
    time.at(this.#lastAtMs, () => {
      if ("close" in sent) {
        this.#end();
        this.#inner.close(sent.close);
        return;
      }
      this.#inFlightBytes -= sent.frame.length;
      onFrame(sent.frame);
      this.#inner.send(sent.frame);
    });
  }

  #end(): void {
    this.#closed = true;
    this.#options.onClosed();
  }
}
