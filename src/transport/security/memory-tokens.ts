/** Tokens in memory, gone with their process: for the cluster of a single run, and for direct links. */

import type { TokenAuthority, TokenRecord } from "./token-authority.js";
import { generateToken, tokenText, verifierOf, type Token } from "./token.js";

/** What a token of this process is to allow. */
export type TokenTerms = Pick<TokenRecord, "roles" | "grants" | "expiresAtMs"> &
  Partial<Pick<TokenRecord, "use" | "createdAtMs" | "label">>;

/** Join tokens that are kept in memory. */
export interface MemoryTokens extends TokenAuthority {
  /** Makes a token. @returns `ID.SECRET` */
  create(terms: TokenTerms): string;
  /** Adds a token that was made elsewhere. */
  admit(token: Token, terms: TokenTerms): void;
  /** @returns false if there is no token of that id */
  revoke(id: string): boolean;
  /** Deletes the token of that id, if there is one. */
  forget(id: string): void;
}

/** Tokens that end with this process. */
export function createMemoryTokens(): MemoryTokens {
  const records = new Map<string, { readonly record: TokenRecord; revoked: boolean; nodes: string[] }>();

  function admit(token: Token, terms: TokenTerms): void {
    const { roles, grants, expiresAtMs, use = "multiple", createdAtMs = 0, label = null } = terms;
    records.set(token.id, {
      record: {
        id: token.id,
        verifier: verifierOf(token),
        roles,
        grants,
        use,
        createdAtMs,
        expiresAtMs,
        label,
      },
      revoked: false,
      nodes: [],
    });
  }

  return {
    admit,
    create(terms) {
      const token = generateToken();
      admit(token, terms);
      return tokenText(token);
    },
    revoke(id) {
      const found = records.get(id);
      if (found !== undefined) found.revoked = true;
      return found !== undefined;
    },
    forget: (id) => void records.delete(id),
    find(id) {
      const found = records.get(id);
      if (found === undefined) return Promise.resolve(null);
      return Promise.resolve({ ...found.record, revoked: found.revoked, nodes: [...found.nodes] });
    },
    bind(id, node) {
      const found = records.get(id);
      if (found === undefined || found.nodes.includes(node)) return Promise.resolve(found !== undefined);
      if (found.record.use === "single" && found.nodes.length > 0) return Promise.resolve(false);
      found.nodes.push(node);
      return Promise.resolve(true);
    },
  };
}
