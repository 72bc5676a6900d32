/** What nodes report of themselves and of what they stored, as schemas: for whoever asked, and whoever follows. */

import { z } from "../../runtime/parse.js";
import { MODEL_LIMITS } from "../../task/offers.js";
import { TASK_LIMITS, TEXT_LIMITS } from "../../task/limits.js";
import { CLOSING_ENDS, DROP_REASONS } from "../../task/task.js";
import { boundedError } from "./bounded-error.js";
import { isBoundedCount } from "./checks.js";
import {
  bounded,
  configuration,
  count,
  knobs,
  modelInUse,
  name,
  nodeDescription,
  NODES_MAX,
  objective,
  pause,
  pauseReason,
  policy,
  recordOf,
  REASONS_MAX,
  sample,
  sha256,
  stageFailure,
  table,
  text,
} from "./forms.js";
import { hosting } from "./order-forms.js";

/** Sources of a cluster. */
const SOURCES_MAX = 100_000;
/** Incarnations whose tasks a source still has in flight. */
const ACCOUNTS_MAX = 10_000;
/** Tasks of one of them: as many as a window has room for, and as many again that are dropped beside it. */
const OUTSTANDING_MAX = 20_000;
/** Stages that one node could not load. */
const FAILURES_MAX = 1_024;

export const failure = z.instanceof(Error).transform(boundedError);
const time = z.number();
const drops = recordOf(TEXT_LIMITS.name, bounded, REASONS_MAX);
const id = z.object({ sourceId: name, incarnation: bounded, sequence: bounded });

/** Nobody looks into a detection: only how many there are. */
const stageResult = z.object({
  type: z.string().max(TEXT_LIMITS.label),
  frames: z.array(z.array(z.unknown())),
  continuity: z.enum(["continued", "restarted"]).optional(),
});
export const hop = z.object({
  stage: name,
  variant: name.optional(),
  model: sha256.optional(),
  node: name,
  epoch: count,
  attempt: count,
  delivery: count,
  sentAtMs: time.optional(),
  enqueuedAtMs: time,
  startedAtMs: time,
  endedAtMs: time,
});
const placed = { position: count, id, storedAtMs: time, chain: z.string().max(64).optional() };
const frames = z
  .object({
    after: count.nullable(),
    first: count,
    last: count,
    passedOver: count,
    gated: count.optional(),
    firstUs: time,
    lastUs: time,
    lastSourceUs: time.optional(),
  })
  .optional();

export const record = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("result"),
    ...placed,
    delivery: count,
    pipelineId: name,
    pipelineVersion: count,
    configuration,
    frameCount: count,
    framePtsUs: z.array(z.number()),
    frames,
    framesGated: bounded.optional(),
    sourceAtMs: time,
    createdAtMs: time,
    results: recordOf(TEXT_LIMITS.name, stageResult, TASK_LIMITS.hopsMax),
    hops: z.array(hop).max(TASK_LIMITS.hopsMax),
    traceparent: z.string().max(TEXT_LIMITS.traceparent),
  }),
  z.object({
    type: z.literal("gap"),
    ...placed,
    reason: z.enum(DROP_REASONS),
    stage: z.string().max(TEXT_LIMITS.name).nullable(),
    node: name,
    sourceAtMs: time,
    detail: text,
    outage: z.object({ fromMs: time, toMs: time, reason: text, ended: z.boolean() }).optional(),
    frames,
  }),
  z.object({
    type: z.literal("closed"),
    ...placed,
    end: z.enum(CLOSING_ENDS),
    counts: z
      .object({
        stored: bounded,
        dropped: drops,
        redelivered: bounded,
        framesSkipped: bounded,
        framesGated: bounded.optional(),
      })
      .nullable(),
  }),
]);

/** Base64url of a hash or a MAC. */
const digest = z.string().max(64);

/** What a store states of itself; `expired` has as many ranges as its sources have incarnations. */
export const statement = z.object({
  firstPosition: count,
  firstChain: digest,
  nextPosition: count,
  lastChain: digest,
  recordCount: count,
  totals: z.record(name, z.object({ stored: bounded, dropped: drops })),
  expired: z.array(
    z.object({
      sourceId: name,
      incarnation: bounded,
      sequences: z.array(bounded),
      takenOver: z.literal(true).optional(),
    }),
  ),
  mac: digest,
});

interface Account {
  readonly incarnation: number;
  readonly created: number;
  readonly outstanding: readonly number[];
  readonly superseded?: true;
}

