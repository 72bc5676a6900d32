/** A TCP proxy between two processes: cuts links, holds them still and delays what goes over them. */

import { createServer, connect, type AddressInfo, type Socket } from "node:net";

export interface TcpProxy {
  /** Where to connect instead. */
  readonly port: number;
  /** Breaks every connection, as a pulled plug with a reset does, and takes no new one until `heal`. */
  cut(): void;
  /** Passes nothing on in either direction, and breaks nothing: a cable that is cut far away. */
  freeze(): void;
  /** Ends a cut or a freeze. */
  heal(): void;
  /** Holds everything that comes from now on for so long, in ms. */
  delay(ms: number): void;
  close(): Promise<void>;
}

export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let state: "open" | "cut" | "frozen" = "open";
  let delayMs = 0;

  const server = createServer((client) => {
    if (state === "cut") {
      client.destroy();
      return;
    }
    const upstream = connect(targetPort, "127.0.0.1");
    const pair = [client, upstream] as const;
    pairs.add(pair);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      from.setNoDelay(true);
      // Errors are followed by a close.
      from.on("error", () => {});
      from.on("data", (bytes: Buffer) => {
        if (delayMs === 0) to.write(bytes);
        else setTimeout(() => to.writable && to.write(bytes), delayMs);
      });
      from.on("close", () => {
        to.destroy();
        pairs.delete(pair);
      });
      if (state === "frozen") from.pause();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));

  return {
    port: (server.address() as AddressInfo).port,
    cut() {
      state = "cut";
      for (const [client, upstream] of pairs) {
        client.resetAndDestroy();
        upstream.resetAndDestroy();
      }
    },
    freeze() {
      state = "frozen";
      for (const sockets of pairs) for (const socket of sockets) socket.pause();
    },
    heal() {
      state = "open";
      for (const sockets of pairs) for (const socket of sockets) socket.resume();
    },
    delay(ms) {
      delayMs = ms;
    },
    close() {
      for (const sockets of pairs) for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => void server.close(() => resolve()));
    },
  };
}
