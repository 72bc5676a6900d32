import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import type { Terminated } from "../../../src/runtime/behaviour.js";
import type { ActorPath } from "../../../src/runtime/brand.js";
import { silentLogger } from "../../../src/runtime/log.js";
import { nodeSystem } from "../../../src/runtime/node-system.js";
import type { Remote } from "../../../src/runtime/remote.js";
import { allocateShared } from "../../../src/runtime/shared-memory.js";
import { createActorSystem } from "../../../src/runtime/system.js";
import { joinCluster } from "../../../src/transport/cluster/joiner.js";
import { add, clusterTest, counter, failure, recorder, type Question } from "../../support/cluster-test.js";
import { within } from "../../support/within.js";
import { Refusal } from "../../../src/transport/cluster/guard.js";

clusterTest(
  "a remote tell, ask and watch work like local ones, to the hub and through it",
  async (cluster) => {
    const hub = await cluster.hub();
    const first = await cluster.join("edge-1");
    const second = await cluster.join("edge-2");
    for (const { system } of [hub, second]) {
      const live = system.spawn(counter, { name: "counter" });
      const ref = first.system.resolve<Question>(`sluice://${system.name}/counter`);
      assert.is(await within(1_000, first.system.ask(ref, add(2))), 2);
      assert.is(await within(1_000, first.system.ask(ref, add(3), { lane: "control" })), 5);
      const seen: Terminated[] = [];
      first.system.watch(ref, (event) => seen.push(event));
      await cluster.settle();
      await system.stop(live);
      await cluster.settle();
      assert.equal(seen, [{ address: ref.address, reason: "stopped" }]);
    }
  },
);

clusterTest("a remote tell keeps the order of each lane, small and large messages alike", async (cluster) => {
  const hub = await cluster.hub();
  const edge = await cluster.join("edge-1");
  const received: { readonly n: number; readonly bytes: Uint8Array | null }[] = [];
  hub.system.spawn(recorder(received), { name: "sink" });
  const sink = edge.system.resolve<(typeof received)[number]>("sluice://hub/sink");
  const sizes = [0, 10, 5_000, 70_000, 1_000_000, 0, 300_000, 20];
  sizes.forEach((size, n) => {
    const bytes = size === 0 ? null : new Uint8Array(size).fill(n);
    sink.tell({ n, bytes });
  });
  await cluster.settle();
  assert.equal(
    received.map(({ n, bytes }) => [n, bytes?.byteLength ?? 0, bytes?.at(-1) ?? n]),
    sizes.map((size, n) => [n, size, n]),
  );
});

clusterTest("frames in shared memory arrive in shared memory, and others do not", async (cluster) => {
  const hub = await cluster.hub();
  const edge = await cluster.join("edge-1");
  const received: { readonly shared: Uint8Array; readonly plain: Uint8Array }[] = [];
  hub.system.spawn(recorder(received), { name: "sink" });
  const shared = allocateShared(100_000).fill(7);
  edge.system
    .resolve<(typeof received)[number]>("sluice://hub/sink")
    .tell({ shared, plain: new Uint8Array(100_000).fill(8) });
  await cluster.settle();
  const [message] = received;
  assert.ok(message?.shared.buffer instanceof SharedArrayBuffer);
  assert.not.ok(message.plain.buffer instanceof SharedArrayBuffer);
  assert.equal([message.shared[99_999], message.plain[99_999]], [7, 8]);
});

clusterTest(
  "a small message waits for no large one of another receiver, and control for none",
  async (cluster) => {
    const hub = await cluster.hub();
    const edge = await cluster.join("edge-1");
    const received: string[] = [];
    for (const name of ["bulk", "small"]) {
      hub.system.spawn(
        {
          start: () => null,
          receive(state: null, message: { readonly name: string }) {
            received.push(message.name);
            return state;
          },
        },
        { name },
      );
    }
    const bulk = edge.system.resolve<object>("sluice://hub/bulk");
    for (const n of [1, 2, 3]) bulk.tell({ name: `bulk ${n}`, bytes: new Uint8Array(4_000_000) });
    edge.system.resolve<object>("sluice://hub/small").tell({ name: "small" });
    bulk.tell({ name: "control" }, "control");
    await cluster.settle();
    await cluster.settle();
    assert.equal(received, ["control", "small", "bulk 1", "bulk 2", "bulk 3"]);
  },
);