/** Read by hand: a schema takes a microsecond for each number, and a message holds a million of them. */
const accounts = z.custom<readonly Account[]>(
  (value) => Array.isArray(value) && value.length <= ACCOUNTS_MAX && value.every(isAccount),
  { message: "wanted tasks in flight, by incarnation" },
);

function isAccount(value: unknown): value is Account {
  const {
    incarnation,
    created,
    outstanding,
    superseded = true,
  } = Object(value) as Readonly<Record<string, unknown>>;
  return (
    isBoundedCount(incarnation) &&
    isBoundedCount(created) &&
    Array.isArray(outstanding) &&
    outstanding.length <= OUTSTANDING_MAX &&
    outstanding.every(isBoundedCount) &&
    superseded === true
  );
}

export const ledger = z.object({
  type: z.literal("ledgerReported"),
  sourceId: name,
  incarnation: bounded,
  created: bounded,
  stored: bounded,
  dropped: drops,
  inFlight: bounded,
  window: bounded,
  redelivered: bounded,
  accounts,
  framesSkipped: bounded,
  framesGated: bounded.optional(),
  timeSteps: bounded,
  status: z.enum([
    "waiting",
    "replaying",
    "capturing",
    "reconnecting",
    "paused",
    "draining",
    "ended",
    "failed",
  ]),
});

export const nodes = z
  .array(
    z.object({
      description: nodeDescription,
      sample: sample.nullable(),
      sampledAtMs: time,
      failures: z.array(stageFailure).max(FAILURES_MAX),
      heldReports: count,
      running: z.array(modelInUse).max(MODEL_LIMITS.inUseMax),
    }),
  )
  .max(NODES_MAX);

export const totals = recordOf(TEXT_LIMITS.name, z.object({ stored: bounded, dropped: drops }), SOURCES_MAX);

const percentiles = z.object({ p50: z.number(), p99: z.number() });

const explanation = z.object({
  reason: text,
  inputs: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
});

/** Changes of one source that a scheduler remembers, with room to remember more. */
const CHANGES_MAX = 1_024;

const score = z.object({
  latencyMs: z.number(),
  missShare: z.number().nullable(),
  utilisation: z.number(),
  busyMs: z.number(),
  crossingMbps: z.number(),
});

export const changesReport = {
  sourceId: name,
  now: explanation.nullable(),
  changes: z
    .array(
      z.object({
        atMs: time,
        epoch: count,
        policy: z.string().max(TEXT_LIMITS.policyName),
        configuration,
        placement: recordOf(TEXT_LIMITS.name, z.array(name).max(NODES_MAX), TASK_LIMITS.hopsMax),
        pause: z.object({ reason: pauseReason, flushes: z.boolean() }).optional(),
        why: explanation,
      }),
    )
    .max(CHANGES_MAX),
  shadow: z
    .object({
      policy: z.string().max(TEXT_LIMITS.policyName),
      configuration: configuration.nullable(),
      placement: recordOf(TEXT_LIMITS.name, z.array(name).max(NODES_MAX), TASK_LIMITS.hopsMax),
      why: explanation,
      inForce: score.nullable(),
      own: score.nullable(),
    })
    .nullable(),
  hosting: z.lazy(() => hostingReport.nullable()),
};

/** Changes of one source's host. */
const HOSTS_MAX = 256;

const hostingReport = hosting.extend({
  host: name.nullable(),
  status: z.enum(["captured", "awaited", "moving", "waiting"]),
  detail: text,
  history: z.array(z.object({ atMs: time, node: name, why: text })).max(HOSTS_MAX),
});
export const hostingReports = recordOf(TEXT_LIMITS.name, hostingReport, SOURCES_MAX);

export const sourceReports = recordOf(
  TEXT_LIMITS.name,
  z.object({
    node: name,
    policy,
    fenced: z.string().max(TEXT_LIMITS.detail).nullable(),
    slo: objective.nullable(),
    pause: pause.nullable(),
    ordered: knobs,
    figures: z.object({
      framesPerSecond: z.number(),
      latencyMs: z.object({ p50: time, p95: time }).nullable(),
      late: bounded,
    }),
  }),
  SOURCES_MAX,
);

export const tableReport = {
  table: table.nullable(),
  acknowledged: recordOf(TEXT_LIMITS.name, count, NODES_MAX),
  explanations: recordOf(TEXT_LIMITS.name, explanation, SOURCES_MAX),
  overhead: z.object({
    rounds: count,
    decisions: count,
    failures: count,
    stale: count,
    lost: count,
    postponed: count,
    roundMs: percentiles,
    decisionMs: percentiles,
  }),
};
