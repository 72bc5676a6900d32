/** A hub and an edge of real components over sockets, and members with tokens of their own that say what they like. */

import * as assert from "uvu/assert";
import { MemoryStore } from "../../src/storage/results/memory-store.js";
import { startNode, type SluiceNode } from "../../src/node/node.js";
import { connectOperator, type Operator } from "../../src/operator/operator.js";
import { parseSourceId } from "../../src/task/identity.js";
import type { ActorRef } from "../../src/runtime/actor-ref.js";
import { systemClock } from "../../src/runtime/clock.js";
import { CodedError } from "../../src/runtime/errors.js";
import { silentLogger } from "../../src/runtime/log.js";
import { createActorSystem, type ActorSystem } from "../../src/runtime/system.js";
import { createWsCarrier } from "../../src/transport/carriers/ws.js";
import type { Role } from "../../src/transport/cluster/cluster.js";
import { joinCluster } from "../../src/transport/cluster/joiner.js";
import { createMemoryTokens, type MemoryTokens } from "../../src/transport/security/memory-tokens.js";
import { PAIR, QUICK, SERVICES } from "./local-run.js";
import { scriptedSource } from "./scripted-source.js";
import { within } from "./within.js";
import { pause } from "./pause.js";

export const NEVER = Number.POSITIVE_INFINITY;
export const carrier = createWsCarrier({ clock: systemClock });

export interface Scene {
  readonly cloud: SluiceNode;
  readonly edge: SluiceNode;
  readonly url: string;
  readonly tokens: MemoryTokens;
  readonly failures: readonly Error[];
  /** Joins as a node that says what it likes. */
  readonly rogue: (roles?: readonly Role[]) => Promise<Rogue>;
  readonly count: (kind: string) => number;
}

export interface Rogue {
  readonly system: ActorSystem;
  readonly tell: (path: string, message: unknown) => void;
  readonly ask: (path: string, toMessage: (replyTo: ActorRef<unknown>) => unknown) => Promise<string>;
  readonly end: () => Promise<void>;
}

export async function scene(work: (scene: Scene) => Promise<void>): Promise<void> {
  const tokens = createMemoryTokens();
  const failures: Error[] = [];
  const common = { services: SERVICES, limits: QUICK, log: silentLogger } as const;
  const cloud = await startNode({
    ...common,
    name: "cloud",
    listen: "ws://127.0.0.1:0",
    tokens,
    store: new MemoryStore(),
    onFailure: (error) => failures.push(error),
  });
  const url = cloud.cluster?.url ?? "";
  const token = tokens.create({ roles: ["edge"], grants: [], expiresAtMs: NEVER });
  const edge = await startNode({ ...common, name: "edge-1", join: url, token });
  const rogues: Rogue[] = [];
  try {
    await work({
      cloud,
      edge,
      url,
      tokens,
      failures,
      count: (kind) => cloud.cluster?.security[kind] ?? 0,
      async rogue(roles = ["edge"]) {
        const system = createActorSystem({ name: `rogue-${rogues.length}`, log: silentLogger });
        const cluster = await joinCluster(system, {
          carrier,
          connect: { url },
          token: tokens.create({ roles, grants: [], expiresAtMs: NEVER }),
          roles,
        });
        const at = (path: string): ActorRef<unknown> => system.resolve(`sluice://cloud${path}`);
        const made: Rogue = {
          system,
          tell: (path, message) => at(path).tell(message),
          ask: (path, toMessage) =>
            within(
              5_000,
              system.ask(at(path), toMessage, { timeoutMs: 3_000 }).then(
                () => "answered",
                (error: unknown) => (error instanceof CodedError ? error.code : String(error)),
              ),
            ),
          async end() {
            await cluster.leave();
            await system.terminate();
          },
        };
        rogues.push(made);
        return made;
      },
    });
    // Whatever was done to it, it does its work.
    assert.equal(failures, []);
    const source = scriptedSource({ count: 12 });
    await edge.addSource({
      id: parseSourceId("honest"),
      source: source.source,
      capture: source.capture,
      pipeline: PAIR,
      policy: { name: "cloud-only", parameters: {} },
    });
    await within(10_000, edge.sourceEnded(parseSourceId("honest")), "the honest source");
  } finally {
    for (const { end } of rogues) await end();
    await edge.terminate();
    await cloud.terminate();
  }
}

/** Resolves once `holds` does: what was sent has arrived, however slow the machine is. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  const over = { is: false };
  const watched = (async () => {
    while (!over.is && !holds()) await pause();
  })();
  try {
    await within(60_000, watched, what);
  } finally {
    over.is = true;
  }
}

/** An operator of the scene's hub, which is closed whatever becomes of the work. */
export async function withOperator(
  { url, tokens }: Pick<Scene, "url" | "tokens">,
  work: (operator: Operator) => Promise<void>,
): Promise<void> {
  const token = tokens.create({ roles: ["operator"], grants: [], expiresAtMs: NEVER });
  const operator = await connectOperator({ hub: url, token });
  try {
    await work(operator);
  } finally {
    await operator.close();
  }
}
