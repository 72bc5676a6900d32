import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { silentLogger } from "../../../src/runtime/log.js";
import { watchRevocations } from "../../../src/transport/cluster/revocations.js";
import { createMemoryTokens } from "../../../src/transport/security/memory-tokens.js";
import { createReportingAuthority } from "../../../src/transport/security/reporting-authority.js";
import type { TokenAuthority } from "../../../src/transport/security/token-authority.js";
import { parseToken } from "../../../src/transport/security/token.js";
import { VirtualClock } from "../../support/virtual-clock.js";

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A token in use, whose list may be out of reach. */
function setUp() {
  const clock = new VirtualClock();
  const tokens = createMemoryTokens();
  const { id } = parseToken(tokens.create({ roles: ["edge"], grants: [], expiresAtMs: Infinity }));
  const lines: string[] = [];
  const list: { problem: Error | null } = { problem: null };
  const shaky: TokenAuthority = {
    find: (wanted) => (list.problem === null ? tokens.find(wanted) : Promise.reject(list.problem)),
    bind: (wanted, node) => tokens.bind(wanted, node),
  };
  const log = {
    ...silentLogger,
    info: (text: string) => void lines.push(text),
    error: (text: string) => void lines.push(text),
  };
  const revoked: string[] = [];
  const end = watchRevocations({
    authority: createReportingAuthority(shaky, log),
    clock,
    periodMs: 2_000,
    inUse: () => [id, id],
    onRevoked: (which) => void revoked.push(which),
  });
  async function look(): Promise<void> {
    clock.advance(2_000);
    await settled();
  }
  return { tokens, id, list, lines, revoked, look, end };
}

test("watchRevocations changes nothing while the tokens cannot be read, and that is said once", async () => {
  const { tokens, id, list, lines, revoked, look, end } = setUp();
  list.problem = new Error("EMFILE: too many open files");
  for (let turn = 0; turn < 3; turn += 1) await look();
  assert.equal(revoked, []);
  assert.is(lines.filter((line) => line.includes("Cannot read the tokens")).length, 1);
  list.problem = null;
  await look();
  assert.is(lines.filter((line) => line.includes("can be read again")).length, 1);
  tokens.revoke(id);
  await look();
  assert.equal(revoked, [id]);
  end();
});

test("watchRevocations takes a token that is not there for none that was revoked", async () => {
  const { tokens, id, revoked, look, end } = setUp();
  tokens.forget(id);
  await look();
  assert.equal(revoked, []);
  end();
});

test.run();
