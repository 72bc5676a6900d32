/** A hub in this process with its page, and a source that never ends. */

import { fileURLToPath } from "node:url";
import { tokenKeeperOf } from "../../apps/cli/hub-tokens.js";
import { systemClock } from "../../src/runtime/clock.js";
import { silentLogger } from "../../src/runtime/log.js";
import { createHubAlarms, type HubAlarms } from "../../src/sinks/alarms/hub-alarms.js";
import { startNode, type SluiceNode } from "../../src/node/node.js";
import { MemoryStore } from "../../src/storage/results/memory-store.js";
import { createMemoryTokens, type MemoryTokens } from "../../src/transport/security/memory-tokens.js";
import { createWeb, type Web } from "../../src/web/web.js";
import { temporaryFolder } from "./temporary-folder.js";
import type { NodeOptions } from "../../src/node/node-options.js";

export interface WebHubScene {
  readonly hub: SluiceNode;
  readonly web: Web;
  readonly alarms: HubAlarms;
  readonly tokens: MemoryTokens;
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
}

const PAGE = fileURLToPath(new URL("../../apps/page/", import.meta.url));

export async function withWebHub(
  options: Partial<NodeOptions>,
  use: (scene: WebHubScene) => Promise<void>,
): Promise<void> {
  const tokens = createMemoryTokens();
  // Those that are made on the page lie beside those of the scene.
  const tokenKeeper = tokenKeeperOf(temporaryFolder());
  const web = createWeb({ tokens, tokenKeeper, page: PAGE, clock: systemClock, log: silentLogger });
  let alarms: HubAlarms | null = null;
  const hub = await startNode({
    store: new MemoryStore(),
    log: silentLogger,
    ...options,
    name: "cloud",
    listen: { url: "ws://127.0.0.1:0", http: web.http },
    tokens,
    onEvent: web.onEvent,
    onSchedule: web.onEvent,
    onOutcome(outcome) {
      web.onOutcome(outcome);
      alarms?.settled(outcome);
    },
  });
  try {
    const { cluster, system } = hub;
    if (cluster === null) throw new Error("it is no hub");
    const made = createHubAlarms({
      system,
      cluster: { name: cluster.name, id: "c0ffee" },
      folder: null,
      environment: {},
      audit: async () => 0,
      onEvent: web.onEvent,
    });
    alarms = made;
    web.subscribe(({ event }) => made.happened(event));
    await web.open({ system, cluster, storeFailure: () => null });
    await use({ hub, web, alarms: made, tokens, url: (cluster.url ?? "").replace(/^ws/, "http") });
  } finally {
    alarms?.close();
    await hub.terminate();
  }
}
