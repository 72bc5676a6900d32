/** A node that loses its hub, and comes back to it. */

import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import type { Terminated } from "../../../src/runtime/behaviour.js";
import { createMemoryTokens } from "../../../src/transport/security/memory-tokens.js";
import type { TokenAuthority } from "../../../src/transport/security/token-authority.js";
import { add, clusterTest, failure, recorder, type Question } from "../../support/cluster-test.js";

clusterTest(
  "a node that has lost its hub waits for nobody: asks fail and watches fire at once",
  async (cluster) => {
    const hub = await cluster.hub();
    const edge = await cluster.join("edge-1");
    const other = await cluster.join("edge-2");
    await cluster.settle();
    for (const { system } of [hub, other]) system.spawn(recorder([]), { name: "silent" });
    const seen: Terminated[] = [];
    const asked = [hub, other].map(async ({ system }) => {
      const ref = edge.system.resolve<Question>(`sluice://${system.name}/silent`);
      edge.system.watch(ref, (event) => seen.push(event));
      return failure(edge.system.ask(ref, add(1), { timeoutMs: 3_600_000 }));
    });
    await cluster.settle();
    await hub.cluster.leave();
    await cluster.settle();
    assert.is(edge.cluster.connected, false);
    assert.equal(await Promise.all(asked), ["node-unreachable", "node-unreachable"]);
    assert.equal(seen.map(({ address, reason }) => `${address} ${reason}`).sort(), [
      "sluice://edge-2/silent unreachable",
      "sluice://hub/silent unreachable",
    ]);
  },
);

clusterTest("a node dials ever more slowly, and fast again after it has joined", async (cluster) => {
  const backoff = { minMs: 100, maxMs: 8_000, factor: 2, jitter: 0 };
  const first = await cluster.hub();
  const edge = await cluster.join("edge-1", { backoff });
  const lose = async (hub: typeof first): Promise<void> => {
    await hub.cluster.leave();
    await hub.system.terminate();
    await cluster.settle();
    assert.is(edge.cluster.connected, false);
  };
  await lose(first);
  await cluster.advance(20_000);
  const failed = edge.events.filter(({ type }) => type === "cutOff").length;
  assert.ok(failed > 5 && failed < 12, `${failed} failures`);
  const second = await cluster.hub();
  await cluster.advance(9_000);
  assert.is(edge.cluster.connected, true);
  await lose(second);
  await cluster.hub();
  await cluster.advance(400);
  assert.is(edge.cluster.connected, true);
});

clusterTest(
  "a node is back within 100 ms and a quarter of the time that its hub was gone",
  async (cluster) => {
    let hub = await cluster.hub();
    const edge = await cluster.join("edge-1");
    for (const goneMs of [600, 1_300, 2_600]) {
      await hub.cluster.leave();
      await hub.system.terminate();
      await cluster.settle();
      await cluster.advance(goneMs);
      hub = await cluster.hub();
      assert.is(edge.cluster.connected, false);
      await cluster.advance(100 + goneMs / 4);
      assert.is(edge.cluster.connected, true);
    }
  },
);

clusterTest(
  "a node that a hub cannot let in for now tries again, as it joins for the first time and as it comes back",
  async (cluster) => {
    let [last, full] = [1_000, true];
    const hubs: { readonly leave: () => Promise<void> }[] = [];
    const startHub = async (): Promise<void> => {
      const sessions = {
        own: ++last,
        async next() {
          await Promise.resolve();
          if (full) throw new Error("the disk is full");
          return ++last;
        },
      };
      const { cluster: hub, system } = await cluster.hub({ sessions });
      hubs.push({ leave: async () => (await hub.leave(), await system.terminate()) });
    };
    await startHub();
    const joining = cluster.join("edge-1", { patient: true });
    await cluster.advance(3_000);
    full = false;
    await cluster.advance(10_000);
    const { cluster: edge, events } = await joining;
    assert.is(edge.connected, true);

    full = true;
    await hubs[0]?.leave();
    await startHub();
    await cluster.advance(3_000);
    assert.is(edge.connected, false);
    full = false;
    await cluster.advance(10_000);
    assert.is(edge.connected, true);
    const reasons = events.flatMap((event) => (event.type === "cutOff" ? [event.reason] : []));
    assert.ok(
      reasons.some((reason) => reason.includes("cannot keep which sessions it gives")),
      reasons.join("; "),
    );
    assert.ok(events.every(({ type }) => type !== "refused"));
  },
);

clusterTest("a hub asks no more after the tokens of members that have gone", async (cluster) => {
  const tokens = createMemoryTokens();
  const terms = { roles: ["edge"] as const, grants: [], expiresAtMs: Number.MAX_SAFE_INTEGER };
  const looked: string[] = [];
  const authority: TokenAuthority = {
    find(id) {
      looked.push(id);
      return tokens.find(id);
    },
    bind: (id, node) => tokens.bind(id, node),
  };
  await cluster.hub({ authority });
  const [stays, leaves, breaks] = [tokens.create(terms), tokens.create(terms), tokens.create(terms)];
  await cluster.join("edge-1", { token: stays });
  const leaving = await cluster.join("edge-2", { token: leaves });
  const broken = await cluster.join("edge-3", { token: breaks });
  const idOf = (token: string): string => token.split(".")[0] ?? "";
  await cluster.advance(2_500);
  for (const token of [stays, leaves, breaks]) assert.ok(looked.includes(idOf(token)));
  const left = leaving.cluster.leave();
  await cluster.settle();
  await left;
  await broken.system.terminate();
  tokens.revoke(idOf(breaks));
  await cluster.advance(2_500);
  looked.length = 0;
  await cluster.advance(5_000);
  assert.equal([...new Set(looked)], [idOf(stays)]);
});

test.run();
