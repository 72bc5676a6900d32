/** A true reply of each kind that one node gives another, and who it is that may be hostile. */

import { SPAWN_REPLY, STOP_REPLY } from "../../../src/transport/cluster/guardian.js";
import * as forms from "../../../src/actors/guard/replies.js";
import { createProbe } from "../../support/probe.js";
import { pipeline, sampleOf } from "../kit/tasks.js";

type Fields = Readonly<Record<string, unknown>>;

export interface ReplyShape {
  readonly name: string;
  readonly schema: forms.ReplyForm<unknown>["schema"];
  /** Who answers so: any node of itself, or the hub alone. */
  readonly from: "node" | "hub";
  /** One of each form that it may have. */
  readonly replies: readonly Fields[];
}

const error = Object.assign(new Error("no"), { code: "source-missing" });

export const LEDGER: Fields = {
  type: "ledgerReported",
  sourceId: "cam-1",
  incarnation: 1,
  created: 2,
  stored: 1,
  dropped: { deadline: 1 },
  inFlight: 1,
  window: 16,
  redelivered: 0,
  accounts: [{ incarnation: 1, created: 2, outstanding: [1] }],
  framesSkipped: 0,
  timeSteps: 0,
  status: "capturing",
};

const EXPLANATION = { reason: "as it is", inputs: { cpu: 0.5 } };
const HOSTING = {
  candidates: ["edge-1"],
  choice: "fixed",
  host: "edge-1",
  status: "captured",
  detail: "",
  history: [{ atMs: 1, node: "edge-1", why: "the first" }],
};
const TOTALS = { "cam-1": { stored: 1, dropped: { deadline: 1 } } };
const GAP = {
  type: "gap",
  position: 1,
  id: { sourceId: "cam-1", incarnation: 1, sequence: 1 },
  storedAtMs: 1,
  reason: "deadline",
  stage: null,
  node: "edge-1",
  sourceAtMs: 1,
  detail: "",
};
const PERCENTILES = { p50: 1, p99: 2 };