clusterTest(
  "a remote ask ends at once: nobody there, stopped, failed, and its node gone",
  async (cluster) => {
    const hub = await cluster.hub();
    const edge = await cluster.join("edge-1");
    const other = await cluster.join("edge-2");
    const ask = (address: string, request = add(1)) =>
      failure(edge.system.ask(edge.system.resolve<Question>(address), request));
    assert.is(await ask("sluice://hub/nobody"), "actor-stopped");
    assert.is(await ask("sluice://edge-2/nobody"), "actor-stopped");
    assert.is(await ask("sluice://edge-9/counter"), "node-unreachable");
    const live = other.system.spawn(counter, { name: "counter", restart: "temporary" });
    const failed = failure(
      edge.system.ask(edge.system.resolve<Question>(live.address), (replyTo) => ({ type: "fail", replyTo })),
    );
    assert.is(await failed, "actor-failed");
    assert.is(await ask(live.address), "actor-stopped");

    other.system.spawn(recorder([]), { name: "silent" });
    const waiting = ask("sluice://edge-2/silent");
    const seen: Terminated[] = [];
    edge.system.watch(edge.system.resolve("sluice://edge-2/silent"), (event) => seen.push(event));
    await cluster.settle();
    void other.cluster.leave();
    assert.is(await waiting, "node-unreachable");
    await cluster.settle();
    assert.equal(seen, [{ address: "sluice://edge-2/silent", reason: "unreachable" }]);
    assert.is(hub.cluster.members.size, 2);
  },
);

clusterTest(
  "the guard decides what others may tell, and an ask that it refuses fails at once",
  async (cluster) => {
    const hub = await cluster.hub({
      guard: (from, path, message) =>
        path === "/secret" && !from.roles.includes("cloud")
          ? new Refusal("denied", `${from.name} may not`)
          : message,
    });
    const edge = await cluster.join("edge-1");
    const received: unknown[] = [];
    hub.system.spawn(recorder(received), { name: "secret" });
    const secret = edge.system.resolve<Question>("sluice://hub/secret");
    secret.tell({ type: "add", amount: 1, replyTo: edge.system.resolve("sluice://edge-1/x") });
    assert.is(await failure(edge.system.ask(secret, add(1))), "permission-denied");
    assert.equal(received, []);
    assert.is(hub.cluster.security["denied"], 2);
    assert.is(hub.cluster.security["denied:edge-1"], 2);
  },
);

clusterTest(
  "the guard is asked about the actor that an envelope reaches: a path that names an incarnation is malformed",
  async (cluster) => {
    const paths: string[] = [];
    const hub = await cluster.hub({
      guard(_, path, message) {
        paths.push(path);
        return path === "/secret" ? new Refusal("denied", "secret") : message;
      },
    });
    const received: unknown[] = [];
    const secret = hub.system.spawn(recorder(received), { name: "secret" });
    const system = createActorSystem({ name: "edge-1", clock: cluster.clock, log: silentLogger });
    const attached: (Remote | null)[] = [];
    const inside = nodeSystem(system);
    const attach = inside.attachRemote.bind(inside);
    inside.attachRemote = (remote) => {
      attached.push(remote);
      attach(remote);
    };
    const edge = await joinCluster(system, {
      carrier: cluster.network,
      connect: { url: "memory://hub" },
      token: null,
    });
    const path = secret.address.replace("sluice://hub", "") as ActorPath;
    const target = { node: hub.system.name, path, incarnation: null };
    for (const askId of [null, 7]) attached[0]?.send({ target, address: secret.address }, "x", "data", askId);
    await cluster.settle();
    assert.equal(received, []);
    assert.equal(paths, []);
    assert.is(hub.cluster.security["malformed:edge-1"], 2);
    const left = edge.leave();
    await cluster.settle();
    await left;
    await system.terminate();
  },
);

clusterTest(
  "members with an address talk directly, in order over the move, and fall back to the hub",
  async (cluster) => {
    const hub = await cluster.hub();
    const first = await cluster.join("edge-1");
    const second = await cluster.join("edge-2", { listen: { url: "memory://edge-2" } });
    const received: number[] = [];
    second.system.spawn(recorder(received), { name: "sink" });
    const sink = first.system.resolve<number>("sluice://edge-2/sink");
    for (let n = 0; n < 2_000; n++) {
      sink.tell(n);
      if (n % 100 === 0) await new Promise((resolve) => void setImmediate(resolve));
    }
    await cluster.settle();
    assert.equal(
      received,
      Array.from({ length: 2_000 }, (_, n) => n),
    );
    const direct = first.cluster.links.find(({ kind }) => kind === "direct");
    assert.is(direct?.peer, "edge-2");
    const relayed = hub.cluster.links.find(({ peer }) => peer === "edge-1")?.receivedBytes ?? 0;
    sink.tell(2_000);
    await cluster.settle();
    assert.is(received.length, 2_001);
    const after = hub.cluster.links.find(({ peer }) => peer === "edge-1")?.receivedBytes ?? 0;
    assert.ok(after - relayed < 20, `${after - relayed} bytes went through the hub`);
  },
);

test.run();
