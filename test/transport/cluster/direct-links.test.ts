/** The move of two members to a link of their own, while their way through the hub is slow. */

import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import type { Lane } from "../../../src/runtime/actor-ref.js";
import { recorder } from "../../support/cluster-test.js";
import { createMemoryCluster, type MemoryCluster } from "../../support/memory-cluster.js";
import { within } from "../../support/within.js";

interface Numbered {
  readonly lane: Lane;
  readonly n: number;
  readonly bytes: Uint8Array;
}

/** A cluster whose frames to and from the hub wait for `passOne`, those of each way in order; others pass at once. */
function slowHub(): {
  readonly cluster: MemoryCluster;
  readonly slow: () => void;
  readonly passOne: () => void;
} {
  const ways = new Map<string, (() => void)[]>();
  let slowed = false;
  const cluster = createMemoryCluster({
    deliver({ from, to }, pass) {
      if (!slowed || (from !== "memory://hub" && to !== "memory://hub")) {
        pass();
        return;
      }
      const way = `${from} ${to}`;
      const waiting = ways.get(way) ?? [];
      ways.set(way, waiting);
      waiting.push(pass);
    },
  });
  return {
    cluster,
    slow: () => (slowed = true),
    passOne() {
      for (const waiting of ways.values()) waiting.shift()?.();
    },
  };
}

/** Sends `count` messages of `size` bytes in `lanes` one way while the two move, and checks the order of each lane. */
async function keepsOrder(
  from: "edge-1" | "edge-2",
  lanes: readonly Lane[],
  size: number,
  count: number,
): Promise<void> {
  const { cluster, slow, passOne } = slowHub();
  try {
    await cluster.hub();
    const first = await cluster.join("edge-1");
    const second = await cluster.join("edge-2", { listen: { url: "memory://edge-2" } });
    await cluster.settle();
    const [sender, receiver] = from === "edge-1" ? [first, second] : [second, first];
    const received: Numbered[] = [];
    receiver.system.spawn(recorder(received), { name: "sink" });
    const sink = sender.system.resolve<Numbered>(`sluice://${receiver.system.name}/sink`);
    slow();
    for (let n = 0; n < count; n++) {
      for (const lane of lanes)
        sink.tell({ lane, n, bytes: new Uint8Array(lane === "control" ? 10 : size) }, lane);
      for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => void setImmediate(resolve));
      // By the time of the move much waits on the old way.
      if (n > count / 2) passOne();
    }
    const wanted = count * lanes.length;
    const all = async (): Promise<void> => {
      while (received.length < wanted) {
        passOne();
        await new Promise((resolve) => void setImmediate(resolve));
      }
    };
    await within(30_000, all(), "all messages");
    assert.ok(first.cluster.links.some(({ kind }) => kind === "direct"));
    for (const lane of lanes) {
      assert.equal(
        received.filter((message) => message.lane === lane).map(({ n }) => n),
        Array.from({ length: count }, (_, n) => n),
      );
    }
  } finally {
    const ending = setInterval(() => {
      for (let n = 0; n < 100; n++) passOne();
    }, 1);
    await within(20_000, cluster.end(), "the end of the cluster");
    clearInterval(ending);
  }
}

for (const [from, which] of [
  ["edge-1", "who dials it"],
  ["edge-2", "who is dialled"],
] as const) {
  test(`a direct link holds the messages of ${which} until those on the way through the hub have arrived, in both lanes`, () =>
    keepsOrder(from, ["control", "data"], 10, 200));

  test(`a direct link holds the messages of ${which} until those that wait for credit have arrived`, () =>
    keepsOrder(from, ["data"], 60_000, 80));

  test(`a direct link holds the messages of ${which} until the slower lane has arrived, too`, () =>
    keepsOrder(from, ["control", "data"], 60_000, 80));
}

test.run();
