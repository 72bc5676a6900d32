import { join } from "node:path";
import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import { makeHubTokens, revokeOperatorToken } from "../../apps/cli/hub-tokens.js";
import { createToken, listTokens } from "../../src/transport/security/token-directory.js";
import { inTemporaryFolder } from "../support/temporary-folder.js";

const DAY_MS = 86_400_000;

test("a hub that starts again and again has one token of operators, and makes no second one to join with", () =>
  inTemporaryFolder(async (folder) => {
    const tokens = join(folder, "tokens");
    // Of the operator of this hub: it is none of the hub's own.
    const others = {
      roles: ["operator"],
      grants: [],
      use: "multiple",
      label: "this machine",
      ttlMs: DAY_MS,
    } as const;
    await createToken(tokens, others, 0);
    const first = await makeHubTokens(tokens, DAY_MS, 0);
    assert.is(first.join.type, "made");
    const operators = [first.operator];
    for (const nowMs of [1_000, 2_000]) {
      const next = await makeHubTokens(tokens, DAY_MS, nowMs);
      const [id] = (first.join.type === "made" ? first.join.token : "").split(".");
      assert.equal(next.join, { type: "there", id, forMs: DAY_MS - nowMs });
      operators.push(next.operator);
    }
    assert.is(new Set(operators).size, 3);
    const active = async (role: "operator" | "edge"): Promise<readonly string[]> =>
      (await listTokens(tokens, 3_000))
        .filter(({ status, roles }) => status === "active" && roles.includes(role))
        .map(({ id }) => id);
    assert.is((await active("operator")).length, 2);
    assert.is((await active("edge")).length, 1);
    await revokeOperatorToken(tokens, 3_000);
    assert.is((await active("operator")).length, 1);
    assert.is((await makeHubTokens(tokens, DAY_MS, DAY_MS)).join.type, "made");
  }));

test.run();
