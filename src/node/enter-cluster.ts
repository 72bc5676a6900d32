/** A node's way into a cluster: as a member of another node's, or as the hub of its own. */

import type { ActorSystem } from "../runtime/system.js";
import { guardFor } from "../actors/guard/guard.js";
import type { Cluster, HubCluster } from "../transport/cluster/cluster.js";
import { startHub } from "../transport/cluster/hub.js";
import { joinCluster, type JoinOptions } from "../transport/cluster/joiner.js";
import { parseNodeName } from "../task/identity.js";
import { openNameKey } from "../transport/security/name-key.js";
import type { NameRegistry } from "../transport/security/names.js";
import type { SessionNumbers } from "../transport/security/sessions.js";
import { listenAddressOf, type NodeOptions } from "./node-options.js";
import type { OwnJournal } from "./own-journal.js";
import type { NodeKeys } from "./vouching.js";
import type { NodeWorld } from "./world.js";

/** @throws TransportError `connect-failed`, or why the hub refuses */
export async function joinHub(
  system: ActorSystem,
  world: NodeWorld,
  options: NodeOptions & { readonly join: string },
  journal: OwnJournal | null,
): Promise<Cluster> {
  const { authorities } = options;
  const listen = listenAddressOf(options);
  return joinCluster(system, {
    ...commonOptions(system, world, options),
    connect: { url: options.join, ...(authorities !== undefined && { tls: { authorities } }) },
    token: options.token ?? null,
    // A node that keeps nothing has its name for as long as it runs.
    nameKey: options.journal === undefined ? world.nameKey : await openNameKey(`${options.journal}.key`),
    checkCluster: journal && journal.check,
    cluster: options.cluster ?? null,
    roles: options.roles ?? ["edge"],
    patient: options.patient ?? false,
    ...(listen && { listen }),
  });
}

/**
 * Null where nobody is to join. Each node that joins is told its key.
 *
 * @throws TransportError `listen-failed`
 */
export async function becomeHub(
  system: ActorSystem,
  world: NodeWorld,
  options: NodeOptions,
  hub: {
    readonly keys: NodeKeys;
    readonly names: NameRegistry;
    readonly sessions: SessionNumbers;
    readonly clusterId: string | null;
  },
): Promise<HubCluster | null> {
  const { keys, names, sessions, clusterId } = hub;
  const listen = listenAddressOf(options);
  if (options.join !== undefined || listen === null) return null;
  return startHub(system, {
    ...commonOptions(system, world, options),
    listen,
    ...(clusterId !== null && { clusterId }),
    authority: options.tokens ?? null,
    // An operator has no part in tasks.
    secretFor({ name, roles }) {
      return roles.every((role) => role === "operator") ? null : keys.keyOf(parseNodeName(name));
    },
    names,
    sessions,
    ...(options.cluster !== undefined && { cluster: options.cluster }),
    ...(options.roles && { roles: options.roles }),
  });
}

function commonOptions(
  { clock }: ActorSystem,
  { carrier, nonce, pid }: NodeWorld,
  { version, link }: NodeOptions,
): Pick<JoinOptions, "carrier" | "guard" | "pid" | "nonce" | "version" | "limits"> {
  return {
    carrier,
    guard: guardFor({ now: () => clock.monotonic() }),
    pid,
    ...(nonce && { nonce }),
    ...(version !== undefined && { version }),
    ...(link && { limits: link }),
  };
}
