/** Records of a run that adds up, and what a test changes about one of them. */

import type { StoredGap, StoredRecord, StoredResult } from "../../src/task/record.js";
import { parseNodeName, parsePipelineId, parseSourceId, parseStageId } from "../../src/task/identity.js";
import type { Pipeline } from "../../src/task/pipeline.js";
import type { DropReason, Hop } from "../../src/task/task.js";
import { NOW_MS } from "./records.js";

/** Each stage waits 1 ms and takes 2 ms; a task is stored 1 ms after its last one. */
const WAIT_MS = 1;
const WORK_MS = 2;

export interface RunSpec {
  readonly source?: string;
  readonly incarnation?: number;
  /** Tasks. Default 20. */
  readonly count?: number;
  /** Of the first record. Default 0. */
  readonly position?: number;
  /** Walked in its order, one stage after the other. Default: stages `a`, `b`, `c` of `chain@1`. */
  readonly pipeline?: Pipeline;
  /** Where the stages run, one after the other. Default: all on `edge-1`. */
  readonly nodes?: readonly string[];
  /** From one task to the next, in ms. Default 10: one is under way at a time. */
  readonly everyMs?: number;
  /** Of the table that a task of this number is routed by. Default 1 for all. */
  readonly epochOf?: (sequence: number) => number;
  /** Tasks that were dropped, and why. */
  readonly gaps?: Readonly<Record<number, DropReason>>;
}

export function auditedRun(spec: RunSpec = {}): readonly StoredRecord[] {
  const { count = 20, position = 0 } = spec;
  return Array.from({ length: count }, (_, sequence) => recordOf(spec, sequence, position + sequence));
}

/** `records` with what `change` makes of the one of that number; undefined takes it away. */
export function changed(
  records: readonly StoredRecord[],
  sequence: number,
  change: (record: StoredResult) => StoredRecord | undefined,
): readonly StoredRecord[] {
  return records.flatMap((record) => {
    if (record.id.sequence !== sequence || record.type !== "result") return [record];
    return change(record) ?? [];
  });
}

/** `record` with what `change` makes of the hop of that stage. */
export function withHop(
  record: StoredResult,
  stage: string,
  change: (hop: Hop) => Hop | undefined,
): StoredResult {
  return {
    ...record,
    hops: record.hops.flatMap((hop) => (hop.stage === stage ? (change(hop) ?? []) : [hop])),
  };
}

export function withoutResult(record: StoredResult, stage: string): StoredResult {
  const others = Object.entries(record.results).filter(([name]) => name !== stage);
  return { ...record, results: Object.fromEntries(others) };
}

function recordOf(spec: RunSpec, sequence: number, position: number): StoredRecord {
  const { source = "cam-1", incarnation = 1, everyMs = 10, nodes = ["edge-1"], pipeline, gaps = {} } = spec;
  const createdAtMs = NOW_MS + sequence * everyMs;
  const stages = pipeline?.stages.map(({ id }) => id) ?? ["a", "b", "c"].map(parseStageId);
  const hops = stages.map((stage, index): Hop => {
    const enqueuedAtMs = createdAtMs + index * (WAIT_MS + WORK_MS);
    return {
      stage,
      node: parseNodeName(nodes[index % nodes.length] ?? "edge-1"),
      epoch: spec.epochOf?.(sequence) ?? 1,
      attempt: 1,
      delivery: 1,
      enqueuedAtMs,
      startedAtMs: enqueuedAtMs + WAIT_MS,
      endedAtMs: enqueuedAtMs + WAIT_MS + WORK_MS,
    };
  });
  const common = {
    position,
    id: { sourceId: parseSourceId(source), incarnation, sequence },
    sourceAtMs: createdAtMs - 1,
    storedAtMs: (hops.at(-1)?.endedAtMs ?? createdAtMs) + 1,
  };
  const reason = gaps[sequence];
  if (reason !== undefined) return gapOf(common, reason);
  return {
    ...common,
    type: "result",
    delivery: 1,
    pipelineId: pipeline?.id ?? parsePipelineId("chain"),
    pipelineVersion: pipeline?.version ?? 1,
    configuration: { width: 640, height: 360, fps: 10, framesPerTask: 1, encoding: "rgb", quality: 85 },
    frameCount: 1,
    framePtsUs: [sequence * everyMs * 1_000],
    createdAtMs,
    results: Object.fromEntries(stages.map((stage) => [stage, { type: "boxes", frames: [[]] }])),
    hops,
    traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
  };
}

function gapOf(
  common: Pick<StoredGap, "position" | "id" | "sourceAtMs" | "storedAtMs">,
  reason: DropReason,
): StoredGap {
  return { ...common, type: "gap", reason, stage: "a", node: parseNodeName("edge-1"), detail: "" };
}
