/** A hub and two edges as processes of their own; each edge reaches the hub over a link that can be made narrow. */

import { connectOperator, type Operator } from "../../src/operator/operator.js";
import { parseNodeName, parseSourceId, type SourceId } from "../../src/task/identity.js";
import type { StoredResult } from "../../src/task/record.js";
import type { PlanChange } from "../../src/task/reports.js";
import type { PolicySpec } from "../../src/task/requests.js";
import { startNodeProcess, type NodeProcess } from "./node-process.js";
import { pacedPipeline } from "./paced.js";
import { startShapingProxy, type LinkShape, type ShapingProxy } from "./shaping-proxy.js";
import { SLOWER_MAX } from "./within.js";

export interface ShapedCluster {
  readonly operator: Operator;
  /** Of the hub. */
  readonly url: string;
  /** Of both edges to the hub. */
  shape(link: LinkShape): void;
  /** Starts a live scene on edge-1, through the paced services. */
  watch(id: string, policy: PolicySpec): Promise<WatchedSource>;
  close(): Promise<void>;
}

/** A source that runs, and what became of it so far. */
export interface WatchedSource {
  readonly id: SourceId;
  /** Oldest first. */
  readonly results: readonly StoredResult[];
  /** Tasks that were dropped, by when, ms since the Unix epoch. */
  readonly droppedAtMs: readonly number[];
  /** How its plan has changed, the first one included, oldest first. */
  changes(): Promise<readonly PlanChange[]>;
  /** Ends it, and forgets it. */
  end(): Promise<void>;
}

export interface ShapedClusterOptions {
  readonly link: LinkShape;
  /** What a frame takes, in ms. */
  readonly frameMs: { readonly edge: number; readonly cloud: number };
  /** Between decisions and between samples of resources, in ms. Default 1,000 each. */
  readonly decisionMs?: number;
  readonly sampleMs?: number;
}

const EDGES = ["edge-1", "edge-2"];
const LOOK_MS = 200;

export async function startShapedCluster(options: ShapedClusterOptions): Promise<ShapedCluster> {
  const { link, frameMs, ...periods } = options;
  const hub = startNodeProcess({
    name: "cloud",
    listen: "ws://127.0.0.1:0",
    frameMs: frameMs.cloud,
    ...periods,
  });
  const processes: NodeProcess[] = [hub];
  const proxies: ShapingProxy[] = [];
  const url = String((await hub.heard("member"))["url"]);
  for (const name of EDGES) {
    const proxy = await startShapingProxy(Number(new URL(url).port), link);
    proxies.push(proxy);
    const join = `ws://127.0.0.1:${proxy.port}`;
    processes.push(startNodeProcess({ name, join, frameMs: frameMs.edge, ...periods }));
  }
  await Promise.all(processes.map((each) => each.heard("member")));
  const operator = await connectOperator({ hub: url, token: null });
  await until("both edges to register", 20_000, async () => {
    return (await operator.nodes()).nodes.length > EDGES.length;
  });
  return {
    operator,
    url,
    shape(shape) {
      for (const proxy of proxies) proxy.shape(shape);
    },
    watch: (id, policy) => watch(operator, id, policy),
    async close() {
      await operator.close();
      await Promise.all(processes.map((each) => each.kill()));
      await Promise.all(proxies.map((proxy) => proxy.close()));
    },
  };
}

async function watch(operator: Operator, name: string, policy: PolicySpec): Promise<WatchedSource> {
  const id = parseSourceId(name);
  const agent = operator.agent(parseNodeName("edge-1"));
  const results: StoredResult[] = [];
  const droppedAtMs: number[] = [];
  const unfollow = operator.follow(0, id, (event) => {
    if (event.type !== "record") return;
    if (event.record.type === "result") results.push(event.record);
    if (event.record.type === "gap") droppedAtMs.push(event.record.storedAtMs);
  });
  await agent.addSource({
    id,
    source: "test:160x90@9,duration=36000",
    pipeline: pacedPipeline(name),
    pipelineName: `${name}.yaml`,
    configuration: {},
    policy,
    paced: true,
    limit: null,
  });
  return {
    id,
    results,
    droppedAtMs,
    changes: async () => (await operator.explain(id)).changes,
    async end() {
      unfollow();
      await agent.drainSource(id);
      await operator.freeSource(id);
    },
  };
}

/** Looks again and again until `done` says so. @param ms more than it takes on a quiet machine */
export async function until(what: string, ms: number, done: () => Promise<boolean>): Promise<void> {
  const limitMs = performance.now() + ms * SLOWER_MAX;
  while (!(await done())) {
    if (performance.now() > limitMs) throw new Error(`Waited ${ms * SLOWER_MAX} ms for ${what}`);
    await new Promise((resolve) => void setTimeout(resolve, LOOK_MS));
  }
}
