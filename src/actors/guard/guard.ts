/**
 * The gate of a node: lets in from other nodes what its sender may say, speaks only for its sender, and is what it claims
 * to be. Whatever passes makes no component fail: it is handed on rebuilt of the fields that its rule knows.
 */

import { RateLimit } from "../../runtime/rate-limit.js";
import { Refusal, type Guard, type Sender } from "../../transport/cluster/guard.js";
import { accessTo, type Access } from "./access.js";
import { fields, Malformed, type Fields } from "./checks.js";
import type { Rule } from "./rules.js";

export interface GuardOptions {
  /** An operator has no components, and no actors for others. Default `node`. */
  readonly of?: "node" | "operator";
  /** Whether those that it lets in may be asked something, and answer. Default true. */
  readonly answers?: boolean;
  /** ms; for how often a member may say what costs much. Default: the time stands still, and the burst is all there is. */
  readonly now?: () => number;
}

/** Paths that are kept: they are few, and what a member makes up beyond them is looked up each time. */
const PATHS_MAX = 4_096;
/** Registrations of one member: a node that comes back announces itself and each of its sources at once. */
const COSTLY = { perSecond: 20, burst: 1_024 };

export function guardFor({ of = "node", answers = true, now = () => 0 }: GuardOptions = {}): Guard {
  const paths = new Map<string, Access>();
  const limits = new WeakMap<Sender, RateLimit>();

  function access(path: string): Access {
    let found = paths.get(path);
    if (found === undefined) {
      found = accessTo(path, of);
      if (!path.startsWith("/$ask/") && paths.size < PATHS_MAX) paths.set(path, found);
    }
    return found;
  }

  function overspent(from: Sender): boolean {
    let limit = limits.get(from);
    if (limit === undefined) limits.set(from, (limit = new RateLimit(COSTLY, now())));
    return !limit.take(now());
  }

  return (from, path, message) => {
    const found = access(path);
    if (found.rules === null) {
      const mayAnswer = answers && found.from === "anybody";
      const open = mayAnswer || from.roles.some((role) => role === "cloud" || role === "edge");
      return open ? message : denied(from, path, "anything");
    }
    const type = typeOf(message);
    const rule = type !== null && Object.hasOwn(found.rules, type) ? found.rules[type] : undefined;
    if (type === null || rule === undefined || !mayTell(from, rule))
      return denied(from, path, type ?? "that");
    if (rule.costly === true && overspent(from)) {
      return new Refusal("too-often", `"${from.name}" says "${type}" too often`);
    }
    try {
      return check(from, type, rule, fields(message, "a message"));
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      return new Refusal("malformed", `${type}: ${error.message}`);
    }
  };
}

function mayTell({ roles, grants }: Sender, { from, grant }: Rule): boolean {
  return roles.some((role) => from.includes(role)) || (grant !== undefined && grants.includes(grant));
}

/** @throws Malformed */
function check(from: Sender, type: string, rule: Rule, message: Fields): unknown {
  const known = rule.read(message);
  const { about, forAll = ["cloud"] } = rule;
  if (
    about === undefined ||
    about(known, from) === from.name ||
    from.roles.some((role) => forAll.includes(role))
  ) {
    return known;
  }
  return new Refusal("denied", `"${from.name}" may not say "${type}" of another one`);
}

function typeOf(message: unknown): string | null {
  if (typeof message !== "object" || message === null || !("type" in message)) return null;
  return typeof message.type === "string" ? message.type : null;
}

function denied(from: Sender, path: string, what: string): Refusal {
  const roles = from.roles.join(", ") || "no role";
  const said = JSON.stringify(what.slice(0, 64));
  return new Refusal("denied", `"${from.name}" (${roles}) may not tell ${path} ${said}`);
}
