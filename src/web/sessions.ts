/**
 * Who is signed in by a browser.
 *
 * WS1 A session begins with a proof: a code that the hub printed, which counts once, or the token of an operator or a viewer. It ends with its
 *     time, with a word of its own, or with the token.
 * WS2 Who tries too often waits, and nobody who comes from elsewhere does.
 * WS3 What a browser keeps is known here by its digest alone, and is of use to nobody who reads memory or a log.
 */

import { createHash, timingSafeEqual } from "node:crypto";
import type { Clock } from "../runtime/clock.js";
import { RateLimit } from "../runtime/rate-limit.js";
import type { TokenAuthority } from "../transport/security/token-authority.js";
import { proveToken, type ReaderRole } from "./caller.js";

export interface Session {
  /** Digest of what the browser has. */
  readonly id: string;
  /** Of the token that was proved; null of a code. */
  readonly tokenId: string | null;
  readonly expiresAtMs: number;
  /** Whoever has the code that the hub printed is its operator. */
  readonly role: ReaderRole;
}

type SignIn =
  | { readonly type: "signedIn"; readonly secret: string; readonly session: Session }
  | { readonly type: "refused"; readonly status: 401 | 429; readonly problem: string };

type Proof = { readonly code: string } | { readonly token: string };

export interface SessionsOptions {
  /** Null where the hub asks nobody for a token: a code is the only way then. */
  readonly tokens: TokenAuthority | null;
  readonly clock: Clock;
  /** Text that nobody can guess, of letters, digits, `-` and `_`; another one each time. */
  readonly secret: () => string;
}

/** A working day. */
export const SESSION_MS = 12 * 3_600_000;
const SESSIONS_MAX = 1_000;
/** Of one address. */
const TRIES = { perSecond: 2, burst: 10 };
/** Addresses that are remembered; one more and the oldest is forgotten. */
const ADDRESSES_MAX = 1_000;

export interface Sessions {
  /** A new code, in the place of the one before. */
  newCode(): string;
  /** @param from whose tries count together */
  signIn(proof: Proof, from: string): Promise<SignIn>;
  /** Null where there is no such session, or none any more. */
  find(secret: string): Promise<Session | null>;
  /** Whether it is still in force. */
  holds(session: Session): Promise<boolean>;
  end(secret: string): void;
}

export function createSessions({ tokens, clock, secret }: SessionsOptions): Sessions {
  const sessions = new Map<string, Session>();
  const tries = new Map<string, RateLimit>();
  let code: string | null = null;

  function mayTry(from: string): boolean {
    const nowMs = clock.monotonic();
    const known = tries.get(from) ?? new RateLimit(TRIES, nowMs);
    const [oldest] = tries.keys();
    if (!tries.has(from) && tries.size >= ADDRESSES_MAX && oldest !== undefined) tries.delete(oldest);
    tries.set(from, known);
    return known.take(nowMs);
  }

  function begin(role: ReaderRole, tokenId: string | null, endsAtMs: number): SignIn {
    for (const [id, { expiresAtMs }] of sessions) if (expiresAtMs <= clock.now()) sessions.delete(id);
    const [oldest] = sessions.keys();
    if (sessions.size >= SESSIONS_MAX && oldest !== undefined) sessions.delete(oldest);
    const text = secret();
    const session: Session = {
      id: digest(text),
      tokenId,
      role,
      expiresAtMs: Math.min(endsAtMs, clock.now() + SESSION_MS),
    };
    sessions.set(session.id, session);
    return { type: "signedIn", secret: text, session };
  }

  async function holds(session: Session): Promise<boolean> {
    if (sessions.get(session.id) !== session) return false;
    const over =
      session.expiresAtMs <= clock.now() ||
      (session.tokenId !== null && (await tokens?.find(session.tokenId))?.revoked !== false);
    if (over) sessions.delete(session.id);
    return !over;
  }

  return {
    newCode() {
      code = secret();
      return code;
    },
    async signIn(proof, from) {
      if (!mayTry(from)) {
        return { type: "refused", status: 429, problem: "too many tried of late: wait a moment" };
      }
      if ("code" in proof) {
        const isRight = code !== null && sameText(proof.code, code);
        if (!isRight)
          return { type: "refused", status: 401, problem: "the link was used already, or is none" };
        code = null;
        return begin("operator", null, Infinity);
      }
      if (tokens === null) return { type: "refused", status: 401, problem: "this hub has no tokens" };
      const proved = await proveToken(proof.token, tokens, clock.now());
      if (proved.type === "refused") return { type: "refused", status: 401, problem: proved.problem };
      return begin(proved.role, proved.token.id, proved.token.expiresAtMs);
    },
    async find(text) {
      const session = sessions.get(digest(text));
      return session !== undefined && (await holds(session)) ? session : null;
    },
    holds,
    end: (text) => void sessions.delete(digest(text)),
  };
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}

function sameText(given: string, wanted: string): boolean {
  return timingSafeEqual(Buffer.from(digest(given)), Buffer.from(digest(wanted)));
}
