/** Ours: an ask of an actor on another node, over the link of the cluster. */

import { createActorSystem, silentLogger, type ActorRef, type Behaviour } from "../../../../src/index.js";
import { systemClock } from "../../../../src/runtime/clock.js";
import { createWsCarrier } from "../../../../src/transport/carriers/ws.js";
import { startHub } from "../../../../src/transport/cluster/hub.js";
import { joinCluster } from "../../../../src/transport/cluster/joiner.js";
import type { WirePeer } from "../wire-peer.js";

interface Question {
  readonly body: Uint8Array;
  readonly replyTo: ActorRef<number>;
}

const answering: Behaviour<null, Question> = {
  start: () => null,
  receive(state, { body, replyTo }) {
    replyTo.tell(body.byteLength);
    return state;
  },
};

export const sluicePeer: WirePeer = {
  name: "Sluice",
  async serve() {
    const system = createActorSystem({ name: "hub", log: silentLogger });
    system.spawn(answering, { name: "answering" });
    const { url } = await startHub(system, {
      carrier: createWsCarrier({ clock: systemClock }),
      listen: { url: "ws://127.0.0.1:0" },
      authority: null,
    });
    return url ?? "";
  },
  async connect(url) {
    const system = createActorSystem({ name: "edge", log: silentLogger });
    const cluster = await joinCluster(system, {
      carrier: createWsCarrier({ clock: systemClock }),
      connect: { url },
      token: null,
    });
    const remote = system.resolve<Question>("sluice://hub/answering");
    return {
      ask: (body) => system.ask<Question, number>(remote, (replyTo) => ({ body, replyTo })),
      async close() {
        await cluster.leave();
        await system.terminate();
      },
    };
  },
};
