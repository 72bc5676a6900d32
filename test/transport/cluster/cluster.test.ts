import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Terminated } from "../../../src/runtime/behaviour.js";
import { add, clusterTest, counter, failure, type Question } from "../../support/cluster-test.js";
import { memberEvents } from "../../support/memory-cluster.js";
import { within } from "../../support/within.js";

clusterTest("a cluster tells every member the same events in the same order", async (cluster) => {
  const hub = await cluster.hub();
  const first = await cluster.join("edge-1");
  const second = await cluster.join("edge-2");
  await cluster.settle();
  assert.equal([...second.cluster.members.keys()], ["hub", "edge-1", "edge-2"]);
  assert.equal([...first.cluster.members.values()], [...hub.cluster.members.values()]);
  const left = second.cluster.leave();
  await cluster.settle();
  await left;
  await cluster.settle();
  const expected = ["memberUp edge-2 2", "memberLeaving edge-2 3", "memberLeft edge-2 4"];
  assert.equal(memberEvents(hub.events).slice(-3), expected);
  assert.equal(memberEvents(first.events).slice(-3), expected);
  assert.equal([...first.cluster.members.keys()], ["hub", "edge-1"]);
});

clusterTest(
  "Cluster.spawn starts a registered behaviour elsewhere, watched and stopped like a local one",
  async (cluster) => {
    const hub = await cluster.hub();
    const edge = await cluster.join("edge-1");
    edge.cluster.registerBehaviour("counter", (args) => {
      if (typeof args !== "number") throw new TypeError(`wanted a number: got ${typeof args}`);
      return { ...counter, start: () => args };
    });
    const ref = await within(
      1_000,
      hub.cluster.spawn<Question>("counter", { at: "edge-1", name: "c", args: 40 }),
    );
    assert.match(ref.address, /^sluice:\/\/edge-1\/guardian\/c#\d+$/);
    assert.is(await within(1_000, hub.system.ask(ref, add(2))), 42);
    const seen: Terminated[] = [];
    hub.system.watch(ref, (event) => seen.push(event));
    assert.is(
      await failure(hub.cluster.spawn("counter", { at: "edge-1", name: "c", args: 1 })),
      "spawn-failed",
    );
    assert.is(
      await failure(hub.cluster.spawn("counter", { at: "edge-1", name: "d", args: "x" })),
      "spawn-failed",
    );
    assert.is(await failure(hub.cluster.spawn("nothing", { at: "edge-1", name: "d" })), "behaviour-unknown");
    assert.is(await failure(hub.cluster.spawn("counter", { at: "edge-7", name: "d" })), "spawn-failed");
    await within(1_000, hub.cluster.stop(ref));
    await cluster.settle();
    assert.equal(seen, [{ address: ref.address, reason: "stopped" }]);
    assert.is(await failure(hub.system.ask(ref, add(2))), "actor-stopped");
  },
);

clusterTest(
  "a node that falls silent is down after 1 s, and who stood still itself declares nobody dead",
  async (cluster) => {
    const hub = await cluster.hub();
    const edge = await cluster.join("edge-1");
    await cluster.advance(3_000);
    assert.is(hub.cluster.members.size, 2);
    // A long stall of the hub's own process: the clock jumps, and no frame arrived meanwhile.
    cluster.clock.advance(5_000);
    await cluster.settle();
    await cluster.advance(1_000);
    assert.is(hub.cluster.members.size, 2);
    assert.is(edge.cluster.connected, true);
  },
);

clusterTest("a name is refused while its holder answers, and so is the hub's", async (cluster) => {
  await cluster.hub();
  await cluster.join("edge-1");
  assert.is(await failure(cluster.join("edge-1")), "name-taken");
  assert.is(await failure(cluster.join("hub")), "name-taken");
  assert.is(await failure(cluster.join("edge-2", { cluster: "another" })), "cluster-mismatch");
});

clusterTest(
  "an address whose joins keep failing is blocked for a while, and its members stay",
  async (cluster) => {
    const hub = await cluster.hub({ acceptor: { failures: { perSecond: 1, burst: 3 } } });
    const edge = await cluster.join("edge-1");
    const stranger = async (): Promise<string> => failure(cluster.join("edge-2", { cluster: "another" }));
    for (let attempt = 0; attempt < 4; attempt++) assert.is(await stranger(), "cluster-mismatch");
    assert.is(await failure(cluster.join("edge-2")), "connect-failed");
    assert.is(hub.cluster.security["address-blocked"], 1);
    assert.is(edge.cluster.connected, true);
    await cluster.advance(10_000);
    await cluster.join("edge-2");
    assert.equal([...hub.cluster.members.keys()], ["hub", "edge-1", "edge-2"]);
  },
);

clusterTest(
  "nodes come back by themselves to a hub that has started anew, under higher sessions",
  async (cluster) => {
    const hub = await cluster.hub();
    const edge = await cluster.join("edge-1");
    const before = edge.cluster.self.session;
    await hub.cluster.leave();
    await hub.system.terminate();
    await cluster.settle();
    assert.is(edge.cluster.connected, false);
    assert.is(edge.events.at(-1)?.type, "cutOff");
    await cluster.advance(1_000);
    const again = await cluster.hub();
    again.system.spawn(counter, { name: "counter" });
    await cluster.advance(6_000);
    assert.is(edge.cluster.connected, true);
    assert.ok(edge.cluster.self.session > before);
    assert.equal([...again.cluster.members.keys()], ["hub", "edge-1"]);
    const ref = edge.system.resolve<Question>("sluice://hub/counter");
    assert.is(await within(1_000, edge.system.ask(ref, add(2))), 2);
  },
);

test.run();
