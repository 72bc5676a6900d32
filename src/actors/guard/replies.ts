/** What a node answers when it is asked, as schemas: who asks parses the reply, as it is another node's word. */

import { parseWith, z } from "../../runtime/parse.js";
import { KEPT_LETTERS_MAX, LETTER_TEXT_MAX } from "../../runtime/kept-letters.js";
import { PIPELINE_LIMITS, QUERY_RECORDS_MAX, TEXT_LIMITS } from "../../task/limits.js";
import type { AlarmsReported } from "../protocol/alarms.js";
import type {
  ActorsReported,
  AgentReply,
  DeadLettersReported,
  PipelineReply,
  SourcesReported,
} from "../protocol/agent.js";
import type { Pong } from "../protocol/monitor.js";
import type { QueryReply, StatementReply, TotalsReported } from "../protocol/distributor.js";
import type {
  ChangesReported,
  HostReply,
  NodesReported,
  OrderReply,
  OwnersReported,
  PoliciesReported,
  PolicyReply,
  ReloadReply,
  ScheduledSources,
  SourceRemoved,
  TableReported,
  VersionFreed,
} from "../protocol/scheduler.js";
import type { Covers } from "./covers.js";
import {
  ACTORS_MAX,
  bounded,
  LEDGERS_MAX,
  name,
  pipeline,
  REASONS_MAX,
  recordOf,
  repairs,
  SERVICES_MAX,
} from "./forms.js";
import { pipelineText } from "./order-forms.js";
import {
  changesReport,
  failure,
  hostingReports,
  ledger,
  nodes,
  record,
  sourceReports,
  statement,
  tableReport,
  totals,
} from "./report-forms.js";

/** A schema that knows every field of the reply. */
export interface ReplyForm<Reply> {
  readonly schema: z.ZodType;
  /** It stands for this type: the schema checks names, and their brands exist for the compiler only. */
  readonly reply?: Reply;
}

/** @see form */
export function replyForm<Reply, Local extends string = never>() {
  return <Schema extends z.ZodType>(
    schema: Schema & Covers<Reply, z.output<Schema>, Local>,
  ): ReplyForm<Reply> => ({
    schema,
  });
}

/**
 * What an actor was told that has asked another one: its error no larger than there is room for, all else as it came, as a chain of
 * records is over all that is in them.
 */
export function readReply<Reply>(
  { schema }: ReplyForm<Reply>,
  reply: Reply,
): { readonly ok: true; readonly reply: Reply } | { readonly ok: false; readonly problem: string } {
  const parsed = parseWith(schema, reply);
  if (!parsed.ok) return parsed;
  const { error } = Object(parsed.value) as { readonly error?: unknown };
  return { ok: true, reply: error instanceof Error ? { ...reply, error } : reply };
}

/** Policies of one hub. */
const POLICIES_MAX = 1_000;
/** Of one policy, and choices of one parameter. */
const PARAMETERS_MAX = 64;

export const refused = (type: string) => z.object({ type: z.literal(type), error: failure });

/** As many as a hub raises. */
const ALARMS_MAX = 1_000;

export const AGENT_REPLY = replyForm<AgentReply>()(
  z.union([z.object({ type: z.literal("done") }), refused("refused")]),
);
export const PONG = replyForm<Pong>()(
  z.object({ type: z.literal("pong"), node: name, sentAtMs: z.number() }),
);
export const SOURCES_REPORTED = replyForm<SourcesReported>()(
  z.object({
    type: z.literal("sourcesReported"),
    node: name,
    ledgers: z.array(ledger).max(LEDGERS_MAX),
  }),
);
const dataType = z.string().max(TEXT_LIMITS.dataType);

export const PIPELINE_REPLY = replyForm<PipelineReply, "pipeline.stages.variant">()(
  z.union([
    z.object({
      type: z.literal("pipelineReported"),
      node: name,
      text: pipelineText,
      pipeline,
      services: z
        .array(
          z.object({
            name: z.string().max(TEXT_LIMITS.serviceName),
            summary: z.string().max(TEXT_LIMITS.detail),
            inputs: z.array(dataType).max(PIPELINE_LIMITS.stagesMax),
            output: dataType,
            stateful: z.boolean(),
            framesMin: bounded.optional(),
            model: z
              .object({
                parameter: z.string().max(TEXT_LIMITS.name),
                file: z.string().max(TEXT_LIMITS.modelFile).optional(),
              })
              .optional(),
          }),
        )
        .max(SERVICES_MAX),
    }),
    z.object({ type: z.literal("pipelineRefused"), node: name, error: failure }),
  ]),
);

const path = z.string().max(TEXT_LIMITS.address);

