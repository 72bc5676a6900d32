import { test } from "../../support/test.js";
import { createMemoryTokens } from "../../../src/transport/security/memory-tokens.js";
import { tokenAuthorityContract } from "../../contract/token-authority.js";

tokenAuthorityContract("memory tokens", async (work) => {
  const tokens = createMemoryTokens();
  await work({
    authority: tokens,
    create: (terms) => Promise.resolve(tokens.create({ roles: ["edge"], grants: [], ...terms })),
    revoke: (id) => Promise.resolve(void tokens.revoke(id)),
  });
});

test.run();
