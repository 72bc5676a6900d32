/**
 * A carrier inside one process: passes frames by reference, later and in order. Simulations run on it.
 *
 * Addresses are `memory://NAME`. `deliver` is called with every frame, and may delay or lose it.
 */

import type { Executor } from "../../runtime/executor.js";
import {
  FRAME_BYTES_MAX,
  type Carrier,
  type Channel,
  type ChannelClosed,
  type ChannelListener,
} from "../carrier.js";
import { TransportError } from "../errors.js";

interface Hop {
  readonly from: string;
  readonly to: string;
  readonly frame: Uint8Array;
}

/** How a network within one process behaves. */
export interface MemoryNetworkOptions {
  readonly executor: Executor;
  /** Calls `pass` to let the frame through, now, later or never. Default: at once. */
  readonly deliver?: (hop: Hop, pass: () => void) => void;
}

interface MemoryListener {
  readonly refusals: Record<string, number>;
  readonly onChannel: (channel: Channel) => void;
}

/** A network within one process, which loses and delays frames as its options say. */
export function createMemoryNetwork(options: MemoryNetworkOptions): Carrier {
  const listeners = new Map<string, MemoryListener>();
  let dialled = 0;
  return {
    listen({ url, onChannel }) {
      if (!url.startsWith("memory://") || listeners.has(url)) {
        const problem = listeners.has(url) ? "another node listens there" : 'wanted "memory://NAME"';
        return Promise.reject(
          new TransportError(`Cannot listen at "${url}": ${problem}`, { code: "listen-failed" }),
        );
      }
      const refusals = {};
      listeners.set(url, { refusals, onChannel });
      return Promise.resolve({
        url,
        refusals,
        close() {
          listeners.delete(url);
          return Promise.resolve();
        },
      });
    },
    async connect({ url }) {
      const listener = listeners.get(url);
      if (listener === undefined) {
        throw new TransportError(`Cannot connect to "${url}": nobody listens there`, {
          code: "connect-failed",
          retry: "backoff",
        });
      }
      const name = `memory://dialled:${(dialled += 1)}`;
      const here = new MemoryChannel(options, name, url);
      const there = new MemoryChannel(options, url, name);
      here.peer = there;
      there.peer = here;
      options.executor.soon(() => listener.onChannel(there));
      return here;
    },
  };
}

class MemoryChannel implements Channel {
  readonly remote: string;
  peer: MemoryChannel | null = null;
  readonly #options: MemoryNetworkOptions;
  readonly #own: string;
  #listener: ChannelListener | null = null;
  /** Arrived, and not passed to the listener yet. */
  #inbox: (Uint8Array | ChannelClosed)[] = [];
  #scheduled = false;
  #closed = false;
  #closeReported = false;
  #inFlightBytes = 0;

  constructor(options: MemoryNetworkOptions, own: string, remote: string) {
    this.#options = options;
    this.#own = own;
    this.remote = remote;
  }

  get bufferedBytes(): number {
    return this.#inFlightBytes;
  }

  start(listener: ChannelListener): void {
    this.#listener = listener;
    this.#schedule();
  }

  send(frame: Uint8Array): void {
    const { peer } = this;
    if (this.#closed || peer === null) return;
    if (frame.byteLength > FRAME_BYTES_MAX) {
      const closed = { code: "frame-too-large", reason: `a frame of ${frame.byteLength} bytes` } as const;
      this.#end(closed, closed);
      return;
    }
    this.#inFlightBytes += frame.byteLength;
    const pass = (): void => {
      this.#inFlightBytes -= frame.byteLength;
      peer.#take(frame);
    };
    if (this.#options.deliver === undefined) pass();
    else this.#options.deliver({ from: this.#own, to: this.remote, frame }, pass);
  }

  close(reason: string): void {
    const closed = { code: "closed", reason } as const;
    this.#end(closed, closed);
  }

  destroy(): void {
    this.#end({ code: "closed", reason: "" }, { code: "lost", reason: "the other side is gone" });
  }

  #end(here: ChannelClosed, there: ChannelClosed): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#inbox = [here];
    this.#schedule();
    if (this.peer !== null) this.peer.#take(there);
  }

  #take(item: Uint8Array | ChannelClosed): void {
    if (this.#closed) return;
    if (!(item instanceof Uint8Array)) this.#closed = true;
    this.#inbox.push(item);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#listener === null || this.#inbox.length === 0) return;
    this.#scheduled = true;
    this.#options.executor.soon(() => this.#drain());
  }

  #drain(): void {
    this.#scheduled = false;
    const listener = this.#listener;
    if (listener === null) return;
    for (let item = this.#inbox.shift(); item !== undefined; item = this.#inbox.shift()) {
      if (this.#closeReported) return;
      if (item instanceof Uint8Array) {
        listener.onFrame(item);
      } else {
        this.#closeReported = true;
        listener.onClose(item);
      }
    }
  }
}
