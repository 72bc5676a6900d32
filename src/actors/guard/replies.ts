/** What a node answers when it is asked, as schemas: who asks parses the reply, as it is another node's word. */

import { z } from "../../runtime/parse.js";
import { QUERY_RECORDS_MAX, TEXT_LIMITS } from "../../task/limits.js";
import type { AlarmsReported } from "../protocol/alarms.js";
import type { AgentReply, SourcesReported } from "../protocol/agent.js";
import type { QueryReply, StatementReply, TotalsReported } from "../protocol/distributor.js";
import type {
  ChangesReported,
  HostReply,
  NodesReported,
  OrderReply,
  PoliciesReported,
  PolicyReply,
  ReloadReply,
  ScheduledSources,
  SourceRemoved,
  TableReported,
  VersionFreed,
} from "../protocol/scheduler.js";
import { bounded, name, repairs } from "./forms.js";
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

/** A schema, and the type that it stands for: the schema checks names, and their brands exist for the compiler only. */
export interface ReplyForm<Reply> {
  readonly schema: z.ZodType;
  readonly reply?: Reply;
}

/** Ledgers of one node. */
const LEDGERS_MAX = 10_000;

/** Policies of one hub. */
const POLICIES_MAX = 1_000;

const refused = (type: string) => z.object({ type: z.literal(type), error: failure });

/** As many as a hub raises. */
const ALARMS_MAX = 1_000;

export const AGENT_REPLY: ReplyForm<AgentReply> = {
  schema: z.union([z.object({ type: z.literal("done") }), refused("refused")]),
};
export const SOURCES_REPORTED: ReplyForm<SourcesReported> = {
  schema: z.object({
    type: z.literal("sourcesReported"),
    node: name,
    ledgers: z.array(ledger).max(LEDGERS_MAX),
  }),
};
export const POLICY_REPLY: ReplyForm<PolicyReply> = {
  schema: z.union([
    z.object({ type: z.literal("policySet"), sourceId: name }),
    z.object({ type: z.literal("policyRefused"), sourceId: name, error: failure }),
  ]),
};
export const ORDER_REPLY: ReplyForm<OrderReply> = {
  schema: z.union([
    z.object({ type: z.literal("orderTaken"), sourceId: name }),
    z.object({ type: z.literal("orderRefused"), sourceId: name, error: failure }),
  ]),
};
export const SOURCE_REMOVED: ReplyForm<SourceRemoved> = {
  schema: z.object({ type: z.literal("sourceRemoved"), sourceId: name, node: name.nullable() }),
};
export const VERSION_FREED: ReplyForm<VersionFreed> = {
  schema: z.object({ type: z.literal("versionFreed"), node: name.nullable() }),
};
export const TABLE_REPORTED: ReplyForm<TableReported> = {
  schema: z.object({ type: z.literal("tableReported"), ...tableReport }),
};
export const CHANGES_REPORTED: ReplyForm<ChangesReported> = {
  schema: z.object({ type: z.literal("changesReported"), ...changesReport }),
};
export const NODES_REPORTED: ReplyForm<NodesReported> = {
  schema: z.object({ type: z.literal("nodesReported"), nodes }),
};
export const SCHEDULED_SOURCES: ReplyForm<ScheduledSources> = {
  schema: z.object({ type: z.literal("scheduledSources"), sources: sourceReports, hosted: hostingReports }),
};
export const HOST_REPLY: ReplyForm<HostReply> = {
  schema: z.union([
    z.object({ type: z.literal("sourceHosted"), sourceId: name, node: name.nullable() }),
    z.object({ type: z.literal("hostRefused"), sourceId: name, error: failure }),
  ]),
};
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

export const POLICIES_REPORTED: ReplyForm<PoliciesReported> = {
  schema: z.object({
    type: z.literal("policiesReported"),
    names: z.array(z.string().max(TEXT_LIMITS.policyName)).max(POLICIES_MAX),
    fences: z.array(fence).max(FENCES_MAX),
  }),
};
export const ALARMS_REPORTED: ReplyForm<AlarmsReported> = {
  schema: z.object({
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
};
export const RELOAD_REPLY: ReplyForm<ReloadReply> = {
  schema: z.union([
    z.object({
      type: z.literal("policiesReloaded"),
      names: z.array(z.string().max(TEXT_LIMITS.policyName)).max(POLICIES_MAX),
    }),
    refused("reloadRefused"),
  ]),
};
export const TOTALS_REPORTED: ReplyForm<TotalsReported> = {
  schema: z.object({
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
};
export const STATEMENT_REPLY: ReplyForm<StatementReply> = {
  schema: z.union([z.object({ type: z.literal("statementReported"), statement }), refused("queryFailed")]),
};
export const QUERY_REPLY: ReplyForm<QueryReply> = {
  schema: z.union([
    z.object({
      type: z.literal("records"),
      records: z.array(record).max(QUERY_RECORDS_MAX),
      more: z.boolean(),
    }),
    refused("queryFailed"),
  ]),
};
