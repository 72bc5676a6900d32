/** `sluice token`: creates, lists and revokes join tokens, whether the hub runs or not. */

import type { TokenRole } from "../../src/transport/cluster/cluster.js";
import { createToken, listTokens, revokeToken } from "../../src/transport/security/token-directory.js";
import { renderTable } from "../tables.js";
import { tokensFolder } from "./hub-folder.js";
import { formatDuration } from "./units.js";
import { err, out } from "../terminal.js";

export interface TokenCreateCommand {
  readonly store: string;
  readonly role: readonly TokenRole[];
  readonly grant: readonly string[];
  readonly ttl: number;
  readonly single: boolean;
  readonly label: string | null;
}

export async function tokenCreate(command: TokenCreateCommand): Promise<number> {
  const { store, role, grant, ttl, single, label } = command;
  const { token, record } = await createToken(
    tokensFolder(store),
    { roles: role, grants: grant, use: single ? "single" : "multiple", label, ttlMs: ttl },
    Date.now(),
  );
  out.lines(token);
  const grants = grant.length === 0 ? "" : ` and permission to ${grant.join(", ")}`;
  err.line(
    `Valid for ${single ? "one node" : "any number of nodes"} with the role ${record.roles.join(", ")}${grants}. ` +
      `It admits new nodes for ${formatDuration(ttl)}, and cannot be shown again`,
  );
  return 0;
}

export async function tokenList(command: {
  readonly store: string;
  readonly json: boolean;
}): Promise<number> {
  const tokens = await listTokens(tokensFolder(command.store), Date.now());
  if (command.json) {
    out.json(tokens);
    return 0;
  }
  const rows = tokens.map(({ id, status, roles, grants, use, expiresAtMs, nodes, label }) => [
    id,
    status,
    [...roles, ...grants].join(", "),
    use,
    new Date(expiresAtMs).toISOString().slice(0, 16).replace("T", " "),
    nodes.join("\n"),
    label ?? "",
  ]);
  const heads = ["token", "status", "allows", "use", "admits until", "nodes", "label"];
  out.lines(
    rows.length === 0
      ? 'No tokens: create one with "sluice token create"'
      : renderTable(
          heads.map((title) => ({ title })),
          rows,
        ),
  );
  return 0;
}

export async function tokenRevoke(command: { readonly store: string; readonly id: string }): Promise<number> {
  await revokeToken(tokensFolder(command.store), command.id);
  out.line(`Token ${command.id} is revoked, and nodes that joined with it are disconnected`);
  return 0;
}
