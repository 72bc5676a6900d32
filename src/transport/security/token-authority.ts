/** What a hub knows about a join token, and which nodes may join with it. */

import type { TokenRole } from "../cluster/cluster.js";
import { TransportError } from "../errors.js";
import type { Verifier } from "./token.js";

/** What a hub knows of a join token: never its secret. */
export interface TokenRecord {
  readonly id: string;
  readonly verifier: Verifier;
  /** Roles that its holder may claim. */
  readonly roles: readonly TokenRole[];
  /** What its holder may do beyond its roles: `spawn`. */
  readonly grants: readonly string[];
  /** `single` is for one node: the first that joins with it, known by its name. */
  readonly use: "single" | "multiple";
  readonly createdAtMs: number;
  /** From then on no new node may join with it; nodes that have joined may still come back. */
  readonly expiresAtMs: number;
  readonly label: string | null;
}

/** A token in its present state. */
export interface TokenState extends TokenRecord {
  readonly revoked: boolean;
  /** Nodes that have joined with it. */
  readonly nodes: readonly string[];
}

/** Where a hub looks up tokens. */
export interface TokenAuthority {
  /** Null if there is no token of that id. @throws TransportError `token-file-invalid` */
  find(id: string): Promise<TokenState | null>;
  /** Records that a node joins with it. @returns false if it is for one node, and that is another one */
  bind(id: string, node: string): Promise<boolean>;
}

/** Whether the nodes that join with a token are recorded: operators are not, as they take a new name each time. */
export function bindsNodes({ use, roles }: TokenRecord): boolean {
  return use === "single" || roles.some((role) => role !== "operator");
}

/** Why `node` may not join with a token whose secret it has proved; null if it may. */
export function admitToken(
  token: TokenState,
  joining: { readonly node: string; readonly roles: readonly TokenRole[]; readonly nowMs: number },
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
  if (roles.length === 0 && token.roles.every((role) => role === "viewer")) {
    return refuse("role-denied", "its token is for looking at the hub's page, and for no member");
  }
  const denied = roles.filter((role) => !token.roles.includes(role));
  if (denied.length > 0) {
    return refuse(
      "role-denied",
      `its token does not allow the role ${denied.map((role) => `"${role}"`).join(", ")}`,
    );
  }
  return null;
}

/** The error for a node that joins with a token that another node has used up. */
export function tokenUsed(node: string): TransportError {
  return new TransportError(
    `Cannot join as "${node}": its token was for one node and another one has joined with it`,
    { code: "token-used" },
  );
}
