/** Starts the distributor of a node, and opens the store that it writes. */

import { resolve } from "node:path";
import type { ActorRef } from "../../runtime/actor-ref.js";
import type { Spawner } from "../../runtime/behaviour.js";
import type { DistributorMessage } from "../protocol/distributor.js";
import { distributor } from "./distributor.js";
import type { DistributorOptions, FlushOptions } from "./state.js";
import type { DamageReport, LevelStoreOptions } from "./level-load.js";
import { MemoryStore } from "./memory-store.js";
import type { Store } from "./store.js";

export type { DamageReport, FlushOptions };

/**
 * Starts the actor `distributor`. It does not own the store: close that after the actor has stopped.
 *
 * Its mailbox takes more than may wait to be stored, so that the bound is the distributor's own and is counted there.
 */
export function spawnDistributor(parent: Spawner, options: DistributorOptions): ActorRef<DistributorMessage> {
  return parent.spawn(distributor(options), {
    name: "distributor",
    mailbox: { capacity: 20_000, overflow: "reject" },
    restart: "permanent",
  });
}

/**
 * Opens a store: `memory:` ends with the process, anything else is a folder.
 *
 * @throws SluiceError `store-locked`, `store-unwritable`, `store-full`, `store-format`, `store-corrupt`, and
 *   `store-missing` with `mustExist`
 */
export async function openStore(spec: string, options: LevelStoreOptions = {}): Promise<Store> {
  if (spec === "memory:") return new MemoryStore();
  // Most nodes open no store on disk, and need no level.
  const { openLevelStore } = await import("./level-store.js");
  return await openLevelStore(resolve(spec), options);
}
