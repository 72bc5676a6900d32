/**
 * A carrier inside one process: frames by reference, later and in order. What a simulation of many nodes runs on.
 *
 * Addresses are `memory://NAME`. `deliver` stands between sender and receiver of every frame, and may hold it or lose it.
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

export interface MemoryNetworkOptions {
  readonly executor: Executor;
  /** Passes the frame on, now or later, or never. Default: at once. */
  readonly deliver?: (hop: Hop, pass: () => void) => void;
}

interface Port {
  readonly refusals: Record<string, number>;
  readonly onChannel: (channel: Channel) => void;
}

export function createMemoryNetwork(options: MemoryNetworkOptions): Carrier {
  const ports = new Map<string, Port>();
  let dialled = 0;
  return {
    listen({ url, onChannel }) {
      if (!url.startsWith("memory://") || ports.has(url)) {
        const problem = ports.has(url) ? "somebody listens there" : 'wanted "memory://NAME"';
        return Promise.reject(
          new TransportError(`Cannot listen at "${url}": ${problem}`, { code: "listen-failed" }),
        );
      }
      const refusals = {};
      ports.set(url, { refusals, onChannel });
      return Promise.resolve({
        url,
        refusals,
        close() {
          ports.delete(url);
          return Promise.resolve();
        },
      });
    },
    async connect({ url }) {
      const port = ports.get(url);
      if (port === undefined) {
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
      options.executor.soon(() => port.onChannel(there));
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
  /** What came and is still to be told. */
  #inbox: (Uint8Array | ChannelClosed)[] = [];
  #scheduled = false;
  #closed = false;
  #told = false;
  #underWay = 0;

  constructor(options: MemoryNetworkOptions, own: string, remote: string) {
    this.#options = options;
    this.#own = own;
    this.remote = remote;
  }

  get bufferedBytes(): number {
    return this.#underWay;
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
    this.#underWay += frame.byteLength;
    const pass = (): void => {
      this.#underWay -= frame.byteLength;
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
    this.#options.executor.soon(() => this.#tell());
  }

  #tell(): void {
    this.#scheduled = false;
    const listener = this.#listener;
    if (listener === null) return;
    for (let item = this.#inbox.shift(); item !== undefined; item = this.#inbox.shift()) {
      if (this.#told) return;
      if (item instanceof Uint8Array) {
        listener.onFrame(item);
      } else {
        this.#told = true;
        listener.onClose(item);
      }
    }
  }
}
