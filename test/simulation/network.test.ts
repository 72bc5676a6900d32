import { createPrng } from "../../src/simulation/prng.js";
import { SimulatedProcess } from "../../src/simulation/simulated-process.js";
import { Network } from "../../src/simulation/network.js";
import { VirtualTime } from "../../src/simulation/virtual-time.js";
import { WireChecker } from "../../src/simulation/wire-checker.js";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import type { Channel, ChannelClosed } from "../../src/transport/carrier.js";
import { carrierContract } from "../contract/carrier.js";

carrierContract("simulated network", () => {
  const time = new VirtualTime(0);
  const network = new Network(time, createPrng(1), () => {}, createWire);
  const process = new SimulatedProcess(time, 0);
  const pumping = { over: false };
  const pump = async (): Promise<void> => {
    while (!pumping.over) await time.runUntil(time.nowMs + 10);
  };
  void pump();
  return Promise.resolve({
    carrier: network.carrierOf("a", process),
    url: "memory://a",
    nowhere: "memory://b",
    exclusive: true,
    end: () => {
      pumping.over = true;
      return Promise.resolve();
    },
  });
});

interface Pair {
  readonly time: VirtualTime;
  readonly network: Network;
  readonly processes: { readonly a: SimulatedProcess; readonly b: SimulatedProcess };
  readonly channel: Channel;
  readonly received: number[];
  readonly closes: ChannelClosed[];
}

/** A connection from `a` to `b`, and what `b` receives. */
async function connected(work: (pair: Pair) => Promise<void>): Promise<void> {
  const time = new VirtualTime(0);
  const network = new Network(time, createPrng(2), () => {}, createWire);
  const processes = { a: new SimulatedProcess(time, 0), b: new SimulatedProcess(time, 0) };
  const received: number[] = [];
  const closes: ChannelClosed[] = [];
  const listener = {
    onFrame: (frame: Uint8Array) => void received.push(frame[0] ?? -1),
    onClose: (closed: ChannelClosed) => void closes.push(closed),
  };
  void network
    .carrierOf("b", processes.b)
    .listen({ url: "memory://b", onChannel: (channel) => channel.start(listener) });
  let channel: Channel | null = null;
  void network
    .carrierOf("a", processes.a)
    .connect({ url: "memory://b" })
    .then((made) => (channel = made));
  await time.runUntil(100);
  assert.ok(channel);
  await work({ time, network, processes, channel, received, closes });
}

const frames = (channel: Channel, from: number, to: number): void => {
  for (let value = from; value < to; value++) channel.send(Uint8Array.of(value));
};

const createWire = () => new WireChecker(65_536, { onViolation: () => {}, tried: () => {} });

test("Network holds what is sent over a silent path, and delivers it in order once that is healed", async () => {
  await connected(async ({ time, network, channel, received, closes }) => {
    frames(channel, 0, 3);
    await time.runUntil(200);
    network.silence("a", "b");
    frames(channel, 3, 6);
    await time.runUntil(5_000);
    assert.equal([received, closes], [[0, 1, 2], []]);
    network.heal("a", "b");
    frames(channel, 6, 9);
    await time.runUntil(6_000);
    assert.equal(received, [0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });
});

test("Network breaks connections where a path is cut, and makes none until it is healed", async () => {
  await connected(async ({ time, network, processes, closes }) => {
    network.cut("a", "b");
    await time.runUntil(200);
    assert.is(closes.length, 1);
    const tried: string[] = [];
    const dial = (): void =>
      void network
        .carrierOf("a", processes.a)
        .connect({ url: "memory://b" })
        .then(
          () => tried.push("connected"),
          () => tried.push("failed"),
        );
    dial();
    await time.runUntil(300);
    network.heal("a", "b");
    dial();
    await time.runUntil(400);
    assert.equal(tried, ["failed", "connected"]);
  });
});

test("SimulatedProcess receives after a pause what came meanwhile, and nothing once it is killed", async () => {
  await connected(async ({ time, processes, channel, received }) => {
    processes.b.pause();
    frames(channel, 0, 3);
    await time.runUntil(1_000);
    assert.equal(received, []);
    processes.b.resume();
    await time.runUntil(1_001);
    assert.equal(received, [0, 1, 2]);
    const ticks: number[] = [];
    processes.b.clock.after(10, () => ticks.push(1));
    processes.b.kill();
    frames(channel, 3, 6);
    await time.runUntil(2_000);
    assert.equal([received, ticks], [[0, 1, 2], []]);
  });
});

test.run();
