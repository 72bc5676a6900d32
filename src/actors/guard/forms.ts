/** What the messages between nodes are made of, as schemas: each bounds every text, number and list in it. */

import { isActorRef } from "../../runtime/actor-ref.js";
import { z } from "../../runtime/parse.js";
import { KNOB_VALUES_MAX } from "../../task/configuration-space.js";
import { FRAME_ENCODINGS } from "../../task/configuration.js";
import {
  CONFIGURATION_LIMITS,
  NAME,
  PARAMETERS_SIZE_MAX,
  PIPELINE_LIMITS,
  TASK_LIMITS,
  TEXT_LIMITS,
  DAMAGE_MAX,
  REPAIRS_MAX,
  SOURCES_OF_NODE_MAX,
} from "../../task/limits.js";
import { motionGateForm } from "../../task/motion-gate.js";
import { NATIVE_LIMITS } from "../../task/native-video.js";
import { QUEUE_POLICIES } from "../../task/pipeline.js";
import { isPlain } from "./checks.js";

const { width, height, fpsMax, framesPerTaskMax, quality } = CONFIGURATION_LIMITS;
const { stagesMax, variantsMax, queueCapacityMax, joinTimeoutMsMax, deadlineMsMax, definitionSizeMax } =
  PIPELINE_LIMITS;
/** Nodes that one message may name, and services of one node. */
export const NODES_MAX = 1_000;
export const SERVICES_MAX = 1_000;
/** Ledgers of one node: twice the sources that it may have. */
export const LEDGERS_MAX = 2 * SOURCES_OF_NODE_MAX;
/** Actors of one node that are told at a time. */
export const ACTORS_MAX = 1_000;
/** Stages of one node that have tasks, or are loaded. */
export const QUEUES_MAX = 4_096;
/** Why tasks are dropped, with room for reasons of a later release. */
export const REASONS_MAX = 64;
/** Records that a subscriber may ask for at once. */
export const DEMAND_MAX = 100_000;

export const name = z.string().regex(NAME);
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "wanted a SHA-256");
export const text = z.string().max(TEXT_LIMITS.detail);
/** Also a position in the store. */
export const count = z.number().int().min(0);
export const ref = z.custom<object>(
  (value) => typeof value === "object" && value !== null && isActorRef(value),
  {
    message: "wanted the address of an actor",
  },
);
/** Of a message that has nothing else. */
export const replied = z.object({ replyTo: ref });
export const eventPlace = z.object({ run: count, number: count });
/** Parameters of a policy or a service, or knobs of a configuration: an object of what JSON can say. */
export const plain = z.custom<Readonly<Record<string, unknown>>>(
  (value) =>
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    isPlain(value, PARAMETERS_SIZE_MAX),
  { message: `wanted plain data of at most ${PARAMETERS_SIZE_MAX} characters` },
);
/** ms since the Unix epoch. */
export const instantMs = z.number();
/** Whole numbers that are summed and compared: sums of them are exact. */
export const bounded = z.number().int().min(0).max(TASK_LIMITS.countMax);

/** An object with names for keys, so many of them at most. */
export function recordOf<Value extends z.ZodType>(keyLengthMax: number, value: Value, sizeMax: number) {
  return z
    .record(z.string().max(keyLengthMax), value)
    .refine((record) => Object.keys(record).length <= sizeMax, `wanted at most ${sizeMax} entries`);
}

export const configuration = z.object({
  width: z.number().int().min(width.min).max(width.max),
  height: z.number().int().min(height.min).max(height.max),
  fps: z.number().gt(0).max(fpsMax),
  framesPerTask: z.number().int().min(1).max(framesPerTaskMax),
  encoding: z.enum(FRAME_ENCODINGS),
  quality: z.number().int().min(quality.min).max(quality.max),
  variants: recordOf(TEXT_LIMITS.name, name, stagesMax).optional(),
  motionGate: motionGateForm.nullable().optional(),
});

const values = <Value extends z.ZodType>(value: Value) => z.array(value).max(KNOB_VALUES_MAX);

export const space = z.object({
  resolutions: values(configuration.pick({ width: true, height: true })),
  fps: values(configuration.shape.fps),
  framesPerTask: values(configuration.shape.framesPerTask),
  encodings: values(configuration.shape.encoding),
  qualities: values(configuration.shape.quality),
  variants: recordOf(TEXT_LIMITS.name, values(name), stagesMax).optional(),
});

export const objective = z.object({
  latencyMs: z.number().min(1),
  percentile: z.number().gt(0).lt(100),
  yields: z.enum(["detail", "latency"]),
});

/** A video as it is, which may be larger than what is made of it. */
export const native = z.object({
  width: z.number().int().min(1).max(NATIVE_LIMITS.side),
  height: z.number().int().min(1).max(NATIVE_LIMITS.side),
  fps: z.number().gt(0).max(NATIVE_LIMITS.fps).nullable(),
});

