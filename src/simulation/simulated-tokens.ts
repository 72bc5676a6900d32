/**
 * The tokens of a simulated cluster, on the disk of its hub: one for each host. A host whose token was revoked is put out, and
 * comes back with another one.
 */

import { TransportError } from "../transport/errors.js";
import type { Role } from "../transport/cluster/cluster.js";
import { createMemoryTokens, type MemoryTokens } from "../transport/security/memory-tokens.js";
import { generateToken, tokenText, type Token } from "../transport/security/token.js";
import type { Prng } from "./prng.js";

/** How long another host may join with one, in ms: all have joined by then, and come back with it for ever. */
const TTL_MS = 1_500;

export class SimulatedTokens {
  readonly authority: MemoryTokens = createMemoryTokens();
  readonly #prng: Prng;
  readonly #tokens = new Map<string, Token>();
  readonly #everHad = new Set<string>();

  constructor(prng: Prng) {
    this.#prng = prng;
  }

  /** The token that a host has now: its first one, or the one after the last that was revoked. */
  tokenOf(host: string, role: Role, nowMs: number): string {
    const token = this.#tokens.get(host) ?? this.#create(host, role, nowMs);
    return tokenText(token);
  }

  /** What the host has is of no more use. */
  revoke(host: string): void {
    const token = this.#tokens.get(host);
    if (token !== undefined) this.authority.revoke(token.id);
    this.#tokens.delete(host);
  }

  #create(host: string, role: Role, nowMs: number): Token {
    const random = (count: number): Uint8Array =>
      Uint8Array.from({ length: count }, () => this.#prng.between(0, 255));
    const token = generateToken(random);
    // The first ones expire soon. Those that follow are used at any time, by whatever the hub's clock says then.
    const first = !this.#everHad.has(host);
    this.#everHad.add(host);
    const expiresAtMs = first ? nowMs + TTL_MS : Infinity;
    this.authority.admit(token, { roles: [role], grants: [], use: "single", expiresAtMs });
    this.#tokens.set(host, token);
    return token;
  }
}

/** Why a node was put out. */
export function isRevoked(error: unknown): boolean {
  return error instanceof TransportError && error.code === "token-revoked";
}
