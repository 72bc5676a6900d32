/**
 * Who asks over HTTP.
 *
 * WC1 A program on the hub's own machine is local if it says so in all that it sends: by its address, by a `Host` that only this
 *     machine has (a page of somebody else's, in a browser here, names its own: DNS rebinding), and through no proxy.
 * WC2 Anybody else proves a token of the role `operator` or `viewer`, and over TLS alone: it would be read on the way otherwise.
 */

import { timingSafeEqual } from "node:crypto";
import { addressGroup, LOOPBACK } from "../transport/address-group.js";
import type { HttpRequest } from "../transport/carrier.js";
import { admitToken, type TokenAuthority, type TokenRecord } from "../transport/security/token-authority.js";
import { headerOf, isOfThisMachine } from "./origin.js";
import { parseToken, verifierOf, type Token } from "../transport/security/token.js";

/** What a person or a program may do that is no node. */
export type ReaderRole = "operator" | "viewer";

export type Caller =
  | { readonly type: "local" }
  | { readonly type: ReaderRole }
  /** `problem` says what is missing, for the one who asks. */
  | { readonly type: "stranger"; readonly problem: string };

const BEARER = /^Bearer ([^\s]{1,200})$/i;
const NO_TOKEN = "it needs the token of an operator or a viewer: Authorization: Bearer ID.SECRET";

/** @param tokens null where the hub asks nobody for one */
export async function callerOf(
  request: HttpRequest,
  tokens: TokenAuthority | null,
  nowMs: number,
): Promise<Caller> {
  if (isLocal(request)) return { type: "local" };
  if (tokens === null) return { type: "stranger", problem: "it is for this machine alone" };
  const [, text] = BEARER.exec(headerOf(request, "authorization")) ?? [];
  if (text === undefined) return { type: "stranger", problem: NO_TOKEN };
  if (request.socket.encrypted !== true) {
    return {
      type: "stranger",
      problem: "a token is taken over https alone: give the hub --tls-cert and --tls-key",
    };
  }
  const proof = await proveToken(text, tokens, nowMs);
  return proof.type === "proved" ? { type: proof.role } : { type: "stranger", problem: proof.problem };
}

/** Whether a program of this machine asks, and says so in all that it sends. */
export function isLocal(request: HttpRequest): boolean {
  const { socket, headers } = request;
  if (addressGroup(socket.remoteAddress ?? "") !== LOOPBACK) return false;
  if (headers["forwarded"] !== undefined || headers["x-forwarded-for"] !== undefined) return false;
  return isOfThisMachine(headerOf(request, "host"));
}

type TokenProof =
  | { readonly type: "proved"; readonly token: TokenRecord; readonly role: ReaderRole }
  /** `problem` says why it is no such token of this hub. */
  | { readonly type: "refused"; readonly problem: string };

export async function proveToken(text: string, tokens: TokenAuthority, nowMs: number): Promise<TokenProof> {
  const refused = (problem: string): TokenProof => ({ type: "refused", problem });
  let token: Token;
  try {
    token = parseToken(text);
  } catch {
    return refused(NO_TOKEN);
  }
  const known = await tokens.find(token.id);
  // The same work and the same words whether there is such an id or not.
  const given = Buffer.from(verifierOf(token).storedKey, "base64url");
  const wanted =
    known === null ? Buffer.alloc(given.length) : Buffer.from(known.verifier.storedKey, "base64url");
  const proved = given.length === wanted.length && timingSafeEqual(given, wanted);
  if (known === null || !proved) return refused("its token is not one of this hub");
  const role = known.roles.includes("operator") || !known.roles.includes("viewer") ? "operator" : "viewer";
  const denied = admitToken(known, { node: "a caller of HTTP", roles: [role], nowMs });
  return denied === null ? { type: "proved", token: known, role } : refused(denied.message);
}
