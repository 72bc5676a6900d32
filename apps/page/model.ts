/** What the page knows: one value, made anew by each message. */

import type {
  AuditState,
  ClusterSnapshot,
  GapsReport,
  HubEvent,
  PageMessage,
} from "../../src/web/page-protocol.js";
import type { StoredResult } from "../../src/task/record.js";
import type { ConnectionState } from "./connection.js";

/** A source at one moment, by counts since it began. */
export interface SourceMoment {
  readonly atMs: number;
  readonly stored: number;
  readonly dropped: number;
}

/** A result of the source that is looked at. */
export interface ResultMoment {
  readonly atMs: number;
  readonly latencyMs: number;
  /** From its first frame until the task was made: the frames of a task are waited for. */
  readonly captureMs: number;
  /** By stage, in the order of its hops. */
  readonly stages: readonly {
    readonly stage: string;
    readonly node: string;
    readonly queueMs: number;
    readonly transferMs: number | null;
    readonly executeMs: number;
  }[];
}

export interface Model {
  readonly connection: ConnectionState;
  readonly hub: string | null;
  readonly cluster: string | null;
  /** Whether whoever has signed in may order anything. */
  readonly maySteer: boolean;
  readonly snapshot: ClusterSnapshot | null;
  /** One of some seconds before it, for rates; null before there is one. */
  readonly earlier: ClusterSnapshot | null;
  /** The last few of them, oldest first. */
  readonly snapshots: readonly ClusterSnapshot[];
  /** By source, oldest first, the last five minutes. */
  readonly history: ReadonlyMap<string, readonly SourceMoment[]>;
  readonly events: readonly HubEvent[];
  /** Of the source that is looked at, oldest first. */
  readonly results: readonly ResultMoment[];
  /** The newest whole one. */
  readonly result: StoredResult | null;
  /** Results of it that this page was too slow for. */
  readonly left: number;
  /** Null while nobody looks at them. */
  readonly gaps: GapsReport | null;
  /** Null where none was asked for. */
  readonly audit: AuditState | null;
}

const HISTORY_MAX = 300;
const EVENTS_MAX = 500;
const SNAPSHOTS_MAX = 5;
const RESULTS_MAX = 600;

export const START: Model = {
  connection: { type: "connecting" },
  hub: null,
  cluster: null,
  maySteer: false,
  snapshot: null,
  earlier: null,
  snapshots: [],
  history: new Map(),
  events: [],
  results: [],
  result: null,
  left: 0,
  gaps: null,
  audit: null,
};

export function withMessage(model: Model, message: PageMessage): Model {
  switch (message.type) {
    case "hello":
      return { ...model, hub: message.hub, cluster: message.cluster, maySteer: message.role === "operator" };
    case "cluster":
      return withSnapshot(model, message);
    case "events":
      return { ...model, events: withEvents(model.events, message.events) };
    case "record":
      if (message.record.type !== "result") return model;
      return {
        ...model,
        result: message.record,
        left: model.left + message.left,
        results: [...model.results, momentOf(message.record)].slice(-RESULTS_MAX),
      };
    case "gaps":
      return { ...model, gaps: message };
    case "audit":
      return { ...model, audit: message.state };
    case "reply":
    case "failed":
    case "picture":
    default:
      // Whoever asked has it.
      return model;
  }
}

function withSnapshot(model: Model, snapshot: ClusterSnapshot): Model {
  const [earlier = null] = model.snapshots;
  return {
    ...model,
    snapshot,
    earlier,
    snapshots: [...model.snapshots, snapshot].slice(-SNAPSHOTS_MAX),
    history: withMoment(model.history, snapshot),
  };
}

/** Another source is looked at. */
export function withoutResults(model: Model): Model {
  return { ...model, results: [], result: null, left: 0 };
}

/** A hub that has started anew counts from 1 again. */
function withEvents(known: readonly HubEvent[], told: readonly HubEvent[]): readonly HubEvent[] {
  const last = known.at(-1)?.number ?? 0;
  const isAnew = told.length > 1 && (told.at(-1)?.number ?? 0) < last;
  if (isAnew) return told;
  return [...known, ...told.filter(({ number }) => number > last)].slice(-EVENTS_MAX);
}

function withMoment(
  history: Model["history"],
  { atMs, totals }: ClusterSnapshot,
): ReadonlyMap<string, readonly SourceMoment[]> {
  const next = new Map<string, readonly SourceMoment[]>();
  for (const [source, { stored, dropped }] of Object.entries(totals.sources)) {
    const moment = { atMs, stored, dropped: sum(Object.values(dropped)) };
    next.set(source, [...(history.get(source) ?? []), moment].slice(-HISTORY_MAX));
  }
  return next;
}

function momentOf({ hops, sourceAtMs, createdAtMs, storedAtMs }: StoredResult): ResultMoment {
  return {
    atMs: storedAtMs,
    latencyMs: Math.max(0, storedAtMs - sourceAtMs),
    captureMs: Math.max(0, createdAtMs - sourceAtMs),
    stages: hops.map(({ stage, node, sentAtMs, enqueuedAtMs, startedAtMs, endedAtMs }) => ({
      stage,
      node,
      queueMs: Math.max(0, startedAtMs - enqueuedAtMs),
      transferMs: sentAtMs === undefined ? null : Math.max(0, enqueuedAtMs - sentAtMs),
      executeMs: Math.max(0, endedAtMs - startedAtMs),
    })),
  };
}

/** Tasks a second over the last seconds of a history; null while there is not enough of it. */
export function rateOf(moments: readonly SourceMoment[], overMs = 5_000): number | null {
  const last = moments.at(-1);
  const first =
    moments.findLast(({ atMs }) => last !== undefined && last.atMs - atMs >= overMs) ?? moments[0];
  if (last === undefined || first === undefined || last.atMs === first.atMs) return null;
  return ((last.stored - first.stored) * 1_000) / (last.atMs - first.atMs);
}

/** @param share 0 to 1; null of nothing */
export function percentile(values: readonly number[], share: number): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? null;
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
