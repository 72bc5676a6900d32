import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import { TransportError } from "../../../src/transport/errors.js";
import {
  createToken,
  listTokens,
  openTokenDirectory,
  pruneTokens,
  revokeToken,
} from "../../../src/transport/security/token-directory.js";
import { parseToken } from "../../../src/transport/security/token.js";
import { tokenAuthorityContract } from "../../contract/token-authority.js";
import { inTemporaryFolder } from "../../support/temporary-folder.js";

const TERMS = { roles: ["edge"], grants: [], use: "multiple", label: null, ttlMs: 1_000 } as const;

tokenAuthorityContract("token directory", (work) =>
  inTemporaryFolder((folder) => {
    const directory = join(folder, "tokens");
    return work({
      authority: openTokenDirectory(directory),
      create: async ({ use, expiresAtMs }) =>
        (await createToken(directory, { ...TERMS, use, ttlMs: expiresAtMs }, 0)).token,
      revoke: (id) => revokeToken(directory, id),
    });
  }),
);

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  return error instanceof TransportError ? error.code : String(error);
}

test("a token directory contains no secret, and no other user may read it", () =>
  inTemporaryFolder(async (folder) => {
    const directory = join(folder, "tokens");
    const { token } = await createToken(directory, TERMS, 0);
    const { id, secret } = parseToken(token);
    await openTokenDirectory(directory).bind(id, "edge-1");
    await revokeToken(directory, id);
    assert.is(statSync(directory).mode & 0o777, 0o700);
    for (const file of readdirSync(directory)) {
      assert.not.ok(readFileSync(join(directory, file), "utf8").includes(secret), file);
      assert.is(statSync(join(directory, file)).mode & 0o777, 0o600);
    }
  }));

test("listTokens reports the status of each token, and pruneTokens deletes those of no more use", () =>
  inTemporaryFolder(async (folder) => {
    const directory = join(folder, "tokens");
    const make = async (use: "single" | "multiple", ttlMs: number) =>
      parseToken((await createToken(directory, { ...TERMS, use, ttlMs }, 0)).token).id;
    const active = await make("multiple", 10_000);
    const expired = await make("multiple", 10);
    const expiredUsed = await make("multiple", 10);
    const revoked = await make("multiple", 10_000);
    const used = await make("single", 10_000);
    const authority = openTokenDirectory(directory);
    await authority.bind(used, "edge-1");
    await authority.bind(expiredUsed, "edge-2");
    await revokeToken(directory, revoked);
    const statusOf = async () =>
      Object.fromEntries((await listTokens(directory, 100)).map(({ id, status }) => [id, status]));
    assert.equal(await statusOf(), {
      [active]: "active",
      [expired]: "expired",
      [expiredUsed]: "expired",
      [revoked]: "revoked",
      [used]: "used",
    });
    await pruneTokens(directory, 100);
    // Those whose nodes may come again stay.
    assert.equal(Object.keys(await statusOf()).sort(), [active, expiredUsed, used].sort());
  }));

test("a token directory names the file that is damaged", () =>
  inTemporaryFolder(async (folder) => {
    const directory = join(folder, "tokens");
    const { token } = await createToken(directory, TERMS, 0);
    const { id } = parseToken(token);
    for (const text of ["{", '"x"', '{"id":7}']) {
      writeFileSync(join(directory, `${id}.json`), text);
      assert.is(await codeOf(openTokenDirectory(directory).find(id)), "token-file-invalid");
    }
  }));

test("a token directory that is away says of no token that it is unknown, and binds no node", () =>
  inTemporaryFolder(async (folder) => {
    const directory = join(folder, "tokens");
    const { token } = await createToken(directory, TERMS, 0);
    const { id } = parseToken(token);
    const authority = openTokenDirectory(directory);
    renameSync(directory, `${directory}.away`);
    assert.is(await codeOf(authority.find(id)), "token-file-invalid");
    assert.is(await codeOf(authority.bind(id, "edge-1")), "token-file-invalid");
    writeFileSync(directory, "a file");
    assert.is(await codeOf(authority.find(id)), "token-file-invalid");
    rmSync(directory);
    renameSync(`${directory}.away`, directory);
    assert.is(await authority.bind(id, "edge-1"), true);
  }));

test("revokeToken refuses an unknown id, and leaves the folder alone", () =>
  inTemporaryFolder(async (folder) => {
    for (const id of ["aaaaaaaaaa", "../x", ""]) {
      assert.is(await codeOf(revokeToken(folder, id)), "token-invalid");
    }
    assert.equal(readdirSync(folder), []);
  }));

test.run();
