/** HTTP with kept connections, as the reference system moves its tasks from service to service. */

import { Agent, createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import type { WirePeer } from "../wire-peer.js";

export const nodeHttpPeer: WirePeer = {
  name: "node:http",
  async serve() {
    const server = createServer((incoming, response) => {
      let bytes = 0;
      incoming
        .on("data", (data: Buffer) => (bytes += data.length))
        .on("end", () => response.end(String(bytes)));
    });
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    return String((server.address() as AddressInfo).port);
  },
  connect(port) {
    const agent = new Agent({ keepAlive: true });
    const options = { port: Number(port), host: "127.0.0.1", method: "POST", agent };
    return Promise.resolve({
      ask: (body) =>
        new Promise<number>((resolve, reject) => {
          const outgoing = request(options, (response) => {
            let text = "";
            response
              .on("data", (data: Buffer) => (text += data.toString()))
              .on("end", () => resolve(Number(text)));
          });
          outgoing.on("error", reject);
          outgoing.end(body);
        }),
      close: () => agent.destroy(),
    });
  },
};
