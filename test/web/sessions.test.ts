import * as assert from "uvu/assert";
import { createMemoryTokens } from "../../src/transport/security/memory-tokens.js";
import { createSessions, SESSION_MS } from "../../src/web/sessions.js";
import { test } from "../support/test.js";
import { VirtualClock } from "../support/virtual-clock.js";

function scene() {
  const clock = new VirtualClock();
  const tokens = createMemoryTokens();
  let count = 0;
  const sessions = createSessions({ tokens, clock, secret: () => `secret-${(count += 1)}` });
  const terms = { grants: [], use: "multiple", label: null, expiresAtMs: clock.now() + 1_000 } as const;
  return { clock, tokens, sessions, terms };
}

test("a code signs one browser in, once, and a new one takes its place", async () => {
  const { sessions } = scene();
  const first = sessions.newCode();
  const second = sessions.newCode();
  assert.is((await sessions.signIn({ code: first }, "here")).type, "refused");
  const signedIn = await sessions.signIn({ code: second }, "here");
  if (signedIn.type !== "signedIn") throw new Error(signedIn.problem);
  assert.is((await sessions.signIn({ code: second }, "here")).type, "refused");
  assert.equal(await sessions.find(signedIn.secret), signedIn.session);
  assert.is(await sessions.find(signedIn.session.id), null);
  sessions.end(signedIn.secret);
  assert.is(await sessions.find(signedIn.secret), null);
  assert.is(await sessions.holds(signedIn.session), false);
});

test("a session ends with its time, and with the token that it began with", async () => {
  const { clock, tokens, sessions, terms } = scene();
  const token = tokens.create({ ...terms, roles: ["operator"] });
  const first = await sessions.signIn({ token }, "here");
  const second = await sessions.signIn({ code: sessions.newCode() }, "here");
  if (first.type !== "signedIn" || second.type !== "signedIn") throw new Error("refused");
  assert.is(await sessions.holds(first.session), true);
  tokens.revoke(token.slice(0, token.indexOf(".")));
  assert.is(await sessions.holds(first.session), false);
  assert.is(await sessions.find(first.secret), null);
  clock.advance(SESSION_MS - 1);
  assert.is(await sessions.holds(second.session), true);
  clock.advance(1);
  assert.is(await sessions.find(second.secret), null);
});

test("no session outlives the token that it began with", async () => {
  const { clock, tokens, sessions, terms } = scene();
  const token = tokens.create({ ...terms, roles: ["operator"] });
  const signedIn = await sessions.signIn({ token }, "here");
  if (signedIn.type !== "signedIn") throw new Error(signedIn.problem);
  assert.is(signedIn.session.expiresAtMs, terms.expiresAtMs);
  clock.advance(1_000);
  assert.is(await sessions.find(signedIn.secret), null);
});

test("who tries too often keeps nobody who comes from elsewhere from signing in", async () => {
  const { sessions } = scene();
  for (let tries = 0; tries < 11; tries += 1) await sessions.signIn({ code: "wrong" }, "there");
  const code = sessions.newCode();
  const refused = await sessions.signIn({ code }, "there");
  assert.is(refused.type === "refused" && refused.status, 429);
  assert.is((await sessions.signIn({ code }, "here")).type, "signedIn");
});

test("only an operator's token signs in, and few are tried in a moment", async () => {
  const { clock, tokens, sessions, terms } = scene();
  const operator = tokens.create({ ...terms, roles: ["operator"] });
  const edge = tokens.create({ ...terms, roles: ["edge"] });
  for (const token of [edge, "", "a.b", `${operator.slice(0, -1)}!`]) {
    const refused = await sessions.signIn({ token }, "here");
    assert.is(refused.type === "refused" && refused.status, 401);
  }
  for (let tries = 4; tries < 10; tries += 1) await sessions.signIn({ code: "wrong" }, "here");
  const late = await sessions.signIn({ token: operator }, "here");
  assert.is(late.type === "refused" && late.status, 429);
  clock.advance(500);
  assert.is((await sessions.signIn({ token: operator }, "here")).type, "signedIn");
});

test("of too many sessions the oldest ends", async () => {
  const { clock, sessions } = scene();
  const secrets: string[] = [];
  for (let count = 0; count < 1_001; count += 1) {
    clock.advance(500);
    const result = await sessions.signIn({ code: sessions.newCode() }, "here");
    if (result.type === "signedIn") secrets.push(result.secret);
  }
  assert.is(secrets.length, 1_001);
  assert.is(await sessions.find(secrets[0] ?? ""), null);
  assert.ok((await sessions.find(secrets[1] ?? "")) !== null);
});

test.run();
