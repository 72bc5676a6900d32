/** The control messages between nodes, as schemas: what comes from another node is one of these, or nothing. */

import { isActorRef } from "../../runtime/actor-ref.js";
import { z } from "../../runtime/parse.js";

const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/);
const text = z.string().max(4_096);
const count = z.number().int().min(0);
const ref = z.custom<object>((value) => typeof value === "object" && value !== null && isActorRef(value), {
  message: "wanted the address of an actor",
});
/** Deep enough for parameters of policies and services; its size is the codec's to bound. */
const plain = z.record(z.string(), z.unknown());
const lifetime = z.number();

const configuration = z.object({
  width: z.number().int().min(16).max(7_680),
  height: z.number().int().min(16).max(4_320),
  fps: z.number().gt(0).max(240),
  framesPerTask: z.number().int().min(1).max(256),
  encoding: z.enum(["rgb", "jpeg"]),
  quality: z.number().int().min(1).max(100),
});

const stage = z.object({
  id: name,
  service: z.string().min(1).max(128),
  predecessors: z.array(name).max(64),
  successors: z.array(name).max(64),
  inputs: z.array(z.string().max(64)).max(64),
  output: z.string().max(64),
  stateful: z.boolean(),
  parameters: plain,
  queue: z.object({
    policy: z.enum(["block", "dropOldest", "dropNewest", "latestOnly"]),
    capacity: z.number().int().min(1).max(65_536),
  }),
});

interface Linked {
  readonly id: string;
  readonly predecessors: readonly string[];
  readonly successors: readonly string[];
}

/** As valid as a definition makes it: every stage once, behind all its predecessors, and both ends know of each other. */
function isDag({ stages }: { readonly stages: readonly Linked[] }): boolean {
  const before = new Map<string, Linked>();
  const all = new Map(stages.map((item) => [item.id, item]));
  for (const item of stages) {
    if (before.has(item.id) || new Set(item.predecessors).size < item.predecessors.length) return false;
    if (!item.predecessors.every((id) => before.get(id)?.successors.includes(item.id) === true)) return false;
    if (!item.successors.every((id) => all.get(id)?.predecessors.includes(item.id) === true)) return false;
    before.set(item.id, item);
  }
  return true;
}

const pipeline = z
  .object({
    id: name,
    version: z.number().int().min(1),
    stages: z.array(stage).min(1).max(64),
    joinTimeoutMs: z.number().gt(0).max(3_600_000),
    deadlineMs: z.number().gt(0).max(86_400_000).nullable(),
  })
  .refine(isDag, "wanted stages in order, joined at both ends");

const policy = z.object({ name: z.string().min(1).max(128), parameters: plain });

const table = z.object({
  term: count,
  epoch: z.number().int().min(1),
  publishedAtMs: lifetime,
  pipelines: z.map(z.string().max(160), pipeline),
  sources: z.map(
    name,
    z.object({
      pipelineId: name,
      pipelineVersion: z.number().int().min(1),
      configuration,
      placement: z.map(name, z.array(name).max(1_000)),
    }),
  ),
  fallback: name,
});

const sample = z.object({
  node: name,
  atMs: lifetime,
  cpuShare: z.number(),
  cpuCount: z.number(),
  memoryUsedBytes: z.number(),
  memoryTotalBytes: z.number(),
  residentBytes: z.number(),
  loopStallMs: z.number(),
  queued: z.record(z.string().max(256), z.number()),
  counts: z
    .object({
      admitted: count,
      received: count,
      forwarded: count,
      processed: count,
      finished: count,
      dropped: z.record(z.string().max(64), count),
    })
    .optional(),
  links: z.record(z.string().max(64), z.object({ rttMs: z.number(), bandwidthMbps: z.number().nullable() })),
});

const position = z.number().int().min(0);
const sourceRequest = z.object({
  id: z.string().max(256),
  source: text,
  pipeline: z.string().max(1024 * 1024),
  pipelineName: text,
  configuration: plain,
  policy: policy.nullable(),
  paced: z.boolean(),
  limit: z.number().int().min(1).nullable(),
});

/** By the last part of the receiver's path, then by type. Those of the data path are in `task-check.ts`. */
export const SCHEMAS = {
  controller: {
    installTable: z.object({ table, replyTo: ref }),
    reportQueues: z.object({ replyTo: ref }),
  },
  scheduler: {
    registerNode: z.object({
      node: z.object({
        name,
        role: z.enum(["edge", "cloud"]),
        services: z.array(z.string().max(128)).max(1_000),
      }),
      controller: ref,
    }),
    removeNode: z.object({ node: name }),
    registerSource: z.object({
      source: z.object({ id: name, node: name, pipeline, configuration, policy }),
      replyTo: ref.optional(),
    }),
    removeSource: z.object({ sourceId: name, node: name.optional() }),
    setPolicy: z.object({ sourceId: name, policy, replyTo: ref.optional() }),
    resourcesSampled: z.object({ sample }),
    tableInstalled: z.object({ node: name, epoch: count }),
    tableRefused: z.object({ node: name, epoch: count, heldEpoch: count, heldTerm: count }),
    reportTable: z.object({ replyTo: ref }),
    reportNodes: z.object({ replyTo: ref }),
  },
  distributor: {
    subscribe: z.object({
      subscriber: ref,
      fromPosition: position,
      sourceId: name.optional(),
      demand: z.number().int().min(0).max(100_000),
    }),
    demand: z.object({ subscriber: ref, count: z.number().int().min(0).max(100_000) }),
    unsubscribe: z.object({ subscriber: ref }),
    query: z.object({
      query: z.object({
        sourceId: name.optional(),
        sinceMs: z.number().optional(),
        untilMs: z.number().optional(),
        afterPosition: position.optional(),
        limit: z.number().int().min(1).max(10_000).optional(),
      }),
      replyTo: ref,
    }),
    reportTotals: z.object({ replyTo: ref }),
  },
  monitor: {
    ping: z.object({ sentAtMs: z.number(), replyTo: ref }),
    pong: z.object({ node: name, sentAtMs: z.number() }),
  },
  agent: {
    addSource: z.object({ definition: sourceRequest, replyTo: ref }),
    drainSource: z.object({ sourceId: name, replyTo: ref }),
    reportSources: z.object({ replyTo: ref }),
    drain: z.object({ replyTo: ref }),
    watchEvents: z.object({ listener: ref }),
  },
} as const;
