/**
 * The tokens of a hub as files, so that a command can create and revoke them while the hub runs, without a lock: each file has
 * one writer. The directory has `ID.json` (written once), `ID.revoked` (written once) and `ID.nodes.json` (written by the hub).
 */

import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { errorText } from "../../runtime/errors.js";
import { parseWith, z } from "../../runtime/parse.js";
import { TransportError } from "../errors.js";
import type { TokenAuthority, TokenRecord, TokenState } from "./token-authority.js";
import { isTokenId, generateToken, tokenText, verifierOf } from "./token.js";
import { writeWhole } from "./write-whole.js";

/** What a new token is to allow. */
export type NewToken = Pick<TokenRecord, "roles" | "grants" | "use" | "label"> & {
  /** How long new nodes may join with it. */
  readonly ttlMs: number;
};

/** A token and the nodes that joined with it. */
export interface TokenReport extends Omit<TokenState, "verifier"> {
  readonly status: "active" | "expired" | "revoked" | "used";
}

const recordForm = z.object({
  id: z.string(),
  verifier: z.object({ storedKey: z.string(), serverKey: z.string() }),
  roles: z.array(z.enum(["cloud", "edge", "operator", "viewer"])),
  grants: z.array(z.string()),
  use: z.enum(["single", "multiple"]),
  createdAtMs: z.number(),
  expiresAtMs: z.number(),
  label: z.string().nullable(),
});
const nodesForm = z.array(z.string());

/** Makes a token. @returns its text, which is stored nowhere, and its record. @throws TransportError `token-file-invalid` */
export async function createToken(
  directory: string,
  { ttlMs, ...terms }: NewToken,
  nowMs: number,
): Promise<{ readonly token: string; readonly record: TokenRecord }> {
  const token = generateToken();
  const record: TokenRecord = {
    ...terms,
    id: token.id,
    verifier: verifierOf(token),
    createdAtMs: nowMs,
    expiresAtMs: nowMs + ttlMs,
  };
  await guarded(directory, async () => {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await writeWhole(join(directory, `${token.id}.json`), JSON.stringify(record, null, 2));
  });
  return { token: tokenText(token), record };
}

/** All tokens, the oldest first. @throws TransportError `token-file-invalid` */
export async function listTokens(directory: string, nowMs: number): Promise<readonly TokenReport[]> {
  const reports: TokenReport[] = [];
  for (const id of await idsIn(directory)) {
    const state = await readState(directory, id);
    if (state === null) continue;
    const { verifier: _, ...shown } = state;
    reports.push({ ...shown, status: statusOf(state, nowMs) });
  }
  return reports.sort((a, b) => a.createdAtMs - b.createdAtMs);
}

/** No node may join with it any more, and members that did lose their links. @throws TransportError `token-invalid` if there is none */
export async function revokeToken(directory: string, id: string): Promise<void> {
  if (!isTokenId(id) || (await readState(directory, id)) === null) {
    throw new TransportError(
      `Cannot revoke token ${JSON.stringify(id.slice(0, 20))}: there is no token of that id; see "sluice token list"`,
      { code: "token-invalid" },
    );
  }
  await guarded(directory, () => writeWhole(join(directory, `${id}.revoked`), ""));
}

/** Deletes revoked tokens, and those with which no new node may join and none has joined. */
export async function pruneTokens(directory: string, nowMs: number): Promise<void> {
  for (const { id, status, nodes } of await listTokens(directory, nowMs)) {
    if (status === "active" || (status !== "revoked" && nodes.length > 0)) continue;
    for (const ending of ["nodes.json", "json", "revoked"]) {
      await rm(join(directory, `${id}.${ending}`), { force: true });
    }
  }
}

/** The authority of the hub whose tokens these are; a directory is for one hub. */
export function openTokenDirectory(directory: string): TokenAuthority {
  /** Bindings run one after another: two nodes may present one token at the same time. */
  let binding: Promise<unknown> = Promise.resolve();
  /**
   * Null only where the tokens are there, and this is none of them: a folder that is away says nothing of any token. In place
   * of one that is not there another one is read, so that the time does not tell which there are.
   */
  async function find(id: string): Promise<TokenState | null> {
    const ids = idsOf(await guarded(directory, () => readdir(directory)));
    if (ids.includes(id)) return readState(directory, id);
    const decoy = ids[Buffer.from(id).reduce((sum, byte) => sum + byte, 0) % ids.length];
    if (decoy !== undefined) await readState(directory, decoy).catch(() => null);
    return null;
  }
  return {
    find,
    bind(id, node) {
      const bound = binding.then(async () => {
        const state = await find(id);
        if (state === null) return false;
        if (state.nodes.includes(node)) return true;
        if (state.use === "single" && state.nodes.length > 0) return false;
        await guarded(directory, () =>
          writeWhole(join(directory, `${id}.nodes.json`), JSON.stringify([...state.nodes, node])),
        );
        return true;
      });
      binding = bound.catch(() => {});
      return bound;
    },
  };
}

function statusOf(state: TokenState, nowMs: number): TokenReport["status"] {
  if (state.revoked) return "revoked";
  if (state.use === "single" && state.nodes.length > 0) return "used";
  return nowMs >= state.expiresAtMs ? "expired" : "active";
}

function idsOf(files: readonly string[]): readonly string[] {
  return files
    .filter((file) => /^[a-z0-9]{10}\.json$/.test(file))
    .map((file) => file.slice(0, -".json".length));
}

async function idsIn(directory: string): Promise<readonly string[]> {
  try {
    return idsOf(await readdir(directory));
  } catch (error) {
    if (isMissing(error)) return [];
    throw invalid(directory, errorText(error), error);
  }
}

async function readState(directory: string, id: string): Promise<TokenState | null> {
  const record = await readForm(join(directory, `${id}.json`), recordForm);
  if (record === null || record.id !== id) return null;
  const nodes = (await readForm(join(directory, `${id}.nodes.json`), nodesForm)) ?? [];
  const revoked = (await readText(join(directory, `${id}.revoked`))) !== null;
  return { ...record, nodes, revoked };
}

async function readForm<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
): Promise<z.output<Schema> | null> {
  const text = await readText(path);
  if (text === null) return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalid(path, "it is not JSON", error);
  }
  const parsed = parseWith(schema, value);
  if (!parsed.ok) throw invalid(path, parsed.problem);
  return parsed.value;
}

async function readText(path: string): Promise<string | null> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (isMissing(error)) return null;
    throw invalid(path, errorText(error), error);
  }
}

async function guarded<Value>(directory: string, write: () => Promise<Value>): Promise<Value> {
  try {
    return await write();
  } catch (error) {
    if (error instanceof TransportError) throw error;
    throw invalid(directory, errorText(error), error);
  }
}

function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === "ENOENT" || code === "ENOTDIR";
}

function invalid(path: string, problem: string, cause?: unknown): TransportError {
  return new TransportError(
    `Cannot use the tokens in "${path}": ${problem}; fix or delete it, and make new tokens`,
    { code: "token-file-invalid", ...(cause !== undefined && { cause }) },
  );
}
