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

/** Two members that tell each other something, and how to hold what the hub sends to one of them. */
async function introducedTwo(): Promise<{
  readonly cluster: MemoryCluster;
  readonly nodes: readonly [Node, Node];
  /** Holds the frames from `from`, a URL of the network, to `to`, behind the next few; what is given back lets them pass. */
  readonly hold: (from: string, to: string, after?: number) => () => void;
}> {
  const held = new Map<string, { after: number; readonly waiting: (() => void)[] }>();
  const cluster = createMemoryCluster({
    deliver({ from, to }, pass) {
      const way = held.get(`${from} ${to}`);
      if (way === undefined || way.after > 0) pass();
      else way.waiting.push(pass);
      if (way !== undefined) way.after -= 1;
    },
  });
  await cluster.hub();
  const first = await cluster.join("edge-1");
  const second = await cluster.join("edge-2", { listen: { url: "memory://edge-2" } });
  await cluster.settle();
  for (const { system } of [first, second]) system.spawn(recorder([]), { name: "sink" });
  const hold = (from: string, to: string, after = 0): (() => void) => {
    const way = `${from} ${to}`;
    const waiting: (() => void)[] = [];
    held.set(way, { after, waiting });
    return () => {
      held.delete(way);
      for (const pass of waiting) pass();
    };
  };
  return { cluster, nodes: [first, second], hold };
}

type Node = Awaited<ReturnType<MemoryCluster["join"]>>;

const say = ({ system }: Node, to: Node): void =>
  system.resolve<string>(`sluice://${to.system.name}/sink`).tell("something");
const directLinks = (nodes: readonly Node[]): readonly number[] =>
  nodes.map(({ cluster }) => cluster.links.filter(({ kind }) => kind === "direct").length);
const SECOND = "memory://dialled:2";

test("nobody dials a member that has not been told of it yet", async () => {
  const { cluster, nodes, hold } = await introducedTwo();
  const pass = hold("memory://hub", SECOND);
  say(nodes[0], nodes[1]);
  await cluster.settle();
  await cluster.advance(1_000);
  pass();
  await cluster.settle();
  assert.equal(
    nodes.map((node) => node.cluster.security),
    [{}, {}],
  );
  assert.equal(directLinks(nodes), [1, 1]);
  await cluster.end();
});

test("two members that ask for each other at a time have one link, and no key is refused", async () => {
  const { cluster, nodes } = await introducedTwo();
  say(nodes[0], nodes[1]);
  say(nodes[1], nodes[0]);
  await cluster.advance(1_000);
  assert.equal(
    nodes.map((node) => node.cluster.security),
    [{}, {}],
  );
  assert.equal(directLinks(nodes), [1, 1]);
  await cluster.end();
});

test("a member that is introduced again while it dials does not dial twice", async () => {
  const { cluster, nodes, hold } = await introducedTwo();
  const pass = hold("memory://dialled:3", "memory://edge-2");
  say(nodes[0], nodes[1]);
  await cluster.settle();
  say(nodes[1], nodes[0]);
  await cluster.settle();
  pass();
  // A refusal takes its time.
  await cluster.advance(1_000);
  assert.equal(
    nodes.map((node) => node.cluster.security),
    [{}, {}],
  );
  assert.equal(directLinks(nodes), [1, 1]);
  await cluster.end();
});

test("a member that asks for another one that has its link already has nobody dial in vain", async () => {
  const { cluster, nodes, hold } = await introducedTwo();
  // What the second one asks waits on its way, and so does the welcome, behind the challenge.
  const passAsked = hold("memory://dialled:2", "memory://hub");
  say(nodes[1], nodes[0]);
  await cluster.settle();
  const passWelcome = hold("memory://edge-2", "memory://dialled:3", 1);
  say(nodes[0], nodes[1]);
  await cluster.settle();
  passAsked();
  await cluster.settle();
  passWelcome();
  // A refusal takes its time.
  await cluster.advance(1_000);
  assert.equal(
    nodes.map((node) => node.cluster.security),
    [{}, {}],
  );
  assert.equal(directLinks(nodes), [1, 1]);
  await cluster.end();
});

test.run();
