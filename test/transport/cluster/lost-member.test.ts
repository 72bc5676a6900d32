import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { createMemoryTokens } from "../../../src/transport/security/memory-tokens.js";
import { parseToken } from "../../../src/transport/security/token.js";
import { createMemoryCluster } from "../../support/memory-cluster.js";
import { within } from "../../support/within.js";

test("the hub says once of a member that it puts out that it is down, and tells it nothing more", async () => {
  const cluster = createMemoryCluster();
  const tokens = createMemoryTokens();
  const token = (): string => tokens.create({ roles: ["edge"], grants: [], expiresAtMs: Infinity });
  try {
    const hub = await cluster.hub({ authority: tokens, revocationMs: 1_000 });
    const revoked = token();
    await cluster.join("edge-1", { token: revoked });
    const stays = await cluster.join("edge-2", { token: token() });
    await cluster.settle();
    tokens.revoke(parseToken(revoked).id);
    await cluster.advance(2_500);
    for (const { events } of [hub, stays]) {
      const down = events.flatMap((event) => (event.type === "memberDown" ? [event.member.name] : []));
      assert.equal(down, ["edge-1"]);
    }
    assert.equal([...stays.cluster.members.keys()], ["hub", "edge-2"]);
    assert.is(hub.cluster.links.length, 1);
  } finally {
    await within(20_000, cluster.end(), "the end of the cluster");
  }
});

test.run();
