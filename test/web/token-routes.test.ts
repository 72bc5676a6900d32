import * as assert from "uvu/assert";
import { tokenKeeperOf } from "../../apps/cli/hub-tokens.js";
import { systemClock } from "../../src/runtime/clock.js";
import type { HttpRequest } from "../../src/transport/carrier.js";
import { openTokenDirectory } from "../../src/transport/security/token-directory.js";
import { createSessions } from "../../src/web/sessions.js";
import { tokenRoutes } from "../../src/web/token-routes.js";
import { inTemporaryFolder } from "../support/temporary-folder.js";
import { test } from "../support/test.js";

const HOST = "127.0.0.1:7000";

function requestOf(cookie: string, more: Readonly<Record<string, string>> = {}): HttpRequest {
  const headers = { host: HOST, origin: `http://${HOST}`, cookie: `sluice_session=${cookie}`, ...more };
  return { headers, socket: { remoteAddress: "127.0.0.1" } } as unknown as HttpRequest;
}

test("an operator makes and revokes tokens on the page: one that was made signs in, and no more once it is revoked; a viewer, a stranger and another page do not", () =>
  inTemporaryFolder(async (folder) => {
    let count = 0;
    const sessions = createSessions({
      tokens: openTokenDirectory(folder),
      clock: systemClock,
      secret: () => `secret-${(count += 1)}`,
    });
    const route = tokenRoutes(tokenKeeperOf(folder), sessions).get("/tokens");
    const give = route?.answers.POST;
    if (give === undefined) throw new TypeError("there is no such route");
    const ask = async (request: HttpRequest, order: unknown) => {
      const { status, body } = await give(request, Buffer.from(JSON.stringify(order)));
      return { status, text: String(body) };
    };
    const signedIn = async (proof: Parameters<typeof sessions.signIn>[0]): Promise<string> => {
      const result = await sessions.signIn(proof, "here");
      if (result.type === "refused") throw new Error(result.problem);
      return result.secret;
    };
    const own = await signedIn({ code: sessions.newCode() });
    const operator = requestOf(own);
    const order = { do: "create", role: "viewer", ttlMs: 60_000, label: "hall" };
    const made = await ask(operator, order);
    assert.is(made.status, 200);
    const { token, tokens } = JSON.parse(made.text) as {
      readonly token: string;
      readonly tokens: readonly Readonly<Record<string, unknown>>[];
    };
    const [id = ""] = token.split(".");
    assert.equal(
      tokens.map(({ id: known, status, roles, grants, label }) => ({ known, status, roles, grants, label })),
      [{ known: id, status: "active", roles: ["viewer"], grants: [], label: "hall" }],
    );
    assert.not.match(JSON.stringify(tokens), /storedKey|serverKey/);

    const cookie = await signedIn({ token });
    const viewer = requestOf(cookie);
    for (const what of [order, { do: "list" }, { do: "revoke", id }]) {
      assert.is((await ask(viewer, what)).status, 403);
      assert.is((await ask(requestOf("wrong"), what)).status, 401);
    }
    assert.is((await ask(requestOf(own, { origin: "https://elsewhere.example" }), order)).status, 401);
    assert.is((await ask(requestOf(own, { "x-forwarded-for": "10.0.0.1" }), order)).status, 403);
    for (const wrong of [
      { ...order, role: "cloud" },
      { ...order, ttlMs: 400 * 24 * 3_600_000 },
      { ...order, grants: ["spawn"] },
      { do: "nonsense" },
      null,
    ]) {
      assert.is((await ask(operator, wrong)).status, 400);
    }
    assert.is((await ask(operator, { do: "revoke", id: "../../x" })).status, 409);

    assert.is((await ask(operator, { do: "revoke", id })).status, 200);
    assert.is(await sessions.find(cookie), null);
    assert.match((await ask(operator, { do: "list" })).text, /"status":"revoked"/);
  }));

test.run();
