/** ZeroMQ over TCP: a dealer, several questions under way, answers in order. */

import { importPeer, type WirePeer } from "../wire-peer.js";

interface Socket extends AsyncIterable<readonly Buffer[]> {
  readonly lastEndpoint: string;
  bind(address: string): Promise<void>;
  connect(address: string): void;
  send(parts: readonly (Buffer | Uint8Array | string)[]): Promise<void>;
  close(): void;
}

interface Zeromq {
  readonly Router: new () => Socket;
  readonly Dealer: new () => Socket;
}

export const zeromqPeer: WirePeer = {
  name: "zeromq",
  async serve() {
    const { Router } = await importPeer<Zeromq>("zeromq");
    const router = new Router();
    await router.bind("tcp://127.0.0.1:*");
    void (async () => {
      for await (const [from = "", body] of router) await router.send([from, String(body?.length)]);
    })();
    return router.lastEndpoint;
  },
  async connect(address) {
    const { Dealer } = await importPeer<Zeromq>("zeromq");
    const dealer = new Dealer();
    dealer.connect(address);
    const waiting: ((bytes: number) => void)[] = [];
    void (async () => {
      for await (const [answer] of dealer) waiting.shift()?.(Number(answer?.toString()));
    })();
    // It sends one message at a time.
    let sent: Promise<void> = Promise.resolve();
    return {
      ask: (body) =>
        new Promise((resolve, reject) => {
          waiting.push(resolve);
          sent = sent.then(() => dealer.send([body])).catch(reject);
        }),
      close: () => dealer.close(),
    };
  },
};
