import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import * as fc from "fast-check";
import { TransportError } from "../../../src/transport/errors.js";
import { admitToken, type TokenState } from "../../../src/transport/security/token-authority.js";
import {
  checkClientProof,
  checkServerProof,
  clientProof,
  generateToken,
  parseToken,
  serverProof,
  tokenText,
  verifierOf,
} from "../../../src/transport/security/token.js";

const bytes = (text: string) => Buffer.from(text);

test("parseToken reads what tokenText writes, and refuses everything else without repeating it", () => {
  for (let n = 0; n < 100; n++) {
    const token = generateToken();
    assert.equal(parseToken(tokenText(token)), token);
  }
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        parseToken(text);
      } catch (error) {
        assert.ok(error instanceof TransportError && error.code === "token-invalid");
        if (text.length > 12) assert.not.ok(error.message.includes(text));
      }
    }),
  );
});

test("clientProof and serverProof are valid for one token and one transcript only", () => {
  const [token, other] = [generateToken(), generateToken()];
  const verifier = verifierOf(token);
  const proof = clientProof(token, bytes("transcript"));
  assert.is(checkClientProof(verifier, bytes("transcript"), proof), true);
  assert.is(checkClientProof(verifier, bytes("another"), proof), false);
  assert.is(checkClientProof(verifierOf(other), bytes("transcript"), proof), false);
  for (const wrong of ["", "x", "A".repeat(43), proof.slice(1), `${proof}A`]) {
    assert.is(checkClientProof(verifier, bytes("transcript"), wrong), false);
  }
  const answer = serverProof(verifier, bytes("transcript"));
  assert.is(checkServerProof(token, bytes("transcript"), answer), true);
  assert.is(checkServerProof(other, bytes("transcript"), answer), false);
  assert.is(checkServerProof(token, bytes("another"), answer), false);
});

test("a verifier is of no use to join: nothing made from it is a client's proof", () => {
  const token = generateToken();
  const verifier = verifierOf(token);
  const forged = clientProof({ id: token.id, secret: verifier.storedKey }, bytes("t"));
  assert.is(checkClientProof(verifier, bytes("t"), forged), false);
  assert.is(checkClientProof(verifier, bytes("t"), serverProof(verifier, bytes("t"))), false);
  assert.not.ok(JSON.stringify(verifier).includes(token.secret));
});

test("admitToken decides by revocation, time, use and roles", () => {
  const token: TokenState = {
    id: "aaaaaaaaaa",
    verifier: { storedKey: "", serverKey: "" },
    roles: ["edge"],
    grants: [],
    use: "multiple",
    createdAtMs: 0,
    expiresAtMs: 1_000,
    label: null,
    revoked: false,
    nodes: [],
  };
  const cases: readonly [string | null, Partial<TokenState>, number, string, ("edge" | "cloud")[]][] = [
    [null, {}, 999, "edge-1", ["edge"]],
    ["token-expired", {}, 1_000, "edge-1", ["edge"]],
    // One that has joined comes again.
    [null, { nodes: ["edge-1"] }, 1_000, "edge-1", ["edge"]],
    ["token-expired", { nodes: ["edge-1"] }, 1_000, "edge-2", ["edge"]],
    ["token-revoked", { revoked: true, nodes: ["edge-1"] }, 0, "edge-1", ["edge"]],
    [null, { use: "single" }, 0, "edge-1", ["edge"]],
    [null, { use: "single", nodes: ["edge-1"] }, 5_000, "edge-1", ["edge"]],
    ["token-used", { use: "single", nodes: ["edge-1"] }, 0, "edge-2", ["edge"]],
    ["role-denied", {}, 0, "edge-1", ["edge", "cloud"]],
    ["role-denied", {}, 0, "edge-1", ["cloud"]],
    [null, {}, 0, "edge-1", []],
  ];
  for (const [code, change, nowMs, node, roles] of cases) {
    const refusal = admitToken({ ...token, ...change }, { node, roles, nowMs });
    assert.is(refusal?.code ?? null, code, JSON.stringify([change, nowMs, node, roles]));
  }
});

test.run();
