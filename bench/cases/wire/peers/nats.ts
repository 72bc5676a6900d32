/** NATS: a request through a server on the same machine, core NATS without persistence. */

import { spawn } from "node:child_process";
import { createServer, type AddressInfo } from "node:net";
import { Unavailable } from "../../../harness/case.js";
import { importPeer, type WirePeer } from "../wire-peer.js";

interface Message {
  readonly data: Uint8Array;
  respond(data: string): void;
}

interface Connection {
  subscribe(
    subject: string,
    options: { readonly callback: (error: Error | null, message: Message) => void },
  ): void;
  request(subject: string, body: Uint8Array, options: { readonly timeout: number }): Promise<Message>;
  flush(): Promise<void>;
  close(): Promise<void>;
}

interface Nats {
  connect(options: { readonly servers: string }): Promise<Connection>;
}

export const natsPeer: WirePeer = {
  name: "NATS",
  async serve() {
    const nats = await importPeer<Nats>("@nats-io/transport-node");
    const port = await freePort();
    await startServer(port);
    const servers = `127.0.0.1:${port}`;
    const connection = await nats.connect({ servers });
    connection.subscribe("bench", { callback: (_, message) => message.respond(String(message.data.length)) });
    await connection.flush();
    return servers;
  },
  async connect(servers) {
    const nats = await importPeer<Nats>("@nats-io/transport-node");
    const connection = await nats.connect({ servers });
    return {
      ask: async (body) =>
        Number(Buffer.from((await connection.request("bench", body, { timeout: 30_000 })).data).toString()),
      close: () => connection.close(),
    };
  },
};

/** Runs as long as this process. @throws Unavailable where there is none */
function startServer(port: number): Promise<void> {
  const server = spawn("nats-server", ["-a", "127.0.0.1", "-p", String(port)], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  process.once("exit", () => server.kill());
  return new Promise((resolve, reject) => {
    server.once("error", () => {
      reject(new Unavailable("nats-server is not installed: apt-get install nats-server"));
    });
    server.stderr.on("data", (text: Buffer) => {
      if (text.includes("Server is ready")) resolve();
    });
  });
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => void probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => void probe.close(resolve));
  return port;
}
