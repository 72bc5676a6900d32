/** A hub with no-op stages and a store in memory, which tells its parent where it listens. Usage: by `fork`. */

import { startNode } from "../../../src/node/node.js";
import { silentLogger } from "../../../src/runtime/log.js";
import { MemoryStore } from "../../../src/storage/results/memory-store.js";
import { NOOP_SERVICES } from "../cluster/load.js";

const hub = await startNode({
  name: "cloud",
  listen: "ws://127.0.0.1:0",
  services: NOOP_SERVICES,
  log: silentLogger,
  store: new MemoryStore(),
});
process.send?.(hub.cluster?.url);
process.once("disconnect", () => process.exit());
