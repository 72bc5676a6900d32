import { test } from "../../support/test.js";
import { systemClock } from "../../../src/runtime/clock.js";
import { silentLogger } from "../../../src/runtime/log.js";
import { createActorSystem } from "../../../src/runtime/system.js";
import type { Carrier, Channel } from "../../../src/transport/carrier.js";
import { createWsCarrier } from "../../../src/transport/carriers/ws.js";
import { startHub } from "../../../src/transport/cluster/hub.js";
import { joinCluster } from "../../../src/transport/cluster/joiner.js";
import { remoteContract } from "../../contract/remote.js";
import type { RemoteSubject, RemoteTraits } from "../../contract/remote-scene.js";
import { createMemoryCluster } from "../../support/memory-cluster.js";

const TRAITS: RemoteTraits = {
  messages: "copied",
  codecLimits: true,
  invalidRefs: "lost",
  order: "perReceiver",
  stops: "spawnedForOthers",
  stopsUnreachable: "rejects",
};

/** A carrier whose connections the test can break. */
function createBreakable(carrier: Carrier): { readonly carrier: Carrier; readonly breakAll: () => void } {
  const channels: Channel[] = [];
  return {
    carrier: {
      listen: (options) => carrier.listen(options),
      async connect(options) {
        const channel = await carrier.connect(options);
        channels.push(channel);
        return channel;
      },
    },
    breakAll() {
      for (const channel of channels) channel.destroy();
    },
  };
}

remoteContract("exchange from a hub to an edge, in memory", TRAITS, async (): Promise<RemoteSubject> => {
  const cluster = createMemoryCluster();
  const { carrier, breakAll } = createBreakable(cluster.network);
  const { system: here } = await cluster.hub();
  const { system: there } = await cluster.join("edge-1", { carrier });
  return { here, there, cut: breakAll, end: () => cluster.end() };
});

remoteContract(
  "exchange from edge to edge through a hub, in memory",
  TRAITS,
  async (): Promise<RemoteSubject> => {
    const cluster = createMemoryCluster();
    const { carrier, breakAll } = createBreakable(cluster.network);
    await cluster.hub();
    const { system: here } = await cluster.join("edge-1");
    const { system: there } = await cluster.join("edge-2", { carrier });
    await cluster.settle();
    return { here, there, cut: breakAll, end: () => cluster.end() };
  },
);

remoteContract("exchange from an edge to a hub, over ws", TRAITS, async (): Promise<RemoteSubject> => {
  const { carrier, breakAll } = createBreakable(createWsCarrier({ clock: systemClock }));
  const [here, there] = ["edge-1", "hub"].map((name) => createActorSystem({ name, log: silentLogger }));
  if (here === undefined || there === undefined) throw new Error("There are two systems");
  const hub = await startHub(there, { carrier, listen: { url: "ws://127.0.0.1:0" }, authority: null });
  const edge = await joinCluster(here, {
    carrier,
    connect: { url: hub.url ?? "" },
    token: null,
    // So that the edge does not come back within a test.
    backoff: { minMs: 60_000, maxMs: 60_000, factor: 1, jitter: 0 },
  });
  return {
    here,
    there,
    cut: breakAll,
    async end() {
      await edge.leave();
      await hub.leave();
      await here.terminate();
      await there.terminate();
    },
  };
});

test.run();
