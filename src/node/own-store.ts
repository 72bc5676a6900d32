/** Where a cloud keeps results, and which cluster that makes. */

import type { ActorSystem } from "../runtime/system.js";
import { openPlanMemory, type OpenPlanMemory } from "../storage/hub/plan-memory.js";
import { MemoryStore } from "../storage/results/memory-store.js";
import type { Store } from "../storage/results/store.js";
import type { Cluster, ClusterIdentity } from "../transport/cluster/cluster.js";
import type { NodeOptions } from "./node-options.js";

/** Where the cloud keeps results; nothing of any other node. */
export function storeOf({ store }: NodeOptions, isCloud: boolean, { log }: ActorSystem): Store | undefined {
  if (!isCloud) return undefined;
  if (store === undefined)
    log.warn("No store was given: results are kept in memory, and end with this process");
  return store ?? new MemoryStore();
}

/** The cluster that the node has joined, or that its own store makes. */
export async function identityOf(
  { cluster = "sluice" }: NodeOptions,
  store: Store | undefined,
  joined: Cluster | null,
): Promise<ClusterIdentity> {
  if (joined !== null) return { cluster: joined.name, clusterId: joined.id };
  return { cluster, clusterId: (await store?.identity()) ?? null };
}

/** What the scheduler remembers there. @throws SluiceError `store-corrupt`, `store-format` */
export async function memoryOf(
  store: Store | undefined,
  { clock, log }: ActorSystem,
  { planChanges: changes }: NodeOptions,
): Promise<OpenPlanMemory | null> {
  if (store === undefined) return null;
  return await openPlanMemory(store.state, { clock, log, ...(changes && { changes }) });
}
