/** Whole clusters in this process: real links and codecs over channels in memory, on a clock that the test moves. */

import { silentLogger } from "../../src/runtime/log.js";
import { eventLoop } from "../../src/runtime/executor.js";
import { createActorSystem, type ActorSystem } from "../../src/runtime/system.js";
import type { Carrier } from "../../src/transport/carrier.js";
import { createMemoryNetwork, type MemoryNetworkOptions } from "../../src/transport/carriers/memory.js";
import type { Cluster, ClusterEvent, HubCluster } from "../../src/transport/cluster/cluster.js";
import { startHub } from "../../src/transport/cluster/hub.js";
import type { HubOptions } from "../../src/transport/cluster/hub-options.js";
import { joinCluster, type JoinOptions } from "../../src/transport/cluster/joiner.js";
import { VirtualClock } from "./virtual-clock.js";

interface TestNode<Seen extends Cluster = Cluster> {
  readonly system: ActorSystem;
  readonly cluster: Seen;
  readonly events: ClusterEvent[];
}

export interface MemoryCluster {
  readonly clock: VirtualClock;
  readonly network: Carrier;
  hub(options?: Partial<HubOptions>, name?: string): Promise<TestNode<HubCluster>>;
  join(name: string, options?: Partial<JoinOptions>): Promise<TestNode>;
  /** Lets every node do what it has to do now. */
  settle(): Promise<void>;
  /** Advances the clock by `ms`, 50 at a time, and runs what falls due. */
  advance(ms: number): Promise<void>;
  /** Ends every node. */
  end(): Promise<void>;
}

export function createMemoryCluster(options: Partial<MemoryNetworkOptions> = {}): MemoryCluster {
  const clock = new VirtualClock();
  const network = createMemoryNetwork({ executor: eventLoop, ...options });
  const nodes: TestNode[] = [];
  let incarnations = 0;

  function system(name: string): ActorSystem {
    incarnations += 1;
    return createActorSystem({ name, clock, log: silentLogger, firstId: incarnations * 1_000_000 });
  }

  function follow<Seen extends Cluster>(node: Omit<TestNode<Seen>, "events">): TestNode<Seen> {
    const events: ClusterEvent[] = [];
    node.cluster.subscribe((event) => events.push(event));
    const followed = { ...node, events };
    nodes.push(followed);
    return followed;
  }

  async function settle(): Promise<void> {
    for (let turn = 0; turn < 30; turn++) await new Promise((resolve) => void setImmediate(resolve));
  }

  return {
    clock,
    network,
    async hub(given, name = "hub") {
      const actors = system(name);
      const cluster = await startHub(actors, {
        carrier: network,
        listen: { url: "memory://hub" },
        authority: null,
        ...given,
      });
      return follow({ system: actors, cluster });
    },
    async join(name, given) {
      const actors = system(name);
      const cluster = await joinCluster(actors, {
        carrier: network,
        connect: { url: "memory://hub" },
        token: null,
        ...given,
      });
      return follow({ system: actors, cluster });
    },
    settle,
    async advance(ms) {
      for (let passed = 0; passed < ms; passed += 50) {
        clock.advance(Math.min(50, ms - passed));
        for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => void setImmediate(resolve));
      }
      await settle();
    },
    async end() {
      for (const { cluster, system: actors } of nodes.toReversed()) {
        const left = cluster.leave();
        await settle();
        clock.advance(2_000);
        await left;
        await actors.terminate();
      }
    },
  };
}

export function memberEvents(events: readonly ClusterEvent[]): readonly string[] {
  return events.flatMap((event) =>
    "member" in event ? [`${event.type} ${event.member.name} ${event.sequence}`] : [],
  );
}
