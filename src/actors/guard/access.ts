/**
 * Who may tell what to whom across nodes: for the actors of a node as plain data, everything else by rule.
 *
 * What is not allowed is denied. An edge hands tasks on and speaks to the cloud for itself; only the cloud publishes tables
 * and settles tasks; an operator asks and orders, and touches no task.
 */

import type { Role } from "../../transport/cluster/cluster.js";

type Allowed = Readonly<Partial<Record<Role, readonly string[]>>>;

/** By the name of the actor, then by role: types of messages. */
const ACCESS: Readonly<Record<string, Allowed>> = {
  controller: {
    cloud: ["submit", "abandon", "installTable", "reportQueues"],
    edge: ["submit"],
    operator: ["reportQueues"],
  },
  scheduler: {
    cloud: [
      "registerNode",
      "removeNode",
      "registerSource",
      "removeSource",
      "setPolicy",
      "resourcesSampled",
      "tableInstalled",
      "tableRefused",
      "reportTable",
      "reportNodes",
    ],
    edge: [
      "registerNode",
      "removeNode",
      "registerSource",
      "removeSource",
      "resourcesSampled",
      "tableInstalled",
      "tableRefused",
    ],
    operator: ["setPolicy", "reportTable", "reportNodes"],
  },
  distributor: {
    cloud: ["store", "recordDrop", "recordClosing"],
    edge: ["store", "recordDrop", "recordClosing"],
    operator: ["subscribe", "demand", "unsubscribe", "query", "reportTotals", "reportStatement"],
  },
  monitor: { cloud: ["ping", "pong"], edge: ["ping", "pong"] },
  agent: {
    cloud: ["addSource", "drainSource", "reportSources", "drain", "watchEvents"],
    operator: ["addSource", "drainSource", "reportSources", "drain", "watchEvents"],
  },
  guardian: { cloud: ["spawn", "stop"], operator: ["spawn", "stop"] },
  // Nobody outside may send these anything.
  processors: {},
  listener: {},
  "schedule-listener": {},
};

/** Of a generator: the distributor says what became of its tasks, and any node which ones did not get on. */
const GENERATOR: Allowed = { cloud: ["taskSettled", "undelivered"], edge: ["undelivered"] };

/** Actors that a node's own program spawned, or that others have had spawned here. */
const OTHERS: ReadonlySet<Role> = new Set(["cloud", "edge"]);

/** What is allowed at a path; null where anything is, `[]` where nothing is. */
export function allowedAt(
  path: string,
  roles: readonly Role[],
  grants: readonly string[],
): readonly string[] | null {
  const [, first = "", ...below] = path.split("/");
  // Who knows a reply address was given it.
  if (first === "$ask") return null;
  const known = Object.hasOwn(ACCESS, first) ? ACCESS[first] : undefined;
  if (below.length > 0 && first !== "guardian" && (known !== undefined || first.startsWith("source-")))
    return [];
  if (first === "guardian" && below.length === 0 && grants.includes("spawn")) return ["spawn", "stop"];
  if (first.startsWith("source-")) return allowedBy(GENERATOR, roles);
  if (first.startsWith("observer-")) return [];
  if (known !== undefined && below.length === 0) return allowedBy(known, roles);
  return roles.some((role) => OTHERS.has(role)) ? null : [];
}

function allowedBy(allowed: Allowed, roles: readonly Role[]): readonly string[] {
  return roles.flatMap((role) => allowed[role] ?? []);
}
