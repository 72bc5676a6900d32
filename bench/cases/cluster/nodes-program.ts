/**
 * Nodes of a bench's cluster in a process of their own, which lives as long as its parent wants it. Usage: by `startNodes`, which
 * gives it what to start in `SLUICE_BENCH_NODES`.
 */

import { startNode, type SluiceNode } from "../../../src/node/node.js";
import { silentLogger } from "../../../src/runtime/log.js";
import { SERVICES } from "../../../src/services/catalogue.js";
import { parseConfiguration } from "../../../src/task/configuration.js";
import { definePipeline } from "../../../src/task/define-pipeline.js";
import { parseSourceId } from "../../../src/task/identity.js";
import { endlessCapture, NOOP_SERVICES, noopChain } from "./load.js";
import type { NodesToStart, SourceToAdd } from "./start-nodes.js";

const {
  names,
  join,
  token,
  modelDir = null,
  sources = [],
} = JSON.parse(process.env["SLUICE_BENCH_NODES"] ?? "{}") as NodesToStart;
const ALL = new Map([...SERVICES, ...NOOP_SERVICES]);
const services = modelDir === null ? NOOP_SERVICES : ALL;

const nodes = new Map<string, SluiceNode>();
for (const name of names) {
  nodes.set(
    name,
    await startNode({
      name,
      join,
      ...(token !== undefined && { token }),
      services,
      modelDir,
      log: silentLogger,
    }),
  );
}
for (const source of sources) await add(source);
process.once("disconnect", () => process.exit());
process.send?.("ready");

async function add({ id, node, work, everyMs, side, policy, window }: SourceToAdd): Promise<void> {
  const bytes = side * side * 3;
  const { source, capture } = endlessCapture({ replayable: true, bytes, everyMs });
  await nodes.get(node)?.addSource({
    id: parseSourceId(id),
    source,
    capture,
    pipeline: work === "objects" ? objects() : noopChain(work),
    configuration: parseConfiguration({ width: side, height: side, framesPerTask: 1 }),
    policy,
    ...(window !== undefined && { window: { tasks: window, bytes: 1 << 28 } }),
  });
}

function objects(): ReturnType<typeof definePipeline> {
  return definePipeline({ id: "objects", stages: [{ id: "s0", service: "object-detection" }] }, ALL);
}
