/** A hub and two edges as processes of their own; each edge reaches the hub over a link that can be made narrow. */

import { connectOperator, type Operator } from "../../src/operator/operator.js";
import { parseNodeName, parseSourceId, type SourceId } from "../../src/task/identity.js";
import type { PolicySpec } from "../../src/task/requests.js";
import { startNodeProcess, type NodeProcess } from "./node-process.js";
import { startShapingProxy, type LinkShape, type ShapingProxy } from "./shaping-proxy.js";
import { SLOWER_MAX } from "./within.js";

export interface ShapedCluster {
  readonly operator: Operator;
  /** Of the hub. */
  readonly url: string;
  /** Of both edges to the hub. */
  shape(link: LinkShape): void;
  /** Starts a live test scene on edge-1. */
  addSource(definition: SceneDefinition): Promise<SourceId>;
  /** Ends it, and forgets it. */
  endSource(id: SourceId): Promise<void>;
  close(): Promise<void>;
}

interface SceneDefinition {
  readonly id: string;
  /** As `--source` has it. */
  readonly source: string;
  /** Text of a pipeline file. */
  readonly pipeline: string;
  readonly policy: PolicySpec;
}

export interface ShapedClusterOptions {
  readonly link: LinkShape;
  /** Between decisions and between samples of resources, in ms. Default 1,000 each. */
  readonly decisionMs?: number;
  readonly sampleMs?: number;
}

const EDGES = ["edge-1", "edge-2"];
const LOOK_MS = 50;

export async function startShapedCluster({ link, ...periods }: ShapedClusterOptions): Promise<ShapedCluster> {
  const common = { catalogue: true, ...periods };
  const hub = startNodeProcess({ name: "cloud", listen: "ws://127.0.0.1:0", ...common });
  const processes: NodeProcess[] = [hub];
  const proxies: ShapingProxy[] = [];
  const url = String((await hub.heard("member"))["url"]);
  for (const name of EDGES) {
    const proxy = await startShapingProxy(Number(new URL(url).port), link);
    proxies.push(proxy);
    processes.push(startNodeProcess({ name, join: `ws://127.0.0.1:${proxy.port}`, ...common }));
  }
  await Promise.all(processes.map((each) => each.heard("member")));
  const operator = await connectOperator({ hub: url, token: null });
  await until("both edges to register", 20_000, async () => {
    return (await operator.nodes()).nodes.length > EDGES.length;
  });
  const agent = operator.agent(parseNodeName("edge-1"));
  return {
    operator,
    url,
    shape(shape) {
      for (const proxy of proxies) proxy.shape(shape);
    },
    async addSource({ id, source, pipeline, policy }) {
      const sourceId = parseSourceId(id);
      await agent.addSource({
        id: sourceId,
        source,
        pipeline,
        pipelineName: `${id}.yaml`,
        configuration: {},
        policy,
        paced: true,
        limit: null,
      });
      return sourceId;
    },
    async endSource(id) {
      await agent.drainSource(id);
      await operator.freeSource(id);
    },
    async close() {
      await operator.close();
      await Promise.all(processes.map((each) => each.kill()));
      await Promise.all(proxies.map((proxy) => proxy.close()));
    },
  };
}

/** Looks again and again until `done` says so. @param ms more than it takes on a quiet machine */
async function until(what: string, ms: number, done: () => Promise<boolean>): Promise<void> {
  const limitMs = performance.now() + ms * SLOWER_MAX;
  while (!(await done())) {
    if (performance.now() > limitMs) throw new Error(`Waited ${ms * SLOWER_MAX} ms for ${what}`);
    await new Promise((resolve) => void setTimeout(resolve, LOOK_MS));
  }
}
