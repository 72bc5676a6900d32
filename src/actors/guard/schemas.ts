/** The control messages between nodes, as schemas: what comes from another node is one of these, or nothing. */

import { isActorRef } from "../../runtime/actor-ref.js";
import { z } from "../../runtime/parse.js";
import { FRAME_ENCODINGS } from "../../task/configuration.js";
import {
  CONFIGURATION_LIMITS,
  NAME,
  PIPELINE_FILE_LIMITS,
  PIPELINE_LIMITS,
  QUERY_RECORDS_MAX,
  TEXT_LIMITS,
  DAMAGE_MAX,
  REPAIRS_MAX,
} from "../../task/limits.js";
import { QUEUE_POLICIES } from "../../task/pipeline.js";

const { width, height, fpsMax, framesPerTaskMax, quality } = CONFIGURATION_LIMITS;
const { stagesMax, queueCapacityMax, joinTimeoutMsMax, deadlineMsMax } = PIPELINE_LIMITS;
/** Nodes that one message may name, and services of one node. */
const NODES_MAX = 1_000;
const SERVICES_MAX = 1_000;
/** Records that a subscriber may ask for at once. */
const DEMAND_MAX = 100_000;

const name = z.string().regex(NAME);
const text = z.string().max(TEXT_LIMITS.detail);
/** Also a position in the store. */
const count = z.number().int().min(0);
const ref = z.custom<object>((value) => typeof value === "object" && value !== null && isActorRef(value), {
  message: "wanted the address of an actor",
});
/** Deep enough for parameters of policies and services; its size is the codec's to bound. */
const plain = z.record(z.string(), z.unknown());
/** ms since the Unix epoch. */
const instantMs = z.number();

const configuration = z.object({
  width: z.number().int().min(width.min).max(width.max),
  height: z.number().int().min(height.min).max(height.max),
  fps: z.number().gt(0).max(fpsMax),
  framesPerTask: z.number().int().min(1).max(framesPerTaskMax),
  encoding: z.enum(FRAME_ENCODINGS),
  quality: z.number().int().min(quality.min).max(quality.max),
});

const stage = z.object({
  id: name,
  service: z.string().min(1).max(TEXT_LIMITS.serviceName),
  predecessors: z.array(name).max(stagesMax),
  successors: z.array(name).max(stagesMax),
  inputs: z.array(z.string().max(TEXT_LIMITS.dataType)).max(stagesMax),
  output: z.string().max(TEXT_LIMITS.dataType),
  stateful: z.boolean(),
  parameters: plain,
  queue: z.object({
    policy: z.enum(QUEUE_POLICIES),
    capacity: z.number().int().min(1).max(queueCapacityMax),
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
    stages: z.array(stage).min(1).max(stagesMax),
    joinTimeoutMs: z.number().gt(0).max(joinTimeoutMsMax),
    deadlineMs: z.number().gt(0).max(deadlineMsMax).nullable(),
  })
  .refine(isDag, "wanted stages in order, joined at both ends");

const policy = z.object({ name: z.string().min(1).max(TEXT_LIMITS.policyName), parameters: plain });

const table = z.object({
  term: count,
  epoch: z.number().int().min(1),
  publishedAtMs: instantMs,
  pipelines: z.map(z.string().max(TEXT_LIMITS.pipelineKey), pipeline),
  sources: z.map(
    name,
    z.object({
      pipelineId: name,
      pipelineVersion: z.number().int().min(1),
      configuration,
      placement: z.map(name, z.array(name).max(NODES_MAX)),
    }),
  ),
  fallback: name,
});

const sample = z.object({
  node: name,
  atMs: instantMs,
  cpuShare: z.number(),
  cpuCount: z.number(),
  memoryUsedBytes: z.number(),
  memoryTotalBytes: z.number(),
  residentBytes: z.number(),
  loopStallMs: z.number(),
  queued: z.record(z.string().max(TEXT_LIMITS.stageKey), z.number()),
  counts: z
    .object({
      admitted: count,
      received: count,
      forwarded: count,
      processed: count,
      finished: count,
      dropped: z.record(z.string().max(TEXT_LIMITS.name), count),
    })
    .optional(),
  repairs: z
    .array(
      z.object({
        atMs: instantMs,
        damage: z.array(z.string().max(TEXT_LIMITS.detail)).max(DAMAGE_MAX),
        kept: count,
        lost: count.nullable(),
      }),
    )
    .max(REPAIRS_MAX)
    .optional(),
  links: z.record(
    z.string().max(TEXT_LIMITS.name),
    z.object({ rttMs: z.number(), bandwidthMbps: z.number().nullable() }),
  ),
});

const sourceRequest = z.object({
  id: z.string().max(TEXT_LIMITS.unparsedName),
  source: text,
  pipeline: z.string().max(PIPELINE_FILE_LIMITS.bytesMax),
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
        services: z.array(z.string().max(TEXT_LIMITS.serviceName)).max(SERVICES_MAX),
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
      fromPosition: count,
      sourceId: name.optional(),
      demand: z.number().int().min(0).max(DEMAND_MAX),
    }),
    demand: z.object({ subscriber: ref, count: z.number().int().min(0).max(DEMAND_MAX) }),
    unsubscribe: z.object({ subscriber: ref }),
    query: z.object({
      query: z.object({
        sourceId: name.optional(),
        sinceMs: z.number().optional(),
        untilMs: z.number().optional(),
        afterPosition: count.optional(),
        fromPosition: count.optional(),
        limit: z.number().int().min(1).max(QUERY_RECORDS_MAX).optional(),
      }),
      replyTo: ref,
    }),
    reportTotals: z.object({ replyTo: ref }),
    reportStatement: z.object({ replyTo: ref }),
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
