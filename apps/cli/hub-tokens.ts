/** The tokens that a hub makes for itself when it starts: one for operators on its machine, and one to join with. */

import {
  createToken,
  listTokens,
  pruneTokens,
  revokeToken,
  type TokenReport,
} from "../../src/transport/security/token-directory.js";
import type { TokenKeeper } from "../../src/web/token-routes.js";

const OPERATOR_LABEL = "this machine";
const JOIN_LABEL = "printed at start";
/** How long the token of operators on this machine is valid: as long as a hub may run. */
const OPERATOR_TTL_MS = 10 * 365 * 86_400_000;

/** What nodes join with: a token that was just made, whose secret is known now and never again, or one that is there. */
export type JoinToken =
  | { readonly type: "made"; readonly token: string }
  | { readonly type: "there"; readonly id: string; readonly forMs: number };

export interface HubTokens {
  /** `ID.SECRET`, in place of that of the start before. */
  readonly operator: string;
  readonly join: JoinToken;
}

/** @param ttlMs of a join token that has to be made */
export async function makeHubTokens(directory: string, ttlMs: number, nowMs: number): Promise<HubTokens> {
  await revokeOperatorToken(directory, nowMs);
  await pruneTokens(directory, nowMs);
  const there = (await listTokens(directory, nowMs)).findLast(admitsEdges);
  const join: JoinToken =
    there === undefined
      ? { type: "made", token: await makeToken(directory, "edge", { label: JOIN_LABEL, ttlMs }, nowMs) }
      : { type: "there", id: there.id, forMs: there.expiresAtMs - nowMs };
  const own = { label: OPERATOR_LABEL, ttlMs: OPERATOR_TTL_MS };
  return { operator: await makeToken(directory, "operator", own, nowMs), join };
}

/** Revokes the hub's own token of operators: that of a hub that stops, or of one that was killed before. */
export async function revokeOperatorToken(directory: string, nowMs: number): Promise<void> {
  for (const token of await listTokens(directory, nowMs)) {
    if (token.status === "active" && isHubsOwn(token)) await revokeToken(directory, token.id);
  }
}

function isHubsOwn({ label, roles, createdAtMs, expiresAtMs }: TokenReport): boolean {
  return (
    label === OPERATOR_LABEL && roles.join() === "operator" && expiresAtMs - createdAtMs === OPERATOR_TTL_MS
  );
}

function admitsEdges({ status, use, roles }: TokenReport): boolean {
  return status === "active" && use === "multiple" && roles.includes("edge");
}

async function makeToken(
  directory: string,
  role: "edge" | "operator",
  terms: { readonly label: string; readonly ttlMs: number },
  nowMs: number,
): Promise<string> {
  const made = await createToken(directory, { roles: [role], grants: [], use: "multiple", ...terms }, nowMs);
  return made.token;
}

/** Of the folder of a hub's tokens. */
export function tokenKeeperOf(folder: string): TokenKeeper {
  return {
    create: async (terms) => (await createToken(folder, terms, Date.now())).token,
    list: () => listTokens(folder, Date.now()),
    revoke: (id) => revokeToken(folder, id),
  };
}
