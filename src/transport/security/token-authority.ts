/** What a hub knows of a join token, and who may join with it. */

import type { Role } from "../cluster/cluster.js";
import { TransportError } from "../errors.js";
import type { Verifier } from "./token.js";

export interface TokenRecord {
  readonly id: string;
  readonly verifier: Verifier;
  /** That its holder may claim. */
  readonly roles: readonly Role[];
  /** What its holder may do beyond its roles: `spawn`. */
  readonly grants: readonly string[];
  /** `single` is for one node, by its name. */
  readonly use: "single" | "multiple";
  readonly createdAtMs: number;
  /** From when on no new node may join with it; those that have joined come back all the same. */
  readonly expiresAtMs: number;
  readonly label: string | null;
}

/** A token as it stands now. */
export interface TokenState extends TokenRecord {
  readonly revoked: boolean;
  /** Nodes that have joined with it. */
  readonly nodes: readonly string[];
}

/** Where a hub looks tokens up. */
export interface TokenAuthority {
  /** Null where there is none of that id. @throws TransportError `token-file-invalid` */
  find(id: string): Promise<TokenState | null>;
  /** Notes that a node joins with it. @returns false where it is for one node, and that is another */
  bind(id: string, node: string): Promise<boolean>;
}

/** Whether it is noted who joins with a token: operators take another name each time, and there is no end of them. */
export function bindsNodes({ use, roles }: TokenRecord): boolean {
  return use === "single" || roles.some((role) => role !== "operator");
}

/** Whether `node` may join with a token whose secret it has proved; null where it may. */
export function admitToken(
  token: TokenState,
  joining: { readonly node: string; readonly roles: readonly Role[]; readonly nowMs: number },
): TransportError | null {
  const { node, roles, nowMs } = joining;
  const bound = token.nodes.includes(node);
  const refuse = (code: "token-revoked" | "token-expired" | "role-denied", why: string) =>
    new TransportError(`Cannot join as "${node}": ${why}`, { code });
  if (token.revoked) {
    return refuse("token-revoked", "its token was revoked; have the hub make another one");
  }
  if (nowMs >= token.expiresAtMs && !bound) {
    return refuse("token-expired", "its token has expired; have the hub make another one");
  }
  if (token.use === "single" && !bound && token.nodes.length > 0) return tokenUsed(node);
  const denied = roles.filter((role) => !token.roles.includes(role));
  if (denied.length > 0) {
    return refuse(
      "role-denied",
      `its token does not allow the role ${denied.map((role) => `"${role}"`).join(", ")}`,
    );
  }
  return null;
}

export function tokenUsed(node: string): TransportError {
  return new TransportError(
    `Cannot join as "${node}": its token was for one node and another one has joined with it`,
    { code: "token-used" },
  );
}
