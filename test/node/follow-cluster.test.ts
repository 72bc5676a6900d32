import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import type { MonitorMessage } from "../../src/actors/protocol/monitor.js";
import { followCluster } from "../../src/node/follow-cluster.js";
import { ClusterClock } from "../../src/transport/cluster-clock.js";
import { createMemoryCluster } from "../support/memory-cluster.js";
import { createProbe } from "../support/probe.js";
import { within } from "../support/within.js";

test("followCluster tells the components of a node which others went while it was cut off, before it names those that are there", async () => {
  let cut = false;
  // While it is cut, nothing passes between the hub and the first to join.
  const cluster = createMemoryCluster({
    deliver({ from, to }, pass) {
      const first = "memory://dialled:1";
      if (!cut || (from !== first && to !== first)) pass();
    },
  });
  try {
    await cluster.hub();
    const edge = await cluster.join("edge-1", {
      backoff: { minMs: 2_000, maxMs: 2_000, factor: 1, jitter: 0 },
    });
    const stays = await cluster.join("edge-2");
    const goes = await cluster.join("edge-3");
    await cluster.settle();
    const told: string[] = [];
    const monitor = createProbe<MonitorMessage>();
    followCluster({
      system: edge.system,
      clock: new ClusterClock(cluster.clock),
      cluster: edge.cluster,
      components: {
        monitor,
        register: () => told.push("register"),
        nodeGone: (node, { left }) => told.push(`${node} ${left ? "left" : "gone"}`),
        nodeBack: (node) => told.push(`${node} back`),
      },
      onCluster: undefined,
    });
    assert.equal(told.splice(0), ["hub back", "edge-2 back", "edge-3 back"]);
    cut = true;
    await cluster.advance(1_500);
    assert.is(edge.cluster.connected, false);
    assert.equal(told.splice(0), ["hub gone"]);
    const left = goes.cluster.leave();
    await cluster.settle();
    await within(5_000, left);
    await cluster.advance(4_000);
    assert.is(edge.cluster.connected, true);
    assert.equal(told.splice(0), [
      "hub gone",
      "edge-2 gone",
      "edge-3 gone",
      "register",
      "hub back",
      "edge-2 back",
    ]);
    assert.is(stays.cluster.members.size, 3);
    await edge.system.shutdown.run();
  } finally {
    await within(20_000, cluster.end(), "the end of the cluster");
  }
});

test("followCluster tells the components of a node at once which others leave, and which are lost", async () => {
  let cut = false;
  // While it is cut, nothing passes between the hub and the third to join.
  const cluster = createMemoryCluster({
    deliver({ from, to }, pass) {
      const third = "memory://dialled:3";
      if (!cut || (from !== third && to !== third)) pass();
    },
  });
  try {
    await cluster.hub();
    const edge = await cluster.join("edge-1");
    const leaves = await cluster.join("edge-2");
    await cluster.join("edge-3");
    await cluster.settle();
    const told: string[] = [];
    followCluster({
      system: edge.system,
      clock: new ClusterClock(cluster.clock),
      cluster: edge.cluster,
      components: {
        monitor: createProbe<MonitorMessage>(),
        register: () => told.push("register"),
        nodeGone: (node, { left }) => told.push(`${node} ${left ? "left" : "gone"}`),
        nodeBack: () => {},
      },
      onCluster: undefined,
    });
    const left = leaves.cluster.leave();
    await cluster.settle();
    await within(5_000, left);
    await cluster.settle();
    assert.equal(told.splice(0), ["edge-2 left"]);
    cut = true;
    await cluster.advance(1_500);
    assert.equal(told, ["edge-3 gone"]);
    await edge.system.shutdown.run();
  } finally {
    await within(20_000, cluster.end(), "the end of the cluster");
  }
});

test.run();
