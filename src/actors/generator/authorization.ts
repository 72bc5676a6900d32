/** Answers a challenge for credentials: Basic (RFC 7617) and Digest (RFC 7616, and RFC 2069 without `qop`). */

import { createHash, randomBytes } from "node:crypto";
import type { Credentials } from "./source-spec.js";

interface Challenge {
  readonly scheme: "basic" | "digest";
  readonly parameters: ReadonlyMap<string, string>;
}

/** Digests by the name that a challenge gives them, the better first. */
const HASHES: ReadonlyMap<string, string> = new Map([
  ["sha-512-256", "sha512-256"],
  ["sha-256", "sha256"],
  ["md5", "md5"],
]);

/** Of one server: remembers its last challenge, so that it need not challenge each request. */
export class Authorization {
  readonly #credentials: Credentials;
  #challenge: Challenge | null = null;
  /** Requests under this challenge (RFC 7616, 3.4: `nc`). */
  #count = 0;

  constructor(credentials: Credentials) {
    this.#credentials = credentials;
  }

  /** Takes the values of `WWW-Authenticate`. @returns whether there is one among them that can be answered */
  challenged(values: readonly string[]): boolean {
    const challenges = values.map(parseChallenge).filter((challenge) => challenge !== null);
    const rank = ({ scheme, parameters }: Challenge): number =>
      scheme === "basic" ? HASHES.size : [...HASHES.keys()].indexOf(algorithmOf(parameters));
    const [best] = challenges.sort((a, b) => rank(a) - rank(b));
    if (best === undefined) return false;
    this.#challenge = best;
    this.#count = 0;
    return true;
  }

  /** The value of `Authorization` for a request; null before there was a challenge. */
  headerFor(method: string, uri: string): string | null {
    if (this.#challenge === null) return null;
    const { scheme, parameters } = this.#challenge;
    const { user, password } = this.#credentials;
    if (scheme === "basic") return `Basic ${Buffer.from(`${user}:${password}`, "utf8").toString("base64")}`;
    this.#count += 1;
    return digest({ parameters, user, password, method, uri, count: this.#count });
  }
}

function digest(of: {
  readonly parameters: Challenge["parameters"];
  readonly user: string;
  readonly password: string;
  readonly method: string;
  readonly uri: string;
  readonly count: number;
}): string {
  const { parameters, user, password, method, uri, count } = of;
  const [realm = "", nonce = ""] = [parameters.get("realm"), parameters.get("nonce")];
  const opaque = parameters.get("opaque");
  const algorithm = parameters.get("algorithm");
  const qop = (parameters.get("qop") ?? "").split(",").some((one) => one.trim() === "auth");
  const hashName = HASHES.get(algorithmOf(parameters)) ?? "md5";
  const hash = (text: string): string => createHash(hashName).update(text).digest("hex");
  const cnonce = randomBytes(16).toString("hex");
  const nc = count.toString(16).padStart(8, "0");
  const secret = hash(`${user}:${realm}:${password}`);
  const session = algorithm?.toLowerCase().endsWith("-sess") === true;
  const a1 = session ? hash(`${secret}:${nonce}:${cnonce}`) : secret;
  const a2 = hash(`${method}:${uri}`);
  const response = hash(qop ? `${a1}:${nonce}:${nc}:${cnonce}:auth:${a2}` : `${a1}:${nonce}:${a2}`);
  // A header's characters are bytes.
  const username = Buffer.from(user, "utf8").toString("latin1");
  return [
    `Digest username=${quoted(username)}, realm=${quoted(realm)}, nonce=${quoted(nonce)}, uri=${quoted(uri)}, response="${response}"`,
    ...(algorithm === undefined ? [] : [`algorithm=${algorithm}`]),
    ...(opaque === undefined ? [] : [`opaque=${quoted(opaque)}`]),
    ...(qop ? [`qop=auth, nc=${nc}`] : []),
    ...(qop || session ? [`cnonce="${cnonce}"`] : []),
  ].join(", ");
}

/** Without `-sess`; RFC 7616, 3.3: MD5 where none is named. */
function algorithmOf(parameters: Challenge["parameters"]): string {
  return (parameters.get("algorithm") ?? "md5").toLowerCase().replace(/-sess$/, "");
}

/** Null for one that cannot be answered, a wrong one included. */
function parseChallenge(value: string): Challenge | null {
  const [, name = "", rest = ""] = /^\s*(\w+)\s*(.*)$/s.exec(value) ?? [];
  const scheme = name.toLowerCase();
  if (scheme === "basic") return { scheme, parameters: new Map() };
  if (scheme !== "digest") return null;
  const parameters = new Map<string, string>();
  for (const [, key = "", text, token] of rest.matchAll(
    /([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g,
  )) {
    parameters.set(key.toLowerCase(), text === undefined ? (token ?? "") : text.replace(/\\(.)/g, "$1"));
  }
  const known = HASHES.has(algorithmOf(parameters)) && /^[\w-]*$/.test(parameters.get("algorithm") ?? "");
  return known && parameters.has("nonce") ? { scheme, parameters } : null;
}

/** What would end a header is not among the characters of a quoted string (RFC 9110, 5.6.4). */
function quoted(text: string): string {
  return `"${text.replace(/[\r\n\0]/g, "").replace(/["\\]/g, "\\$&")}"`;
}
