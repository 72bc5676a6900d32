/**
 * A TCP proxy that is a narrow link: so many bits a second each way, over all connections together, and a delay.
 *
 * What waits for the link is bounded, as it is in a router: beyond that nothing more is read, and TCP slows its sender down.
 */

import { createServer, connect, type AddressInfo, type Socket } from "node:net";

export interface LinkShape {
  /** Mbit/s each way. */
  readonly mbps: number;
  /** Each way, in ms. */
  readonly delayMs: number;
}

export interface ShapingProxy {
  /** Where to connect instead. */
  readonly port: number;
  /** Holds from now on, also for what already waits. */
  shape(shape: LinkShape): void;
  close(): Promise<void>;
}

/** What waits for the link, in bytes; a tenth of a second at 5 Mbit/s. */
const QUEUE_BYTES_MAX = 64 * 1024;
/** Of a timer that comes late: so much of its time is not lost, in ms. */
const CATCH_UP_MS_MAX = 2;
/** The link changes hands after so many bytes. */
const PIECE_BYTES = 8 * 1024;

/** @param targetPort of this machine */
export async function startShapingProxy(targetPort: number, first: LinkShape): Promise<ShapingProxy> {
  const sockets = new Set<Socket>();
  const ways = [new Way(first), new Way(first)] as const;
  const server = createServer((client) => {
    const upstream = connect(targetPort, "127.0.0.1");
    for (const [way, from, to] of [
      [ways[0], client, upstream],
      [ways[1], upstream, client],
    ] as const) {
      sockets.add(from);
      from.setNoDelay(true);
      // Errors are followed by a close.
      from.on("error", () => {});
      from.on("data", (bytes: Buffer) => way.carry(bytes, from, to));
      from.on("close", () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    shape(shape) {
      for (const way of ways) way.shape = shape;
    },
    close() {
      for (const way of ways) way.close();
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => void server.close(() => resolve()));
    },
  };
}

interface Piece {
  readonly bytes: Buffer;
  readonly to: Socket;
}

/** One direction: what waits for the link, then what is under way on it, both in the order in which it came. */
class Way {
  shape: LinkShape;
  readonly #waiting: Piece[] = [];
  readonly #underWay: { readonly piece: Piece; readonly arrivesAtMs: number }[] = [];
  readonly #paused = new Set<Socket>();
  #waitingBytes = 0;
  /** When the link is free again. */
  #freeAtMs = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(shape: LinkShape) {
    this.shape = shape;
  }

  carry(bytes: Buffer, from: Socket, to: Socket): void {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      this.#waiting.push({ bytes: bytes.subarray(at, at + PIECE_BYTES), to });
    }
    this.#waitingBytes += bytes.length;
    if (this.#waitingBytes > QUEUE_BYTES_MAX) {
      this.#paused.add(from);
      from.pause();
    }
    if (this.#timer === null) this.#advance();
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#waiting.length = 0;
    this.#underWay.length = 0;
  }

  #advance(): void {
    this.#timer = null;
    const nowMs = performance.now();
    // Timers tell whole milliseconds: what the link could have done since is caught up with.
    for (
      let piece = this.#waiting[0];
      piece !== undefined && this.#freeAtMs <= nowMs;
      [piece] = this.#waiting
    ) {
      this.#waiting.shift();
      this.#waitingBytes -= piece.bytes.length;
      const takesMs = (piece.bytes.length * 8) / 1_000 / this.shape.mbps;
      this.#freeAtMs = Math.max(this.#freeAtMs, nowMs - CATCH_UP_MS_MAX) + takesMs;
      this.#underWay.push({ piece, arrivesAtMs: this.#freeAtMs + this.shape.delayMs });
    }
    for (
      let first = this.#underWay[0];
      first !== undefined && first.arrivesAtMs <= nowMs;
      [first] = this.#underWay
    ) {
      this.#underWay.shift();
      if (first.piece.to.writable) first.piece.to.write(first.piece.bytes);
    }
    if (this.#waitingBytes <= QUEUE_BYTES_MAX / 2) {
      for (const socket of this.#paused) socket.resume();
      this.#paused.clear();
    }
    const next = Math.min(
      this.#waiting.length > 0 ? this.#freeAtMs : Infinity,
      this.#underWay[0]?.arrivesAtMs ?? Infinity,
    );
    if (next !== Infinity)
      this.#timer = setTimeout(() => this.#advance(), Math.max(0, next - performance.now()));
  }
}
