/**
 * The gate of a node: lets in from other nodes what its sender may say, speaks only for its sender, and is what it claims
 * to be. Whatever passes makes no component fail.
 */

import { isActorRef } from "../../runtime/actor-ref.js";
import { parseWith } from "../../runtime/parse.js";
import { ALLOWED, type Guard, type Sender, type Verdict } from "../../transport/cluster/guard.js";
import { isCount, isName } from "../../task/value-checks.js";
import { addressOf, fields, Malformed, wanted, type Fields } from "./checks.js";
import { allowedAt } from "./access.js";
import { SCHEMAS } from "./schemas.js";
import {
  checkClosing,
  checkDropRecord,
  checkOutcome,
  checkPins,
  checkTask,
  checkTaskId,
  isDelivery,
} from "./task-check.js";

/** What is allowed to one sender at one path: looked up once, as senders and paths are few. */
const CACHE_MAX = 4_096;

export function guardFor(): Guard {
  const cache = new WeakMap<Sender, Map<string, readonly string[] | null>>();

  function allowed(from: Sender, path: string): readonly string[] | null {
    let paths = cache.get(from);
    if (paths === undefined || paths.size > CACHE_MAX) cache.set(from, (paths = new Map()));
    let types = paths.get(path);
    if (types === undefined) {
      types = allowedAt(path, from.roles, from.grants);
      if (!path.startsWith("/$ask/")) paths.set(path, types);
    }
    return types;
  }

  return (from, path, message) => {
    const types = allowed(from, path);
    if (types === null) return ALLOWED;
    const type = typeOf(message);
    if (type === null || !types.includes(type)) {
      const roles = from.roles.join(", ") || "no role";
      return denied(`"${from.name}" (${roles}) may not tell ${path} ${JSON.stringify(type ?? "that")}`);
    }
    try {
      return check(from, path, type, fields(message, "a message"));
    } catch (error) {
      if (error instanceof Malformed) return malformed(`${type}: ${error.message}`);
      throw error;
    }
  };
}

function check(from: Sender, path: string, type: string, message: Fields): Verdict {
  switch (type) {
    case "submit":
      wanted(message["forwarded"] === undefined || isCount(message["forwarded"]), "forwarded");
      checkTask(message["task"]);
      return ALLOWED;
    case "store":
      checkTask(message["task"]);
      return ALLOWED;
    case "recordDrop":
      checkDropRecord(message["drop"]);
      return ALLOWED;
    case "recordClosing":
      checkClosing(message["closing"]);
      return speaksForItself(from, type, message);
    case "taskSettled":
      checkTaskId(message["id"]);
      checkOutcome(message["outcome"]);
      return ALLOWED;
    case "undelivered":
      checkTaskId(message["id"]);
      return ALLOWED;
    case "abandon":
      checkTaskId(message["id"]);
      wanted(isDelivery(message["delivery"]), "the number of its delivery");
      wanted(isName(message["pipelineId"]) && isCount(message["pipelineVersion"]), "a pipeline");
      checkPins(message["pins"]);
      return ALLOWED;
    default:
      break;
  }
  const schemas: Readonly<Record<string, Readonly<Record<string, (typeof SCHEMAS)["monitor"]["ping"]>>>> =
    SCHEMAS as never;
  const schema = schemas[path.slice(1)]?.[type];
  // Of the guardian: it reads what it is sent itself.
  if (schema === undefined) return checkReplyTo(message);
  const parsed = parseWith(schema, message);
  if (!parsed.ok) return malformed(`${type}: ${parsed.problem.slice(0, 300)}`);
  return speaksForItself(from, type, message);
}

function checkReplyTo({ replyTo }: Fields): Verdict {
  const sound = typeof replyTo === "object" && replyTo !== null && isActorRef(replyTo);
  return sound ? ALLOWED : malformed("wanted somebody to reply to");
}

/** A node registers, removes and samples itself and its own sources alone; the cloud may speak for all. */
function speaksForItself(from: Sender, type: string, message: Fields): Verdict {
  if (from.roles.includes("cloud") || from.roles.includes("operator")) return ALLOWED;
  const about = subjectOf(type, message);
  if (about === null || about === from.name) return ALLOWED;
  return denied(`"${from.name}" may not say "${type}" of another one`);
}

function subjectOf(type: string, message: Fields): unknown {
  switch (type) {
    case "registerNode": {
      const { controller } = message;
      const address = addressOf(Object(controller).address)?.node;
      const { name } = fields(message["node"], "a node");
      return address === name ? name : address;
    }
    case "registerSource":
      return fields(message["source"], "a source")["node"];
    case "recordClosing":
      return addressOf(fields(message["closing"], "the end of an incarnation")["origin"])?.node;
    case "resourcesSampled":
      return fields(message["sample"], "a sample")["node"];
    case "removeNode":
    case "tableInstalled":
    case "tableRefused":
    case "pong":
      return message["node"];
    case "removeSource":
      // Without a node it would remove another's source of that name.
      return message["node"] ?? "any node";
    default:
      return null;
  }
}

function typeOf(message: unknown): string | null {
  if (typeof message !== "object" || message === null || !("type" in message)) return null;
  return typeof message.type === "string" ? message.type : null;
}

function denied(detail: string): Verdict {
  return { allowed: false, reason: "denied", detail };
}

function malformed(detail: string): Verdict {
  return { allowed: false, reason: "malformed", detail };
}