const stage = z.object({
  id: name,
  service: z.string().min(1).max(TEXT_LIMITS.serviceName),
  predecessors: z.array(name).max(stagesMax),
  successors: z.array(name).max(stagesMax),
  inputs: z.array(z.string().max(TEXT_LIMITS.dataType)).max(stagesMax),
  output: z.string().max(TEXT_LIMITS.dataType),
  model: z.string().max(TEXT_LIMITS.modelFile).optional(),
  stateful: z.boolean(),
  parameters: plain,
  variants: z
    .array(z.object({ name, model: z.string().max(TEXT_LIMITS.modelFile).optional(), parameters: plain }))
    .max(variantsMax)
    .optional(),
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

export const pipeline = z
  .object({
    id: name,
    version: z.number().int().min(1),
    stages: z.array(stage).min(1).max(stagesMax),
    joinTimeoutMs: z.number().gt(0).max(joinTimeoutMsMax),
    deadlineMs: z.number().gt(0).max(deadlineMsMax).nullable(),
  })
  .refine(isDag, "wanted stages in order, joined at both ends")
  .refine(
    (value) => isPlain(value, definitionSizeMax),
    `wanted a pipeline of at most ${definitionSizeMax} characters`,
  );

const shadowPolicy = z.object({ name: z.string().min(1).max(TEXT_LIMITS.policyName), parameters: plain });
export const policy = shadowPolicy.extend({ shadow: shadowPolicy.optional() });

export const pauseReason = z.string().max(TEXT_LIMITS.pauseReason);

const paused = { by: z.literal("policy").optional(), flushes: z.literal(true).optional() };
export const pause = z.object({ sinceMs: instantMs, reason: pauseReason, ...paused });

/** Some of the knobs of a configuration. */
export const knobs = configuration.partial();
export const stageKey = z.object({
  pipelineId: name,
  pipelineVersion: count,
  stage: name,
  variant: name.optional(),
});

export const table = z.object({
  term: bounded,
  epoch: bounded.min(1),
  publishedAtMs: instantMs,
  pipelines: z.map(z.string().max(TEXT_LIMITS.pipelineKey), pipeline),
  sources: z.map(
    name,
    z.object({
      pipelineId: name,
      pipelineVersion: z.number().int().min(1),
      configuration,
      placement: z.map(name, z.array(name).max(NODES_MAX)),
      pause: pause.optional(),
      loading: z.literal(true).optional(),
    }),
  ),
  deployments: z.array(z.object({ stage: stageKey, nodes: z.array(name).max(NODES_MAX) })),
  fallback: name,
});

export const repairs = z
  .array(
    z.object({
      atMs: instantMs,
      damage: z.array(z.string().max(TEXT_LIMITS.detail)).max(DAMAGE_MAX),
      kept: count,
      lost: count.nullable(),
    }),
  )
  .max(REPAIRS_MAX);

export const sample = z.object({
  node: name,
  atMs: instantMs,
  cpuShare: z.number(),
  cpuCount: z.number(),
  memoryUsedBytes: z.number(),
  memoryTotalBytes: z.number(),
  residentBytes: z.number(),
  loopStallMs: z.number(),
  queued: recordOf(TEXT_LIMITS.stageKey, z.number(), QUEUES_MAX),
  counts: z
    .object({
      admitted: count,
      received: count,
      forwarded: count,
      processed: count,
      finished: count,
      dropped: recordOf(TEXT_LIMITS.name, count, REASONS_MAX),
      loaded: count,
      unloaded: count,
    })
    .optional(),
  repairs: repairs.optional(),
  // Of a store and of a journal.
  failures: z.array(text).max(2).optional(),
  links: recordOf(
    TEXT_LIMITS.name,
    z.object({
      rttMs: z.number(),
      bandwidthMbps: z.number().nullable(),
      bandwidthAgeMs: z.number().optional(),
      relayed: z.literal(true).optional(),
    }),
    NODES_MAX,
  ),
});

/** Of one node. */
const NODE_CORES_MAX = 65_536;
/** Files of one node's folder of models, and as many that it can fetch. */
const MODELS_MAX = 512;

export const nodeDescription = z.object({
  name,
  role: z.enum(["edge", "cloud"]),
  services: z.array(z.string().max(TEXT_LIMITS.serviceName)).max(SERVICES_MAX),
  models: z
    .array(
      z.object({
        file: z.string().max(TEXT_LIMITS.modelFile),
        bytes: count,
        sha256,
        at: z.literal("hub").optional(),
      }),
    )
    .max(MODELS_MAX)
    .optional(),
  fetchBytesMax: bounded.optional(),
  capacity: z
    .object({
      provider: z.string().max(TEXT_LIMITS.name),
      workersPerStage: bounded,
      workersMax: bounded.optional(),
      cores: z.number().positive().max(NODE_CORES_MAX).optional(),
      memoryBytes: bounded.optional(),
      stagesMax: bounded.optional(),
      memoryBytesMax: bounded.optional(),
    })
    .optional(),
});

const modelVersion = z.string().regex(/^[0-9a-f]{64}(\.[0-9a-f]{8})?$/, "wanted the version of a model");

export const modelInUse = z.object({
  stage: stageKey,
  file: z.string().max(TEXT_LIMITS.modelFile),
  version: modelVersion,
  refused: z.object({ version: modelVersion, reason: text }).optional(),
});

export const stageFailure = z.object({
  stage: stageKey,
  reason: text,
  retryInMs: bounded,
});
