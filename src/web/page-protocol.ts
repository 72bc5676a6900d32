/**
 * What a page and its hub say to each other over one WebSocket: frames of JSON in UTF-8.
 *
 * A page asks actors with the messages that operators use, and is told what it watches. Runs in browsers, too.
 */

import type { NodeEvent } from "../actors/protocol/generator.js";
import type { TotalsReported } from "../actors/protocol/distributor.js";
import type { NodesReported, SchedulerEvent, TableReported } from "../actors/protocol/scheduler.js";
import type { StageFlow } from "./stage-flow.js";
import type { ClusterEvent, LinkReport, SecurityCounts } from "../transport/cluster/cluster.js";
import type { NodeName, SourceId } from "../task/identity.js";
import type { AlarmEvent, SinkEvent } from "../task/hub-events.js";
import type { StoredRecord } from "../task/record.js";
import type { HostingReport } from "../task/hosting.js";
import type { LedgerReported, SourceReport } from "../task/reports.js";
import type { Found } from "./found.js";

/** What a page may watch. Of records, those of one source from now on. */
export type Watch =
  | { readonly topic: "cluster" }
  | { readonly topic: "events" }
  | { readonly topic: "gaps" }
  /** Begins one where none is under way; it ends as nobody watches it any more. */
  | { readonly topic: "audit" }
  | { readonly topic: "records"; readonly source: SourceId }
  /** So many a second of each source and so large at most. */
  | {
      readonly topic: "pictures";
      readonly looks: readonly {
        readonly source: SourceId;
        readonly fps: number;
        readonly widthMax: number;
      }[];
    };

/** A frame, and what was found in it. */
export interface PagePicture {
  readonly source: SourceId;
  readonly frameUs: number;
  /** Of the frame as it was captured, in pixels. */
  readonly width: number;
  readonly height: number;
  /** One JPEG image, in base64. */
  readonly jpeg: string;
  readonly found: readonly Found[];
  /** Pictures that were left out since the last one. */
  readonly left: number;
}

export type PageRequest =
  /** Ask the actor at the address `to`; `replyTo` is the hub's to add. */
  | {
      readonly type: "ask";
      /** Chosen by the page; comes back with the answer. */
      readonly id: number;
      readonly to: string;
      readonly message: Readonly<Record<string, unknown>>;
    }
  /** In the place of what was watched of the topic before. */
  | { readonly type: "watch"; readonly watch: Watch }
  | { readonly type: "unwatch"; readonly topic: Watch["topic"] }
  /** Every few seconds, so that the hub knows that the page is there. */
  | { readonly type: "alive" };

export type PageMessage =
  | {
      readonly type: "hello";
      readonly hub: NodeName;
      readonly cluster: string;
      readonly version: string;
      /** What whoever has signed in may do: a viewer orders nothing. */
      readonly role: "operator" | "viewer";
    }
  | { readonly type: "reply"; readonly id: number; readonly message: unknown }
  | { readonly type: "failed"; readonly id: number; readonly code: string; readonly problem: string }
  | ({ readonly type: "cluster" } & ClusterSnapshot)
  /** What has happened, oldest first: at first what the hub remembers, then each as it happens. */
  | { readonly type: "events"; readonly events: readonly HubEvent[] }
  | ({ readonly type: "picture" } & PagePicture)
  | ({ readonly type: "gaps" } & GapsReport)
  | { readonly type: "audit"; readonly state: AuditState }
  /** `left` counts those that were left out since the last one, as the page takes fewer than come. */
  | { readonly type: "record"; readonly record: StoredRecord; readonly left: number };

/** Tasks that were dropped in the last hour, by when, whose and why. */
export interface GapsReport {
  /** Start of the first period, by the hub's clock. */
  readonly fromMs: number;
  readonly periodMs: number;
  readonly periods: number;
  readonly gaps: readonly {
    /** From 0. */
    readonly period: number;
    readonly source: string;
    readonly reason: string;
    readonly count: number;
  }[];
}

/** Where an audit of all stored records stands. */
export type AuditState =
  | { readonly status: "running"; readonly read: number; readonly of: number }
  | {
      readonly status: "done";
      readonly atMs: number;
      readonly records: number;
      readonly findingCount: number;
      readonly findingsByRule: Readonly<Record<string, number>>;
      /** The first 200. */
      readonly findings: readonly {
        readonly rule: string;
        /** A task, a source or the run. */
        readonly about: string;
        readonly detail: string;
      }[];
      /** Nodes that did not say what they have in flight, and why: that may show as lost. */
      readonly silent: readonly string[];
    }
  | { readonly status: "failed"; readonly problem: string };

/** The cluster as its parts report it, all asked at one time. */
export interface ClusterSnapshot {
  /** By the hub's clock. */
  readonly atMs: number;
  readonly nodes: NodesReported;
  readonly table: TableReported;
  readonly totals: TotalsReported;
  /** What was decided and said of each source that the scheduler knows, and how it goes. */
  readonly sources: Readonly<Record<string, SourceReport>>;
  /** Who captures each source that any of several nodes may. */
  readonly hosted: Readonly<Record<string, HostingReport>>;
  /** Of the sources that run, by node; a node that does not answer is missing. */
  readonly ledgers: Readonly<Record<string, readonly LedgerReported[]>>;
  /** Since the hub started. */
  readonly stages: readonly StageFlow[];
  /** The hub's own, one for each node that has joined it. */
  readonly links: readonly LinkReport[];
  /** What the hub has refused, by kind. */
  readonly refused: SecurityCounts;
}

/** Something that happened, as a hub heard it. */
export interface HubEvent {
  /** Counts the events of this hub, from 1. */
  readonly number: number;
  readonly atMs: number;
  /** Whose it is: the hub's own, or of a node by its name. */
  readonly of: NodeName;
  readonly event: ClusterEvent | SchedulerEvent | NodeEvent | SinkEvent | AlarmEvent;
}

/** Stands for a Map in JSON. */
const MAP = "$map";
const ERROR = "$error";

/** JSON of a message; Maps and errors survive, refs become their addresses, and bytes no more than their length. */
export function pageJson(message: PageMessage): string {
  return JSON.stringify(message, (_, value: unknown) => {
    if (value instanceof Map) return { [MAP]: [...value] };
    if (value instanceof Error) return { [ERROR]: errorFields(value) };
    if (ArrayBuffer.isView(value)) return { bytes: value.byteLength };
    return typeof value === "bigint" ? value.toString() : value;
  });
}

function errorFields(error: Error): Readonly<Record<string, unknown>> {
  return { message: error.message, code: "code" in error ? error.code : null };
}

/** The message of such JSON: of a hub that has signed the reader in. */
export function parsePageJson(json: string): PageMessage {
  return revived(JSON.parse(json)) as PageMessage;
}

/** A walk over what has parts alone: a function that is given to `JSON.parse` is called for every number, too. */
function revived(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const parts = value as Record<string, unknown>;
  for (const key in parts) {
    const part = parts[key];
    if (typeof part === "object" && part !== null) parts[key] = revived(part);
  }
  if (MAP in value && Array.isArray(value[MAP])) return new Map(value[MAP] as [unknown, unknown][]);
  if (ERROR in value && typeof value[ERROR] === "object" && value[ERROR] !== null) {
    const { message } = value[ERROR] as { readonly message?: unknown };
    return Object.assign(new Error(String(message)), value[ERROR]);
  }
  return value;
}
