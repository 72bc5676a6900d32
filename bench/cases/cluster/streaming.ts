/** A hub in this process and edges in others, with a source of no-op tasks that runs all the time. */

import { setTimeout as sleep } from "node:timers/promises";
import { createControl, type Control } from "../../../src/operator/control.js";
import type { SchedulerEvent } from "../../../src/actors/protocol/scheduler.js";
import { startNode, type SluiceNode } from "../../../src/node/node.js";
import { silentLogger } from "../../../src/runtime/log.js";
import { SluiceError } from "../../../src/task/errors.js";
import { parseSourceId } from "../../../src/task/identity.js";
import { NOOP_SERVICES } from "./load.js";
import type { Closeable } from "./shared-scene.js";
import { WatchedStore } from "./watched-store.js";
import { startNodes, type NodesProcess, type SourceToAdd } from "./start-nodes.js";

export const SOURCE = parseSourceId("cam");
/** Its tasks that may be under way, unless a case says otherwise. */
const WINDOW = 64;
/** For a node that has just come, however busy the machine. */
const PLACE_MS_MAX = 60_000;

/** Closing it audits all that was stored. */
export interface Streaming extends Closeable {
  readonly hub: SluiceNode;
  readonly url: string;
  readonly store: WatchedStore;
  readonly control: Control;
  /** By name; one that is killed is replaced here. */
  readonly edges: Map<string, NodesProcess>;
  onSchedule(listener: (event: SchedulerEvent) => void): () => void;
  /** Ends the process of this edge, and starts another one that has loaded nothing. */
  restart(edge: string): Promise<void>;
  /** Has the stages run there; waits for nodes that have just come. */
  place(placement: Readonly<Record<string, readonly string[]>>): Promise<void>;
  /** Has each stage run on each of these nodes, so that none is cold. */
  warm(stages: readonly string[], nodes: readonly string[]): Promise<void>;
}

export interface StreamingOptions {
  /** Each in a process of its own; the last has the source. */
  readonly edges: readonly [string, ...string[]];
  readonly source: Omit<SourceToAdd, "id" | "node">;
  readonly modelDir?: string;
}

export async function openStreaming({
  edges: names,
  source,
  modelDir,
}: StreamingOptions): Promise<Streaming> {
  const store = new WatchedStore();
  const listeners = new Set<(event: SchedulerEvent) => void>();
  const hub = await startNode({
    name: "cloud",
    listen: "ws://127.0.0.1:0",
    services: NOOP_SERVICES,
    log: silentLogger,
    store,
    onSchedule: (event) => {
      for (const listener of listeners) listener(event);
    },
  });
  const url = hub.cluster?.url ?? "";
  const control = createControl(hub.system, hub.cloud, () => 0);
  const common = { join: url, ...(modelDir !== undefined && { modelDir }) };
  const edges = new Map<string, NodesProcess>();
  const host = names.at(-1) ?? names[0];
  for (const name of names) {
    const sources = name === host ? [{ window: WINDOW, ...source, id: SOURCE, node: name }] : [];
    edges.set(name, await startNodes({ ...common, names: [name], sources }));
  }
  const place: Streaming["place"] = async (placement) => {
    const untilMs = performance.now() + PLACE_MS_MAX;
    for (;;) {
      try {
        return await control.setPolicy(SOURCE, { name: "fixed", parameters: { placement } });
      } catch (error) {
        if (!(error instanceof SluiceError) || performance.now() > untilMs) throw error;
        await sleep(1);
      }
    }
  };
  return {
    hub,
    url,
    store,
    control,
    edges,
    place,
    onSchedule(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async restart(edge) {
      await edges.get(edge)?.end();
      edges.set(edge, await startNodes({ ...common, names: [edge] }));
    },
    async warm(stages, nodes) {
      for (const node of nodes) {
        const there = store.next(({ hops }) => hops.every((hop) => hop.node === node));
        await place(Object.fromEntries(stages.map((stage) => [stage, [node]])));
        await there;
      }
    },
    async close() {
      await control.pauseSource(SOURCE);
      await store.check();
      for (const edge of edges.values()) await edge.end();
      await hub.terminate();
    },
  };
}