export const ACTORS_REPORTED = replyForm<ActorsReported>()(
  z.object({
    type: z.literal("actorsReported"),
    node: name,
    actors: z
      .array(
        z.object({
          path,
          status: z.enum(["running", "waiting", "stopping"]),
          waiting: bounded,
          restarts: bounded,
        }),
      )
      .max(ACTORS_MAX),
    left: bounded,
    deadLetters: recordOf(TEXT_LIMITS.name, bounded, REASONS_MAX),
  }),
);
export const DEAD_LETTERS_REPORTED = replyForm<DeadLettersReported>()(
  z.object({
    type: z.literal("deadLettersReported"),
    node: name,
    letters: z
      .array(
        z.object({
          atMs: z.number(),
          target: path,
          reason: z.string().max(TEXT_LIMITS.name),
          text: z.string().max(LETTER_TEXT_MAX),
        }),
      )
      .max(KEPT_LETTERS_MAX),
  }),
);
export const POLICY_REPLY = replyForm<PolicyReply>()(
  z.union([
    z.object({ type: z.literal("policySet"), sourceId: name }),
    z.object({ type: z.literal("policyRefused"), sourceId: name, error: failure }),
  ]),
);
export const ORDER_REPLY = replyForm<OrderReply>()(
  z.union([
    z.object({ type: z.literal("orderTaken"), sourceId: name }),
    z.object({ type: z.literal("orderRefused"), sourceId: name, error: failure }),
  ]),
);
export const SOURCE_REMOVED = replyForm<SourceRemoved>()(
  z.object({ type: z.literal("sourceRemoved"), sourceId: name, node: name.nullable() }),
);
export const VERSION_FREED = replyForm<VersionFreed>()(
  z.object({ type: z.literal("versionFreed"), node: name.nullable() }),
);
export const TABLE_REPORTED = replyForm<TableReported, "table.pipelines.stages.variant">()(
  z.object({ type: z.literal("tableReported"), ...tableReport }),
);
export const CHANGES_REPORTED = replyForm<ChangesReported>()(
  z.object({ type: z.literal("changesReported"), ...changesReport }),
);
export const NODES_REPORTED = replyForm<NodesReported>()(
  z.object({ type: z.literal("nodesReported"), nodes }),
);
export const SCHEDULED_SOURCES = replyForm<ScheduledSources>()(
  z.object({ type: z.literal("scheduledSources"), sources: sourceReports, hosted: hostingReports }),
);
export const OWNERS_REPORTED = replyForm<OwnersReported>()(
  z.object({
    type: z.literal("ownersReported"),
    owners: recordOf(TEXT_LIMITS.name, name.nullable(), LEDGERS_MAX),
  }),
);
export const HOST_REPLY = replyForm<HostReply>()(
  z.union([
    z.object({ type: z.literal("sourceHosted"), sourceId: name, node: name.nullable() }),
    z.object({ type: z.literal("hostRefused"), sourceId: name, error: failure }),
  ]),
);
/** Policies that failed, of those that a scheduler tells. */
const FENCES_MAX = 1_024;
const fence = z.object({
  policy: z.string().max(TEXT_LIMITS.policyName),
  source: name.nullable(),
  isShadow: z.boolean(),
  kind: z.enum(["threw", "nonsense", "slow", "stuck"]),
  strikes: bounded,
  text: z.string().max(TEXT_LIMITS.detail),
  forMs: z.number(),
});

const parameter = z.object({
  name: z.string().max(TEXT_LIMITS.name),
  kind: z.enum(["number", "integer", "boolean", "choice", "json"]),
  fallback: z.string().max(TEXT_LIMITS.detail).nullable(),
  min: z.number().nullable(),
  max: z.number().nullable(),
  choices: z.array(z.string().max(TEXT_LIMITS.name)).max(PARAMETERS_MAX),
});

export const POLICIES_REPORTED = replyForm<PoliciesReported>()(
  z.object({
    type: z.literal("policiesReported"),
    names: z.array(z.string().max(TEXT_LIMITS.policyName)).max(POLICIES_MAX),
    // Without a form they are written as JSON: so it is of a hub of before, and where a policy of its own asks for too much.
    parameters: z.record(z.string(), z.array(parameter).max(PARAMETERS_MAX)).default({}).catch({}),
    fences: z.array(fence).max(FENCES_MAX),
  }),
);
export const ALARMS_REPORTED = replyForm<AlarmsReported>()(
  z.object({
    type: z.literal("alarmsReported"),
    alarms: z
      .array(
        z.object({
          alarm: z.string().max(TEXT_LIMITS.name),
          about: z.string().max(TEXT_LIMITS.name),
          detail: z.string().max(TEXT_LIMITS.detail),
          raisedAtMs: z.number(),
          acknowledgedAtMs: z.number().nullable(),
        }),
      )
      .max(ALARMS_MAX),
  }),
);
export const RELOAD_REPLY = replyForm<ReloadReply>()(
  z.union([
    z.object({
      type: z.literal("policiesReloaded"),
      names: z.array(z.string().max(TEXT_LIMITS.policyName)).max(POLICIES_MAX),
    }),
    refused("reloadRefused"),
  ]),
);
export const TOTALS_REPORTED = replyForm<TotalsReported>()(
  z.object({
    type: z.literal("totalsReported"),
    sources: totals,
    pending: bounded,
    duplicates: bounded,
    contradictions: bounded,
    refused: bounded,
    repairs,
    unvouched: bounded,
    superseded: bounded,
  }),
);
export const STATEMENT_REPLY = replyForm<StatementReply>()(
  z.union([z.object({ type: z.literal("statementReported"), statement }), refused("queryFailed")]),
);
export const QUERY_REPLY = replyForm<QueryReply>()(
  z.union([
    z.object({
      type: z.literal("records"),
      records: z.array(record).max(QUERY_RECORDS_MAX),
      more: z.boolean(),
    }),
    refused("queryFailed"),
  ]),
);
