/** What every token authority does. */

import { test } from "../support/test.js";
import * as assert from "uvu/assert";
import type { TokenAuthority, TokenRecord } from "../../src/transport/security/token-authority.js";
import { parseToken, verifierOf } from "../../src/transport/security/token.js";

export interface AuthoritySubject {
  readonly authority: TokenAuthority;
  /** @returns `ID.SECRET` */
  readonly create: (terms: Pick<TokenRecord, "use" | "expiresAtMs">) => Promise<string>;
  readonly revoke: (id: string) => Promise<void>;
}

export function tokenAuthorityContract(
  name: string,
  open: (work: (subject: AuthoritySubject) => Promise<void>) => Promise<void>,
): void {
  const each = (what: string, work: (subject: AuthoritySubject) => Promise<void>): void =>
    test(`${name}: ${what}`, () => open(work));

  each("finds a token by its id, with its verifier and not its secret", async ({ authority, create }) => {
    const text = await create({ use: "multiple", expiresAtMs: 1_000 });
    const token = parseToken(text);
    const found = await authority.find(token.id);
    assert.equal(found?.verifier, verifierOf(token));
    assert.equal(
      [found?.roles, found?.revoked, found?.nodes, found?.expiresAtMs],
      [["edge"], false, [], 1_000],
    );
    assert.not.ok(JSON.stringify(found).includes(token.secret));
  });

  each("finds no token for an unknown id, whatever that looks like", async ({ authority, create }) => {
    await create({ use: "multiple", expiresAtMs: 1_000 });
    for (const id of ["aaaaaaaaaa", "", "../../etc/passwd", "__proto__", "a".repeat(10_000), "x.json"]) {
      assert.is(await authority.find(id), null);
    }
  });

  each("keeps a revocation", async ({ authority, create, revoke }) => {
    const { id } = parseToken(await create({ use: "multiple", expiresAtMs: 1_000 }));
    await revoke(id);
    assert.is((await authority.find(id))?.revoked, true);
  });

  each("binds any number of nodes to a token for many nodes, each once", async ({ authority, create }) => {
    const { id } = parseToken(await create({ use: "multiple", expiresAtMs: 1_000 }));
    for (const node of ["edge-1", "edge-2", "edge-1"]) assert.is(await authority.bind(id, node), true);
    assert.equal((await authority.find(id))?.nodes, ["edge-1", "edge-2"]);
  });

  each(
    "binds one node to a token for one node, of many that come at the same time",
    async ({ authority, create }) => {
      const { id } = parseToken(await create({ use: "single", expiresAtMs: 1_000 }));
      const bound = await Promise.all(
        ["edge-1", "edge-2", "edge-3", "edge-1"].map((node) => authority.bind(id, node)),
      );
      assert.equal(bound, [true, false, false, true]);
      assert.equal((await authority.find(id))?.nodes, ["edge-1"]);
    },
  );

  each("binds no node to a token that does not exist", async ({ authority, create }) => {
    await create({ use: "single", expiresAtMs: 1_000 });
    assert.is(await authority.bind("aaaaaaaaaa", "edge-1"), false);
  });
}
