/** A network of simulated hosts: connections whose frames take their time, and paths between hosts that break or fall silent. */

import type { Carrier, Channel } from "../transport/carrier.js";
import { createMemoryNetwork } from "../transport/carriers/memory.js";
import { TransportError } from "../transport/errors.js";
import type { Prng } from "./prng.js";
import { SimulatedChannel } from "./simulated-channel.js";
import type { SimulatedProcess } from "./simulated-process.js";
import type { VirtualTime } from "./virtual-time.js";
import type { Side, WireChecker } from "./wire-checker.js";

/** The state of the path between two hosts. */
type Path =
  | { readonly status: "open"; readonly delayMs: number }
  /** Its connections are broken, and none is made. */
  | { readonly status: "cut" }
  /** Nothing comes through, and neither end notices. */
  | { readonly status: "silent" };

const OPEN: Path = { status: "open", delayMs: 0 };
const CONNECT_TIMEOUT_MS = 5_000;

/** Of a connection. */
interface ConnectionEnd {
  readonly from: string;
  readonly to: string;
  readonly process: SimulatedProcess;
  readonly wire: WireChecker;
  readonly side: Side;
}

export class Network {
  readonly #time: VirtualTime;
  readonly #prng: Prng;
  readonly #memory: Carrier;
  /** By `pathKey`, those that a fault has changed. */
  readonly #paths = new Map<string, Path>();
  /** By `pathKey`, the open ends of connections. */
  readonly #channels = new Map<string, Set<SimulatedChannel>>();
  /** By `pathKey`, Mbit/s each way of those that are narrow. */
  readonly #mbps = new Map<string, number>();
  /** By sender and receiver, when a narrow path is free again. */
  readonly #freeAtMs = new Map<string, number>();
  /** By address, the host that listens there. */
  readonly #listeners = new Map<string, string>();
  readonly #onFrame: (from: string, to: string, frame: Uint8Array) => void;
  /** Hosts whose connections are being made, as the accepting side cannot see who dials. */
  readonly #dialling: { readonly host: string; readonly wire: WireChecker }[] = [];
  readonly #createWire: () => WireChecker;

  /** @param onFrame called with each frame as it arrives; @param createWire checks a connection that is made */
  constructor(
    time: VirtualTime,
    prng: Prng,
    onFrame: (from: string, to: string, frame: Uint8Array) => void,
    createWire: () => WireChecker,
  ) {
    this.#createWire = createWire;
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
          onChannel: (inner) => {
            const dialling = this.#dialling.shift();
            const { host: other = "", wire = this.#createWire() } = dialling ?? {};
            const channel = this.#open(inner, { from: host, to: other, process, wire, side: "acceptor" });
            if (process.killed) inner.destroy();
            else process.run(() => onChannel(channel));
          },
        });
        this.#listeners.set(url, host);
        process.onKilled(() => void listening.close());
        return listening;
      },
      connect: async (options) => {
        // The other host may be about to listen.
        await this.#time.sleep(0);
        const other = this.#listeners.get(options.url) ?? "";
        const path = this.#path(host, other);
        if (path.status === "silent") await this.#time.sleep(CONNECT_TIMEOUT_MS);
        else await this.#time.sleep(1 + this.#prng.next() * 2);
        if (this.#path(host, other).status !== "open") {
          throw new TransportError(`Cannot connect to "${options.url}": no path leads there`, {
            code: "connect-failed",
            retry: "backoff",
          });
        }
        const connected = this.#memory.connect(options);
        const wire = this.#createWire();
        this.#dialling.push({ host, wire });
        try {
          return this.#open(await connected, { from: host, to: other, process, wire, side: "dialler" });
        } catch (error) {
          this.#dialling.pop();
          throw error;
        }
      },
    };
  }

  /** Breaks the connections between two hosts; none is made until `heal`. */
  cut(a: string, b: string): void {
    this.#paths.set(pathKey(a, b), { status: "cut" });
    this.#channels.get(pathKey(a, b))?.forEach((channel) => channel.break());
  }

  /** Holds back what is sent between two hosts until `heal`; neither end notices. */
  silence(a: string, b: string): void {
    this.#paths.set(pathKey(a, b), { status: "silent" });
  }

  /** Delays what is sent between two hosts by `delayMs` more, until `heal`. */
  slow(a: string, b: string, delayMs: number): void {
    this.#paths.set(pathKey(a, b), { status: "open", delayMs });
  }

  /** Has the path between two hosts carry so much each way, over all connections together; `Infinity` for no bound, as at first. */
  limit(a: string, b: string, mbps: number): void {
    this.#mbps.set(pathKey(a, b), mbps);
  }

  /** Ends what `cut`, `silence` or `slow` began; what was held back is sent on. */
  heal(a: string, b: string): void {
    this.#paths.delete(pathKey(a, b));
    for (const channel of this.#channels.get(pathKey(a, b)) ?? []) channel.flush();
  }

  #path(a: string, b: string): Path {
    return this.#paths.get(pathKey(a, b)) ?? OPEN;
  }

  /** Until a path has carried so many bytes behind all that it was given before, in ms. */
  #carriedMs(from: string, to: string, bytes: number): number {
    const mbps = this.#mbps.get(pathKey(from, to)) ?? Infinity;
    if (mbps === Infinity) return 0;
    const way = `${from} ${to}`;
    const { nowMs } = this.#time;
    const freeAtMs = Math.max(nowMs, this.#freeAtMs.get(way) ?? 0) + (bytes * 8) / 1_000 / mbps;
    this.#freeAtMs.set(way, freeAtMs);
    return freeAtMs - nowMs;
  }

  #open(inner: Channel, { from, to, process, wire, side }: ConnectionEnd): SimulatedChannel {
    const key = pathKey(from, to);
    const channels = this.#channels.get(key) ?? new Set();
    this.#channels.set(key, channels);
    const channel: SimulatedChannel = new SimulatedChannel(inner, {
      process,
      time: this.#time,
      delayMs: (bytes) => {
        const path = this.#path(from, to);
        if (path.status !== "open") return null;
        return this.#carriedMs(from, to, bytes) + 0.1 + this.#prng.next() * 2 + path.delayMs;
      },
      onFrame: (frame) => {
        wire.arrived(side, frame);
        this.#onFrame(from, to, frame);
      },
      onClosed: () => channels.delete(channel),
    });
    channels.add(channel);
    process.onKilled(() => channel.break());
    return channel;
  }
}

/** The same in both directions. */
function pathKey(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}
