/** moleculer over its own TCP transporter: a call of an action on another node; bodies travel as its JSON has them, in base64. */

import { importPeer, type WirePeer } from "../wire-peer.js";

interface Broker {
  start(): Promise<void>;
  stop(): Promise<void>;
  call(action: string, parameters: unknown): Promise<number>;
  waitForServices(name: string, timeoutMs: number): Promise<void>;
  createService(schema: object): void;
}

async function brokerOf(nodeID: string, namespace: string): Promise<Broker> {
  const { ServiceBroker } = await importPeer<{ readonly ServiceBroker: new (options: object) => Broker }>(
    "moleculer",
  );
  // Its own bound is 1 MiB.
  const transporter = { type: "TCP", options: { maxPacketSize: 64 * 1_024 * 1_024 } };
  return new ServiceBroker({ nodeID, transporter, logger: false, metrics: false, namespace });
}

export const moleculerPeer: WirePeer = {
  name: "moleculer",
  async serve() {
    const namespace = `bench-${process.pid}`;
    const broker = await brokerOf("server", namespace);
    const answer = ({ params }: { readonly params: { readonly body: string } }): number =>
      Buffer.byteLength(params.body, "base64");
    broker.createService({ name: "bench", actions: { answer } });
    await broker.start();
    return namespace;
  },
  async connect(namespace) {
    const broker = await brokerOf("client", namespace);
    await broker.start();
    await broker.waitForServices("bench", 20_000);
    return {
      ask: (body) => broker.call("bench.answer", { body: Buffer.from(body).toString("base64") }),
      close: () => broker.stop(),
    };
  },
};
