import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { startNode, type SluiceNode } from "../../src/node/node.js";
import { MemoryStore } from "../../src/storage/results/memory-store.js";
import type { ActorRef } from "../../src/runtime/actor-ref.js";
import type { Terminated } from "../../src/runtime/behaviour.js";
import { silentLogger } from "../../src/runtime/log.js";
import type { ClusterEvent } from "../../src/transport/cluster/cluster.js";
import { startNodeProcess, type NodeProcess } from "../support/node-process.js";
import { startTcpProxy } from "../../apps/chaos/tcp-proxy.js";
import { within } from "../support/within.js";

type Counting = { readonly amount: number; readonly replyTo: ActorRef<number> };
const add = (amount: number) => (replyTo: ActorRef<number>) => ({ amount, replyTo });

interface HubRun {
  readonly hub: SluiceNode;
  readonly url: string;
  readonly port: number;
  /** Resolves with the first event from now on that matches. */
  readonly next: (type: ClusterEvent["type"], name: string) => Promise<ClusterEvent>;
  readonly edge: (name: string, join?: string) => NodeProcess;
}

async function withHub(run: (given: HubRun) => Promise<void>, listen = "ws://127.0.0.1:0"): Promise<void> {
  const waiting = new Set<(event: ClusterEvent) => void>();
  const edges: NodeProcess[] = [];
  const hub = await startNode({
    name: "cloud",
    listen,
    store: new MemoryStore(),
    log: silentLogger,
    onCluster(event) {
      for (const look of waiting) look(event);
    },
  });
  const url = hub.cluster?.url ?? "";
  try {
    await run({
      hub,
      url,
      port: Number(new URL(url).port),
      next(type, name) {
        const found = new Promise<ClusterEvent>((resolve) => {
          const look = (event: ClusterEvent): void => {
            if (event.type !== type || !("member" in event) || event.member.name !== name) return;
            waiting.delete(look);
            resolve(event);
          };
          waiting.add(look);
        });
        return within(20_000, found, `${type} of ${name}`);
      },
      edge(name, join = url) {
        const edge = startNodeProcess({ name, join });
        edges.push(edge);
        return edge;
      },
    });
  } finally {
    await Promise.all(edges.map((edge) => edge.kill()));
    await hub.terminate();
  }
}

test("SluiceNode.spawn starts an actor in another process: told, asked, watched, stopped, gone with its node", async () => {
  await withHub(async ({ hub, edge }) => {
    const child = edge("edge-1");
    await child.heard("member");
    const ref = await hub.spawn<Counting>("counter", { at: "edge-1", name: "first", args: 10 });
    assert.is(await hub.system.ask(ref, add(5)), 15);
    const seen: Terminated[] = [];
    const gone = new Promise<void>((resolve) => {
      hub.system.watch(ref, (event) => {
        seen.push(event);
        resolve();
      });
    });
    await hub.stop(ref);
    await within(2_000, gone);
    assert.equal(seen, [{ address: ref.address, reason: "stopped" }]);

    const second = await hub.spawn<Counting>("counter", { at: "edge-1", name: "second", args: 0 });
    const unreachable = new Promise<Terminated>((resolve) => void hub.system.watch(second, resolve));
    await child.kill();
    assert.is((await within(5_000, unreachable)).reason, "unreachable");
  });
});

test("a killed node is down, and comes again as another member that the former's refs do not reach", async () => {
  await withHub(async ({ hub, edge, next }) => {
    const first = edge("edge-1");
    const { session } = await first.heard("member");
    const ref = await hub.spawn<Counting>("counter", { at: "edge-1", name: "counter", args: 0 });
    const down = next("memberDown", "edge-1");
    await first.kill();
    await down;
    const again = await edge("edge-1").heard("member");
    assert.ok(Number(again["session"]) > Number(session));
    const answer = await hub.system.ask(ref, add(1)).catch((error: { readonly code?: string }) => error.code);
    assert.is(answer, "actor-stopped");
  });
});

test("a node that stands still is down, and joins again under a new session once it goes on", async () => {
  await withHub(async ({ edge, next }) => {
    const child = edge("edge-1");
    const { session } = await child.heard("member");
    const down = next("memberDown", "edge-1");
    child.pause();
    await down;
    const up = next("memberUp", "edge-1");
    const heardSoFar = child.reports.length;
    child.resume();
    await up;
    await child.heard("cutOff", heardSoFar);
    const joined = await child.heard("joined", heardSoFar);
    assert.ok((joined["self"] as { readonly session: number }).session > Number(session));
  });
});

test("a link that is cut, or frozen far away, is noticed by both ends and made again", async () => {
  await withHub(async ({ edge, next, port }) => {
    const proxy = await startTcpProxy(port);
    try {
      const child = edge("edge-1", `ws://127.0.0.1:${proxy.port}`);
      await child.heard("member");
      for (const fault of ["cut", "freeze"] as const) {
        const heardSoFar = child.reports.length;
        const down = next("memberDown", "edge-1");
        proxy[fault]();
        await down;
        await child.heard("cutOff", heardSoFar);
        const up = next("memberUp", "edge-1");
        proxy.heal();
        await up;
        await child.heard("joined", heardSoFar);
      }
    } finally {
      await proxy.close();
    }
  });
});

test("nodes find a hub that has started anew, in another process of their own", async () => {
  let port = 0;
  let child: NodeProcess | null = null;
  await withHub(async ({ port: own, url }) => {
    port = own;
    child = startNodeProcess({ name: "edge-1", join: url });
    await child.heard("member");
  });
  const edge = child as NodeProcess | null;
  if (edge === null) throw new Error("There is no edge");
  try {
    await edge.heard("cutOff");
    const heardSoFar = edge.reports.length;
    await withHub(async ({ hub }) => {
      await edge.heard("joined", heardSoFar);
      const ref = await hub.spawn<Counting>("counter", { at: "edge-1", name: "counter", args: 1 });
      assert.is(await hub.system.ask(ref, add(1)), 2);
    }, `ws://127.0.0.1:${port}`);
  } finally {
    await edge.kill();
  }
});

test("a node that leaves in order has left, and its process ends by itself", async () => {
  await withHub(async ({ edge, next }) => {
    const child = edge("edge-1");
    await child.heard("member");
    const left = next("memberLeft", "edge-1");
    assert.is(await child.leave(), 0);
    await left;
  });
});

test("two nodes of one name: the second is refused clearly, and the first goes on", async () => {
  await withHub(async ({ hub, edge }) => {
    await edge("edge-1").heard("member");
    const refused = await edge("edge-1").heard("failed");
    assert.is(refused["code"], "name-taken");
    assert.match(String(refused["message"]), /Cannot join as "edge-1": a node of this name is a member/);
    assert.ok(hub.cluster?.members.size === 2);
  });
});

test.run();
