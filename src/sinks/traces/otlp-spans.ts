/**
 * Stored tasks as spans of OpenTelemetry, in the JSON of OTLP 1.x (`ExportTraceServiceRequest`): ids in hexadecimal, integers of 64 bits
 * as texts (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding).
 */

import type { Hop } from "../../task/task.js";
import type { Kept, TracedRecord, TraceIds } from "./trace-of.js";
import { spanIdOf, traceOf } from "./trace-of.js";

type AttributeValue = string | number;

/** What a span says; `parent` and `id` are 16 hexadecimal digits. */
interface Part {
  readonly name: string;
  readonly id: string;
  readonly parent: string | null;
  /** Ms since the Unix epoch. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Where it was. */
  readonly node: string;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  /** Of what went wrong. */
  readonly problem?: string;
}

/** A cluster by its name and an id that no other one has, and the node that stores. */
export interface TracedCluster {
  readonly name: string;
  readonly id: string;
  readonly hub: string;
}

export interface KeptRecord {
  readonly record: TracedRecord;
  readonly kept: Kept;
}

interface Spans {
  readonly traceId: string;
  readonly parts: readonly Part[];
}

/** `ExportTraceServiceRequest` of OTLP as plain data: spans by the node that they were on. */
export function otlpRequest(
  records: readonly KeptRecord[],
  cluster: TracedCluster,
): Readonly<Record<string, unknown>> {
  const byNode = new Map<string, unknown[]>();
  for (const kept of records) {
    const { traceId, parts } = spansOf(kept, cluster);
    for (const part of parts) {
      const spans = byNode.get(part.node) ?? [];
      byNode.set(part.node, spans);
      spans.push(otlpSpan(traceId, part));
    }
  }
  return {
    resourceSpans: [...byNode].map(([node, spans]) => ({
      resource: {
        attributes: attributesOf({
          "service.name": "sluice",
          "service.namespace": cluster.name,
          "service.instance.id": node,
        }),
      },
      scopeSpans: [{ scope: { name: "sluice" }, spans }],
    })),
  };
}

function spansOf({ record, kept }: KeptRecord, cluster: TracedCluster): Spans {
  const ids = traceOf(record, cluster.id);
  const { sourceId, incarnation, sequence } = record.id;
  const task: Omit<Part, "node"> = {
    name: `task of ${sourceId}`,
    id: ids.taskSpanId,
    parent: null,
    fromMs: record.sourceAtMs,
    toMs: record.storedAtMs,
    attributes: {
      "sluice.source": sourceId,
      "sluice.incarnation": incarnation,
      "sluice.sequence": sequence,
      "sluice.position": record.position,
      "sluice.kept": kept,
    },
  };
  if (record.type === "gap") {
    const { reason, stage, node, detail } = record;
    const attributes = {
      ...task.attributes,
      "sluice.drop.reason": reason,
      ...(stage !== null && { "sluice.stage": stage }),
    };
    const problem = detail === "" ? reason : `${reason}: ${detail}`;
    return { traceId: ids.traceId, parts: [{ ...task, node, attributes, problem }] };
  }
  const { hops, pipelineId, pipelineVersion, delivery, frameCount, sourceAtMs, createdAtMs, storedAtMs } =
    record;
  const { hub } = cluster;
  const attributes = {
    ...task.attributes,
    "sluice.pipeline": pipelineId,
    "sluice.pipeline.version": pipelineVersion,
    "sluice.delivery": delivery,
    "sluice.frames": frameCount,
  };
  const doneAtMs = hops.reduce((latest, { endedAtMs }) => Math.max(latest, endedAtMs), createdAtMs);
  const child = (name: string, fromMs: number, toMs: number): Part => ({
    name,
    id: spanIdOf(ids.traceId, name),
    parent: ids.taskSpanId,
    fromMs,
    toMs,
    node: hub,
    attributes: {},
  });
  return {
    traceId: ids.traceId,
    parts: [
      { ...task, node: hub, attributes },
      child("source", sourceAtMs, createdAtMs),
      ...hops.flatMap((hop) => hopSpans(hop, ids)),
      child("store", doneAtMs, storedAtMs),
    ],
  };
}

/** The stage, and below it transfer, queue and execute. */
function hopSpans(hop: Hop, { traceId, taskSpanId }: TraceIds): readonly Part[] {
  const { stage, variant, model, node, epoch, attempt, delivery } = hop;
  const { sentAtMs, enqueuedAtMs, startedAtMs, endedAtMs } = hop;
  const id = spanIdOf(traceId, `stage ${stage}`);
  const part = (name: string, fromMs: number, toMs: number): Part => ({
    name,
    id: spanIdOf(traceId, `${name} ${stage}`),
    parent: id,
    fromMs,
    toMs,
    node,
    attributes: { "sluice.stage": stage },
  });
  return [
    {
      name: `stage ${stage}`,
      id,
      parent: taskSpanId,
      fromMs: sentAtMs ?? enqueuedAtMs,
      toMs: endedAtMs,
      node,
      attributes: {
        "sluice.stage": stage,
        "sluice.node": node,
        "sluice.epoch": epoch,
        "sluice.attempt": attempt,
        "sluice.delivery": delivery,
        ...(variant !== undefined && { "sluice.variant": variant }),
        ...(model !== undefined && { "sluice.model": model }),
      },
    },
    ...(sentAtMs === undefined ? [] : [part("transfer", sentAtMs, enqueuedAtMs)]),
    part("queue", enqueuedAtMs, startedAtMs),
    part("execute", startedAtMs, endedAtMs),
  ];
}

/** `SPAN_KIND_INTERNAL` and `STATUS_CODE_ERROR` of OTLP. */
const INTERNAL = 1;
const ERROR = 2;

function otlpSpan(
  traceId: string,
  { name, id, parent, fromMs, toMs, attributes, problem }: Part,
): Readonly<Record<string, unknown>> {
  return {
    traceId,
    spanId: id,
    ...(parent !== null && { parentSpanId: parent }),
    name,
    kind: INTERNAL,
    startTimeUnixNano: nanoseconds(fromMs),
    // Clocks of two nodes differ by a little: what would be below nothing is nothing.
    endTimeUnixNano: nanoseconds(Math.max(fromMs, toMs)),
    attributes: attributesOf(attributes),
    ...(problem !== undefined && { status: { code: ERROR, message: problem } }),
  };
}

/** To the microsecond, which is what a number holds of a time of today. */
function nanoseconds(ms: number): string {
  return `${Math.max(0, Math.round(ms * 1_000))}000`;
}

function attributesOf(attributes: Readonly<Record<string, AttributeValue>>): readonly unknown[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: attributeValue(value) }));
}

function attributeValue(value: AttributeValue): Readonly<Record<string, unknown>> {
  if (typeof value === "string") return { stringValue: value };
  return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}
