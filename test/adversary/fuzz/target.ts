/** What is fuzzed: a hub and an honest edge in this process, with a source that goes on meanwhile. */

import {
  createMemoryTokens,
  openStore,
  parseConfiguration,
  parseSourceId,
  startNode,
  type Logger,
  type Role,
  type SluiceNode,
} from "../../../src/index.js";
import { scriptedSource } from "../../support/scripted-source.js";
import { within } from "../../support/within.js";
import { PIPELINE, SERVICES } from "../kit/honest-pipeline.js";
import { must } from "../kit/attack.js";

export interface Target {
  readonly hub: SluiceNode;
  readonly url: string;
  readonly token: (roles: readonly Role[]) => string;
  /** @throws Breach where a component has failed, or the stream stands still */
  readonly check: () => Promise<void>;
}

export async function withTarget(work: (target: Target) => Promise<void>): Promise<void> {
  const tokens = createMemoryTokens();
  const failures: string[] = [];
  const log: Logger = {
    debug: () => {},
    info: () => {},
    warn: (message, details) => note(message, details),
    error: (message, details) => note(message, details),
    isEnabled: (level) => level === "warn" || level === "error",
    child: () => log,
  };
  const note = (message: string, details: Readonly<Record<string, unknown>> = {}): void => {
    if (message.startsWith("Actor failed"))
      failures.push(`${String(details["actor"])}: ${String(details["error"])}`);
  };
  const common = {
    services: SERVICES,
    log,
    onFailure: (error: Error) => void failures.push(error.message),
  };
  const store = await openStore("memory:");
  const hub = await startNode({ ...common, name: "cloud", listen: "ws://127.0.0.1:0", tokens, store });
  const url = hub.cluster?.url ?? "";
  const token = (roles: readonly Role[]): string =>
    tokens.create({ roles, grants: [], expiresAtMs: Number.POSITIVE_INFINITY });
  const edge = await startNode({ ...common, name: "edge-1", join: url, token: token(["edge"]) });
  const { source, capture } = scriptedSource({ liveEveryMs: 20 });
  await edge.addSource({
    id: parseSourceId("honest"),
    source,
    capture,
    pipeline: PIPELINE,
    configuration: parseConfiguration({ width: 16, height: 16, framesPerTask: 1 }),
    policy: { name: "cloud-only", parameters: {} },
  });
  const stored = (): number => store.totals()["honest"]?.stored ?? 0;
  try {
    await work({
      hub,
      url,
      token,
      async check() {
        const letters = [hub, edge].map(({ system }) => system.deadLetters.countByReason.failed);
        must(
          failures.length === 0,
          `${failures.length} failures of actors, such as ${failures[0] ?? ""}`.slice(0, 160),
        );
        must(
          letters.every((count) => count === 0),
          `actors failed on ${letters.join(" and ")} messages`,
        );
        const before = stored();
        const goesOn = (async () => {
          while (stored() < before + 3) await new Promise((resolve) => void setTimeout(resolve, 10));
        })();
        await within(15_000, goesOn).catch(() => must(false, "the honest stream stands still"));
      },
    });
  } finally {
    await edge.terminate();
    await hub.terminate();
    await store.close();
  }
}
