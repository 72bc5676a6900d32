/** The cluster of a run as processes: this one is the cloud, and each edge is a process that joins over WebSocket. */

import { fileURLToPath } from "node:url";
import { createAgentClient } from "../../src/operator/agent-client.js";
import { untilMember } from "../../src/operator/patient-order.js";
import { createControl } from "../../src/operator/control.js";
import { systemClock } from "../../src/runtime/clock.js";
import { createWeb } from "../../src/web/web.js";
import { PAGE_FOLDER, pageLink } from "../page-link.js";
import { startNode } from "../../src/node/node.js";
import { SERVICES } from "../../src/services/catalogue.js";
import type { NodesReported, SchedulerMessage } from "../../src/actors/protocol/scheduler.js";
import { parseNodeName, parseSourceId, type NodeName, type SourceId } from "../../src/task/identity.js";
import { RuntimeError } from "../../src/runtime/errors.js";
import type { LogLevel } from "../../src/runtime/log.js";
import type { ActorSystem } from "../../src/runtime/system.js";
import { createMemoryTokens } from "../../src/transport/security/memory-tokens.js";
import type { EdgeProcess } from "./edge-process.js";
import type { RunCluster, RunClusterOptions } from "./run-cluster.js";

/** For a process to start and join, on a machine that is busy. */
const JOIN_MS = 30_000;
/** Between looks whether all have joined. */
const LOOK_MS = 20;
/** For the edges to leave at the end; with the drain before it and the summary it stays below 5 s. */
const LEAVE_MS = 1_000;

/** @param edges processes that have started, and wait for the address of the hub */
export async function startProcessCluster(
  options: RunClusterOptions & { readonly logLevel: LogLevel },
  edges: readonly EdgeProcess[],
): Promise<RunCluster> {
  const { store, modelDir, log, logLevel, onEvent, onSchedule, onFailure } = options;
  const tokens = createMemoryTokens();
  const web = createWeb({ tokens, page: fileURLToPath(PAGE_FOLDER), clock: systemClock, log });
  const cloud = await startNode({
    name: "cloud",
    listen: { url: "ws://127.0.0.1:0", http: web.http },
    tokens,
    store,
    modelDir,
    log,
    services: SERVICES,
    onOutcome: web.onOutcome,
    onEvent(event) {
      web.onEvent(event);
      onEvent(event);
    },
    onSchedule(event) {
      web.onEvent(event);
      onSchedule(event);
    },
    onFailure,
  });
  const { system, cluster } = cloud;
  if (cluster === null) throw new TypeError("Cannot start a run at a node that is no hub");
  await web.open({ system, cluster, storeFailure: () => store.failure });
  const url = cluster.url ?? "";
  const token = tokens.create({ roles: ["edge"], grants: [], expiresAtMs: Number.POSITIVE_INFINITY });
  const agents = new Map(
    edges.map(({ name }) => [name, createAgentClient(system, parseNodeName(name), cluster)]),
  );
  const started: { readonly edge: string; readonly id: SourceId }[] = [];
  for (const edge of edges) edge.instruct({ url, token, modelDir, logLevel });
  await registered(system, cloud.name, edges);
  for (const agent of agents.values()) agent.watchEvents(onEvent);

  return {
    page: pageLink(url, web.newCode()),
    ...createControl(system, cloud.name, () => store.nextPosition),
    nodes: [
      { name: cloud.name, role: "cloud", pid: process.pid },
      ...edges.map(({ name, pid }) => ({ name, role: "edge" as const, pid })),
    ],
    async addSource(request, edge) {
      // It may have been cut off for a moment since it joined.
      await untilMember({ system, cluster, node: parseNodeName(edge) }, JOIN_MS);
      started.push({ edge, id: parseSourceId(request.id) });
      await agents.get(edge)?.addSource(request);
    },
    async ledgers() {
      const reports = await Promise.allSettled([...agents.values()].map((agent) => agent.sources()));
      // An edge that is gone has nothing more to say.
      return reports.flatMap((report) => (report.status === "fulfilled" ? report.value.ledgers : []));
    },
    async drain() {
      // One that has ended is missing.
      await Promise.allSettled(
        started.map(async ({ edge, id }) => {
          await agents.get(edge)?.drainSource(id);
        }),
      );
    },
    async terminate() {
      await Promise.all(edges.map((edge) => edge.end(LEAVE_MS)));
      await cloud.terminate();
    },
  };
}

/** Resolves once every edge has joined and the scheduler knows what it runs. */
async function registered(
  system: ActorSystem,
  cloud: NodeName,
  edges: readonly EdgeProcess[],
): Promise<void> {
  const scheduler = system.resolve<SchedulerMessage>(`sluice://${cloud}/scheduler`);
  const untilMs = system.clock.now() + JOIN_MS;
  for (;;) {
    const { nodes } = await system.ask<SchedulerMessage, NodesReported>(scheduler, (replyTo) => ({
      type: "reportNodes",
      replyTo,
    }));
    const known = new Set<string>(nodes.map(({ description }) => description.name));
    const missing = edges.filter(({ name }) => !known.has(name)).map(({ name }) => name);
    if (missing.length === 0) return;
    if (system.clock.now() > untilMs) {
      throw new RuntimeError(`Cannot start: ${missing.join(", ")} did not join within ${JOIN_MS} ms`, {
        code: "node-unreachable",
      });
    }
    await new Promise<void>((resolve) => void system.clock.after(LOOK_MS, resolve));
  }
}
