/**
 * A network of simulated processes: streams of frames that take their time, each in order, and ways between hosts that
 * break or fall silent.
 */

import type { Carrier, Channel, ChannelClosed, ChannelListener } from "../transport/carrier.js";
import { createMemoryNetwork } from "../transport/carriers/memory.js";
import { TransportError } from "../transport/errors.js";
import type { Prng } from "./prng.js";
import type { SimulatedProcess } from "./simulated-process.js";
import type { VirtualTime } from "./virtual-time.js";

/** How one way between two hosts is now. */
type Way =
  | { readonly status: "open"; readonly delayMs: number }
  /** Connections broke, and none is made. */
  | { readonly status: "cut" }
  /** Nothing comes through, and nobody is told. */
  | { readonly status: "silent" };

const OPEN: Way = { status: "open", delayMs: 0 };
const CONNECT_TIMEOUT_MS = 5_000;

export class Network {
  readonly #time: VirtualTime;
  readonly #prng: Prng;
  readonly #memory: Carrier;
  readonly #ways = new Map<string, Way>();
  /** Open ends by the way that they go. */
  readonly #ends = new Map<string, Set<End>>();
  /** Which host listens at an address. */
  readonly #listeners = new Map<string, string>();
  readonly #onFrame: (from: string, to: string, frame: Uint8Array) => void;
  /** Machines of connections under way, as the accepting side cannot see who dials. */
  readonly #dialling: string[] = [];

  constructor(time: VirtualTime, prng: Prng, onFrame: (from: string, to: string, frame: Uint8Array) => void) {
    this.#time = time;
    this.#prng = prng;
    this.#onFrame = onFrame;
    this.#memory = createMemoryNetwork({ executor: time });
  }

  /** The network as a process on `host` sees it. */
  carrierOf(host: string, process: SimulatedProcess): Carrier {
    return {
      listen: async ({ url, onChannel }) => {
        const listening = await this.#memory.listen({
          url,
          onChannel: (channel) => {
            const other = this.#dialling.shift() ?? "";
            const end = this.#open(channel, { from: host, to: other, process });
            if (process.dead) channel.destroy();
            else process.run(() => onChannel(end));
          },
        });
        this.#listeners.set(url, host);
        process.onKilled(() => void listening.close());
        return listening;
      },
      connect: async (options) => {
        // Who listens there may be about to.
        await this.#time.sleep(0);
        const other = this.#listeners.get(options.url) ?? "";
        const way = this.#way(host, other);
        if (way.status === "silent") await this.#time.sleep(CONNECT_TIMEOUT_MS);
        else await this.#time.sleep(1 + this.#prng.next() * 2);
        if (this.#way(host, other).status !== "open") {
          throw new TransportError(`Cannot connect to "${options.url}": no way leads there`, {
            code: "connect-failed",
            retry: "backoff",
          });
        }
        const connected = this.#memory.connect(options);
        this.#dialling.push(host);
        try {
          return this.#open(await connected, { from: host, to: other, process });
        } catch (error) {
          this.#dialling.pop();
          throw error;
        }
      },
    };
  }

  /** Connections between the two break, and none is made until `heal`. */
  cut(a: string, b: string): void {
    this.#ways.set(wayOf(a, b), { status: "cut" });
    this.#ends.get(wayOf(a, b))?.forEach((end) => end.break());
  }

  /** Nothing comes through until `heal`, and nobody is told. */
  silence(a: string, b: string): void {
    this.#ways.set(wayOf(a, b), { status: "silent" });
  }

  /** Everything between the two takes so much longer. */
  slow(a: string, b: string, delayMs: number): void {
    this.#ways.set(wayOf(a, b), { status: "open", delayMs });
  }

  heal(a: string, b: string): void {
    this.#ways.delete(wayOf(a, b));
    for (const end of this.#ends.get(wayOf(a, b)) ?? []) end.flush();
  }

  #way(a: string, b: string): Way {
    return this.#ways.get(wayOf(a, b)) ?? OPEN;
  }

  #open(
    channel: Channel,
    { from, to, process }: { from: string; to: string; process: SimulatedProcess },
  ): End {
    const way = wayOf(from, to);
    const ends = this.#ends.get(way) ?? new Set();
    this.#ends.set(way, ends);
    const end: End = new End(channel, {
      process,
      time: this.#time,
      delayMs: () => {
        const now = this.#way(from, to);
        if (now.status !== "open") return null;
        return 0.1 + this.#prng.next() * 2 + now.delayMs;
      },
      onFrame: (frame) => this.#onFrame(from, to, frame),
      onOver: () => ends.delete(end),
    });
    ends.add(end);
    process.onKilled(() => end.break());
    return end;
  }
}

interface EndOptions {
  readonly process: SimulatedProcess;
  readonly time: VirtualTime;
  /** For the next frame; null while nothing comes through. */
  readonly delayMs: () => number | null;
  readonly onFrame: (frame: Uint8Array) => void;
  readonly onOver: () => void;
}

/** One end of a connection, as its process has it. */
class End implements Channel {
  readonly remote: string;
  readonly #inner: Channel;
  readonly #options: EndOptions;
  /** Sent, and held back by the network. */
  #held: ({ readonly frame: Uint8Array } | { readonly close: string })[] = [];
  #lastAtMs = 0;
  #underWay = 0;
  #over = false;

  constructor(inner: Channel, options: EndOptions) {
    this.#inner = inner;
    this.#options = options;
    this.remote = inner.remote;
  }

  get bufferedBytes(): number {
    return this.#underWay;
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
    if (this.#over) return;
    this.#underWay += frame.length;
    this.#pass({ frame });
  }

  close(reason: string): void {
    if (!this.#over) this.#pass({ close: reason });
  }

  destroy(): void {
    this.#end();
    this.#inner.destroy();
  }

  /** The connection is gone, for both. */
  break(): void {
    if (this.#over) return;
    this.#end();
    this.#options.time.soon(() => this.#inner.destroy());
  }

  /** The way is open again: what was held goes on, in order. */
  flush(): void {
    const held = this.#held;
    this.#held = [];
    for (const item of held) this.#pass(item);
  }

  #pass(item: { readonly frame: Uint8Array } | { readonly close: string }): void {
    const delayMs = this.#options.delayMs();
    if (delayMs === null || this.#held.length > 0) {
      this.#held.push(item);
      return;
    }
    const { time, onFrame } = this.#options;
    this.#lastAtMs = Math.max(this.#lastAtMs, time.nowMs + delayMs);
    time.at(this.#lastAtMs, () => {
      if ("close" in item) {
        this.#end();
        this.#inner.close(item.close);
        return;
      }
      this.#underWay -= item.frame.length;
      onFrame(item.frame);
      this.#inner.send(item.frame);
    });
  }

  #end(): void {
    this.#over = true;
    this.#options.onOver();
  }
}

function wayOf(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}