const TRUE: Readonly<Record<string, readonly Fields[]>> = {
  AGENT_REPLY: [{ type: "done" }, { type: "refused", error }],
  PONG: [{ type: "pong", node: "edge-1", sentAtMs: 1 }],
  SOURCES_REPORTED: [{ type: "sourcesReported", node: "edge-1", ledgers: [LEDGER] }],
  PIPELINE_REPLY: [
    {
      type: "pipelineReported",
      node: "edge-1",
      text: { text: "pipeline: p\nstages: {}\n", name: "p.yaml" },
      pipeline: pipeline("p"),
      services: [
        {
          name: "detection",
          summary: "Finds objects",
          inputs: ["frame"],
          output: "boxes",
          stateful: false,
          framesMin: 1,
          model: { parameter: "model" },
        },
      ],
    },
    { type: "pipelineRefused", node: "edge-1", error },
  ],
  ACTORS_REPORTED: [
    {
      type: "actorsReported",
      node: "edge-1",
      actors: [{ path: "/controller", status: "running", waiting: 1, restarts: 0 }],
      left: 0,
      deadLetters: { stopped: 1 },
    },
  ],
  DEAD_LETTERS_REPORTED: [
    {
      type: "deadLettersReported",
      node: "edge-1",
      letters: [{ atMs: 1, target: "sluice://edge-1/controller", reason: "stopped", text: "{}" }],
    },
  ],
  POLICY_REPLY: [
    { type: "policySet", sourceId: "cam-1" },
    { type: "policyRefused", sourceId: "cam-1", error },
  ],
  ORDER_REPLY: [
    { type: "orderTaken", sourceId: "cam-1" },
    { type: "orderRefused", sourceId: "cam-1", error },
  ],
  SOURCE_REMOVED: [{ type: "sourceRemoved", sourceId: "cam-1", node: "edge-1" }],
  VERSION_FREED: [{ type: "versionFreed", node: null }],
  TABLE_REPORTED: [
    {
      type: "tableReported",
      table: null,
      acknowledged: { "edge-1": 1 },
      explanations: { "cam-1": EXPLANATION },
      overhead: {
        rounds: 1,
        decisions: 1,
        failures: 0,
        stale: 0,
        lost: 0,
        postponed: 0,
        roundMs: PERCENTILES,
        decisionMs: PERCENTILES,
      },
    },
  ],
  CHANGES_REPORTED: [
    {
      type: "changesReported",
      sourceId: "cam-1",
      now: EXPLANATION,
      changes: [],
      shadow: null,
      hosting: HOSTING,
    },
  ],
  NODES_REPORTED: [
    {
      type: "nodesReported",
      nodes: [
        {
          description: { name: "edge-1", role: "edge", services: ["find"] },
          sample: sampleOf("edge-1"),
          sampledAtMs: 1,
          failures: [],
          heldReports: 0,
          running: [],
        },
      ],
    },
  ],
  SCHEDULED_SOURCES: [{ type: "scheduledSources", sources: {}, hosted: { "cam-1": HOSTING } }],
  OWNERS_REPORTED: [{ type: "ownersReported", owners: { "cam-1": "edge-1", "cam-2": null } }],
  HOST_REPLY: [
    { type: "sourceHosted", sourceId: "cam-1", node: "edge-1" },
    { type: "hostRefused", sourceId: "cam-1", error },
  ],
  POLICIES_REPORTED: [{ type: "policiesReported", names: ["edge-only"], fences: [] }],
  ALARMS_REPORTED: [
    {
      type: "alarmsReported",
      alarms: [{ alarm: "silent", about: "cam-1", detail: "", raisedAtMs: 1, acknowledgedAtMs: null }],
    },
  ],
  RELOAD_REPLY: [
    { type: "policiesReloaded", names: ["own"] },
    { type: "reloadRefused", error },
  ],
  TOTALS_REPORTED: [
    {
      type: "totalsReported",
      sources: TOTALS,
      pending: 0,
      duplicates: 0,
      contradictions: 0,
      refused: 0,
      repairs: [],
      unvouched: 0,
      superseded: 0,
    },
  ],
  STATEMENT_REPLY: [
    {
      type: "statementReported",
      statement: {
        firstPosition: 0,
        firstChain: "a",
        nextPosition: 1,
        lastChain: "b",
        recordCount: 1,
        totals: TOTALS,
        expired: [],
        mac: "c",
      },
    },
    { type: "queryFailed", error },
  ],
  QUERY_REPLY: [
    { type: "records", records: [GAP], more: false },
    { type: "queryFailed", error },
  ],
};

/** What any node answers of itself: the hub asks it, and so do operators. */
const OF_NODES: ReadonlySet<string> = new Set([
  "AGENT_REPLY",
  "SOURCES_REPORTED",
  "PIPELINE_REPLY",
  "ACTORS_REPORTED",
  "DEAD_LETTERS_REPORTED",
]);

/** Of each form that there is; without replies where nobody has written down a true one. */
export const REPLY_SHAPES: readonly ReplyShape[] = [
  ...Object.entries(forms).flatMap(([name, form]): ReplyShape[] =>
    typeof form === "function"
      ? []
      : [
          {
            name,
            schema: form.schema,
            from: OF_NODES.has(name) ? "node" : "hub",
            replies: TRUE[name] ?? [],
          },
        ],
  ),
  {
    name: "SPAWN_REPLY",
    schema: SPAWN_REPLY,
    from: "node",
    replies: [
      { type: "spawned", ref: createProbe("sluice://edge-1/guardian/x") },
      { type: "spawnFailed", error },
    ],
  },
  {
    name: "STOP_REPLY",
    schema: STOP_REPLY,
    from: "node",
    replies: [{ type: "stopped" }, { type: "stopFailed", error }],
  },
];
