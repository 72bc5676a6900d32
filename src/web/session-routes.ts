/** Signing in and out: what a browser sends, and the cookie that it gets. */

import { jsonOf, parseWith, z } from "../runtime/parse.js";
import { addressGroup } from "../transport/address-group.js";
import type { HttpRequest } from "../transport/carrier.js";
import { jsonAnswer, plainAnswer, type Answer } from "./answer.js";
import { isLocal } from "./caller.js";
import { headerOf, isFromOwnPage } from "./origin.js";
import { SESSION_MS, type Session, type Sessions } from "./sessions.js";

const COOKIE = "sluice_session";
/** Of what is sent to sign in. */
export const PROOF_BYTES_MAX = 1_024;
const proofForm = z.union([
  z.object({ code: z.string().max(200) }).readonly(),
  z.object({ token: z.string().max(200) }).readonly(),
]);

/** The session of a request's cookie, if it is from a page of this hub. */
export async function sessionOf(request: HttpRequest, sessions: Sessions): Promise<Session | null> {
  const secret = cookieOf(request);
  return secret === null || !isFromOwnPage(request) ? null : sessions.find(secret);
}

/** `POST /session`, with `{ "code" }` or `{ "token" }`. */
export async function signIn(
  request: HttpRequest,
  sent: Uint8Array | null,
  sessions: Sessions,
): Promise<Answer> {
  if (!isFromOwnPage(request)) return plainAnswer(403, "Sign in on the page of the hub itself");
  const isSecure = request.socket.encrypted === true;
  if (!isSecure && !isLocal(request)) {
    return plainAnswer(
      403,
      "Beyond its own machine the hub lets nobody sign in without https: give it --tls-cert and --tls-key",
    );
  }
  const body = sent === null ? null : jsonOf(sent);
  const proof = body === null ? null : parseWith(proofForm, body);
  if (proof === null || !proof.ok) return plainAnswer(400, "Wanted JSON with a code or a token");
  const result = await sessions.signIn(proof.value, addressGroup(request.socket.remoteAddress ?? ""));
  if (result.type === "refused") return plainAnswer(result.status, `Cannot sign in: ${result.problem}`);
  return {
    ...jsonAnswer(200, { expiresAtMs: result.session.expiresAtMs }),
    headers: { "set-cookie": cookie(result.secret, isSecure, SESSION_MS / 1_000) },
  };
}

/** `DELETE /session`. */
export function signOut(request: HttpRequest, sessions: Sessions): Answer {
  if (!isFromOwnPage(request)) return plainAnswer(403, "Sign out on the page of the hub itself");
  const secret = cookieOf(request);
  if (secret !== null) sessions.end(secret);
  const gone = cookie("", request.socket.encrypted === true, 0);
  return { ...jsonAnswer(200, {}), headers: { "set-cookie": gone } };
}

/** No script reads it, and no page of somebody else's sends it. */
function cookie(value: string, isSecure: boolean, seconds: number): string {
  return `${COOKIE}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${seconds}${isSecure ? "; Secure" : ""}`;
}

function cookieOf(request: HttpRequest): string | null {
  for (const pair of headerOf(request, "cookie").split(";")) {
    const [name, value] = pair.trim().split("=");
    if (name === COOKIE && value !== undefined && value !== "") return value;
  }
  return null;
}
