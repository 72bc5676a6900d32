import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import type { Terminated } from "../../../src/runtime/behaviour.js";
import type { Carrier, Channel } from "../../../src/transport/carrier.js";
import { createMemoryTokens } from "../../../src/transport/security/memory-tokens.js";
import { generateToken, tokenText } from "../../../src/transport/security/token.js";
import { add, clusterTest, counter, failure, type Question } from "../../support/cluster-test.js";
import { breaking } from "../../support/breaking-carrier.js";
import { memberEvents } from "../../support/memory-cluster.js";
import type { MemoryCluster } from "../../support/memory-cluster.js";
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

clusterTest("a node that stood still itself declares nobody dead", async (cluster) => {
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
});

clusterTest("a node that falls silent is down after 1 s, and an operator after 5 s", async (cluster) => {
  const hub = await cluster.hub();
  const line = { broken: false };
  const carrier = breaking(cluster.network, line);
  await cluster.join("edge-1", { carrier });
  await cluster.join("operator-1", { carrier, roles: ["operator"] });
  await cluster.advance(3_000);
  line.broken = true;
  await cluster.advance(1_500);
  assert.equal([...hub.cluster.members.keys()], ["hub", "operator-1"]);
  await cluster.advance(3_000);
  assert.equal([...hub.cluster.members.keys()], ["hub", "operator-1"]);
  await cluster.advance(1_000);
  assert.equal([...hub.cluster.members.keys()], ["hub"]);
});

clusterTest("a member looks again where its hub is and what its token is, for some time", async (cluster) => {
  const terms = { roles: ["operator" as const], grants: [], expiresAtMs: Number.MAX_SAFE_INTEGER };
  const [before, after] = [createMemoryTokens(), createMemoryTokens()];
  const hub = await cluster.hub({ authority: before });
  const first = before.create(terms);
  let known = first;
  const asked = { roles: ["operator" as const], token: first };
  const lookAgain = (): Promise<{ readonly url: string; readonly token: string }> =>
    Promise.resolve({ url: "memory://hub", token: known });
  const looking = await cluster.join("operator-1", { ...asked, lookAgain });
  const other = await cluster.join("operator-2", asked);
  await hub.cluster.leave();
  await hub.system.terminate();
  await cluster.settle();
  await cluster.hub({ authority: after });
  await cluster.advance(3_000);
  assert.is(other.events.at(-1)?.type, "refused");
  assert.is(looking.events.at(-1)?.type, "cutOff");
  known = after.create(terms);
  await cluster.advance(6_000);
  assert.is(looking.cluster.connected, true);
});

clusterTest("a name is refused while its holder answers, and so is the hub's", async (cluster) => {
  await cluster.hub();
  await cluster.join("edge-1");
  assert.is(await failure(cluster.join("edge-1")), "name-taken");
  assert.is(await failure(cluster.join("hub")), "name-taken");
  assert.is(await failure(cluster.join("edge-2", { cluster: "another" })), "cluster-mismatch");
});

clusterTest(
  "an address whose joins keep failing has few waiting, and who has a token gets in beside them",
  async (cluster) => {
    const tokens = createMemoryTokens();
    const token = tokens.create({ roles: ["edge"], grants: [], expiresAtMs: Number.MAX_SAFE_INTEGER });
    const hub = await cluster.hub({
      authority: tokens,
      acceptor: { failures: { perSecond: 0.01, burst: 3 }, pendingOfFailingMax: 2 },
    });
    const edge = await cluster.join("edge-1", { token });
    const stranger = async (): Promise<string> =>
      failure(cluster.join("edge-2", { token: tokenText(generateToken()) }));
    // A refusal takes as long whether the id is known or not.
    for (let attempt = 0; attempt < 4; attempt++) {
      assert.is(await whileTimePasses(cluster, stranger()), "token-invalid");
    }
    const idle: Channel[] = [];
    const idleOne = async (): Promise<void> => {
      const channel = await cluster.network.connect({ url: "memory://hub" });
      channel.start({ onFrame: () => {}, onClose: () => {} });
      idle.push(channel);
    };
    for (let n = 0; n < 5; n++) await idleOne();
    await cluster.settle();
    assert.is(hub.cluster.security["address-blocked"], 3);
    // An honest one whose handshake takes its time keeps its place, however many more come.
    const second = cluster.join("edge-2", { carrier: slowly(cluster.network, idleOne), token });
    assert.is((await whileTimePasses(cluster, second)).cluster.connected, true);
    assert.is(edge.cluster.connected, true);
    assert.equal([...hub.cluster.members.keys()], ["hub", "edge-1", "edge-2"]);
    for (const channel of idle) channel.destroy();
  },
);

clusterTest(
  "who says nothing is let go of; a node joins however long it and its hub are held up, and however slowly it gets on",
  async (cluster) => {
    const hub = await cluster.hub();
    const silent = await cluster.network.connect({ url: "memory://hub" });
    let ended = false;
    silent.start({ onFrame: () => {}, onClose: () => (ended = true) });
    await cluster.advance(4_900);
    assert.is(ended, false);
    await cluster.advance(200);
    assert.is(ended, true);
    assert.is(hub.cluster.security["handshake-timeout"], 1);

    const heldUp = async (): Promise<void> => {
      await cluster.settle();
      cluster.clock.stall(60_000);
    };
    const first = cluster.join("edge-1", { carrier: slowly(cluster.network, heldUp) });
    assert.is((await within(5_000, first)).cluster.connected, true);
    const slow = (): Promise<void> => cluster.advance(900);
    const second = cluster.join("edge-2", { carrier: slowly(cluster.network, slow) });
    assert.is((await within(5_000, second)).cluster.connected, true);
    assert.is(hub.cluster.security["handshake-timeout"], 1);
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

/** The clock of the cluster goes on until `work` has ended. */
async function whileTimePasses<T>(cluster: MemoryCluster, work: Promise<T>): Promise<T> {
  const ended = { yet: false };
  const end = (): void => void (ended.yet = true);
  work.then(end, end);
  while (!ended.yet) await cluster.advance(10);
  return await work;
}

/** A carrier whose frames wait until `meanwhile` has happened a few times. */
function slowly(carrier: Carrier, meanwhile: () => Promise<void>): Carrier {
  return {
    listen: (options) => carrier.listen(options),
    async connect(options) {
      const channel = await carrier.connect(options);
      let sent = Promise.resolve();
      let frames = 0;
      return {
        get remote() {
          return channel.remote;
        },
        get bufferedBytes() {
          return channel.bufferedBytes;
        },
        start: (listener) => channel.start(listener),
        send(frame) {
          frames += 1;
          // Its hello and its proof.
          sent = sendAfter(sent, channel, frame, frames <= 2 ? meanwhile : () => Promise.resolve());
        },
        close: (reason) => channel.close(reason),
        destroy: () => channel.destroy(),
      };
    },
  };
}

async function sendAfter(
  before: Promise<void>,
  channel: Channel,
  frame: Uint8Array,
  meanwhile: () => Promise<void>,
): Promise<void> {
  await before;
  channel.send(frame);
  // It has come, and has been looked at.
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => void setImmediate(resolve));
  for (let n = 0; n < 5; n++) await meanwhile();
}

test.run();
