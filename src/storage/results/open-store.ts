/** Opens the store of a hub, wherever it is kept. */

import { resolve } from "node:path";
import type { LevelStoreOptions } from "./level-load.js";
import { MemoryStore } from "./memory-store.js";
import type { Store } from "./store.js";

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
