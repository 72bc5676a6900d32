/**
 * The tokens of a hub, made and revoked on its page.
 *
 * WK1 Only whoever has signed in as an operator, on the hub's own page, gets here: by HTTP and not by a message, as what is made is a secret
 *     and goes nowhere but to that browser, over TLS or within the machine.
 * WK2 A token that is made on the page admits for at most a year, and grants nothing beyond its role.
 */

import { jsonOf, parseWith, z } from "../runtime/parse.js";
import type { HttpRequest } from "../transport/carrier.js";
import { TransportError } from "../transport/errors.js";
import type { NewToken, TokenReport } from "../transport/security/token-directory.js";
import { jsonAnswer, plainAnswer, type Answer } from "./answer.js";
import { isLocal } from "./caller.js";
import type { Routes } from "./door.js";
import { sessionOf } from "./session-routes.js";
import type { Sessions } from "./sessions.js";

/** What keeps the tokens of a hub. */
export interface TokenKeeper {
  /** @returns `ID.SECRET` */
  create(terms: NewToken): Promise<string>;
  /** @returns what is known of each, its secret left out */
  list(): Promise<readonly TokenReport[]>;
  /** @throws TransportError `token-invalid` of one that is not there */
  revoke(id: string): Promise<void>;
}

const TTL_MS_MAX = 365 * 24 * 3_600_000;
const BODY_BYTES_MAX = 1_024;

const orderForm = z.discriminatedUnion("do", [
  z.strictObject({ do: z.literal("list") }),
  z.strictObject({
    do: z.literal("create"),
    role: z.enum(["edge", "operator", "viewer"]),
    ttlMs: z.number().int().min(60_000).max(TTL_MS_MAX),
    label: z.string().max(100),
  }),
  z.strictObject({ do: z.literal("revoke"), id: z.string().max(100) }),
]);

type Order = z.output<typeof orderForm>;

/** `POST /tokens`, with what to do in JSON. */
export function tokenRoutes(keeper: TokenKeeper, sessions: Sessions): Routes {
  return new Map([
    [
      "/tokens",
      {
        for: "anybody",
        isListed: false,
        bodyBytesMax: BODY_BYTES_MAX,
        answers: { POST: (request, body) => answer(request, body, keeper, sessions) },
      },
    ],
  ]);
}

async function answer(
  request: HttpRequest,
  sent: Uint8Array | null,
  keeper: TokenKeeper,
  sessions: Sessions,
): Promise<Answer> {
  const session = await sessionOf(request, sessions).catch(() => null);
  if (session === null) return plainAnswer(401, "Sign in on the page of the hub itself");
  if (request.socket.encrypted !== true && !isLocal(request)) {
    return plainAnswer(403, "Beyond its own machine a token would be read on the way: it takes https");
  }
  if (session.role !== "operator") return plainAnswer(403, "A viewer makes and revokes no tokens");
  const parsed = parseWith(orderForm, sent === null ? null : jsonOf(sent));
  if (!parsed.ok) return plainAnswer(400, `Cannot do this with tokens: ${parsed.problem.slice(0, 300)}`);
  try {
    return jsonAnswer(200, await done(parsed.value, keeper));
  } catch (thrown) {
    if (thrown instanceof TransportError) return plainAnswer(409, thrown.message);
    throw thrown;
  }
}

/** @returns all tokens as they are then, and the one that was made */
async function done(order: Order, keeper: TokenKeeper): Promise<Readonly<Record<string, unknown>>> {
  if (order.do === "create") {
    const { role, ttlMs, label } = order;
    const terms: NewToken = { roles: [role], grants: [], use: "multiple", label: label || null, ttlMs };
    return { token: await keeper.create(terms), tokens: await keeper.list() };
  }
  if (order.do === "revoke") await keeper.revoke(order.id);
  return { tokens: await keeper.list() };
}
