/** Whether a simulated run kept its promises, from what is stored at the end and what was seen on the way. */

import type { LedgerReported, StoredRecord, StoredResult } from "../actors/protocol.js";
import type { Pipeline } from "../actors/task/pipeline.js";
import { FRAME_US, type CameraOptions } from "./camera.js";

interface Case {
  readonly records: readonly StoredRecord[];
  readonly sources: readonly {
    readonly id: string;
    readonly camera: CameraOptions;
    readonly pipeline: Pipeline;
    readonly ended: LedgerReported | null;
  }[];
  /** Seen on the way. */
  readonly problems: readonly string[];
}

/** @returns what was broken, a sentence each; the same break is told a few times and then counted */
export function judge({ records, sources, problems }: Case): readonly string[] {
  const findings = [...problems];
  for (const source of sources) {
    const own = records.filter(({ id }) => id.sourceId === source.id);
    if (source.ended === null) findings.push(`${source.id}: stuck, it has not come to its end`);
    findings.push(
      ...identities(own),
      ...frames(source.id, source.camera, own),
      ...stages(source.pipeline, own),
      ...continuity(own),
    );
  }
  return shortened(findings);
}

/** Each identity once, and no sequence of an incarnation left out. */
function identities(records: readonly StoredRecord[]): readonly string[] {
  const findings: string[] = [];
  const sequences = new Map<number, Set<number>>();
  for (const { id } of records) {
    const known = sequences.get(id.incarnation) ?? new Set();
    sequences.set(id.incarnation, known);
    if (known.has(id.sequence)) findings.push(`doubled: ${nameOf(id)} is stored twice`);
    known.add(id.sequence);
  }
  const [first] = records;
  for (const [incarnation, known] of sequences) {
    const last = Math.max(...known);
    for (let sequence = 0; sequence <= last; sequence++) {
      if (known.has(sequence)) continue;
      findings.push(
        `lost: ${nameOf({ sourceId: first?.id.sourceId ?? "", incarnation, sequence })} is nowhere`,
      );
    }
  }
  return findings;
}

/** Each frame of a source that can be read again is in one task, unless that task was dropped. */
function frames(
  sourceId: string,
  camera: CameraOptions,
  records: readonly StoredRecord[],
): readonly string[] {
  if (camera.frames === null) return [];
  const findings: string[] = [];
  const taskOf = new Map<number, string>();
  let dropped = 0;
  for (const record of records) {
    if (record.type === "gap") {
      dropped += 1;
      continue;
    }
    for (const ptsUs of record.framePtsUs ?? []) {
      const frame = ptsUs / FRAME_US;
      const before = taskOf.get(frame);
      if (before !== undefined) {
        findings.push(`doubled: frame ${frame} of ${sourceId} is in ${before} and in ${nameOf(record.id)}`);
      }
      taskOf.set(frame, nameOf(record.id));
    }
  }
  const missing = Array.from({ length: camera.frames }, (_, frame) => frame).filter(
    (frame) => !taskOf.has(frame),
  );
  if (missing.length > dropped) {
    findings.push(
      `lost: ${missing.length} frames of ${sourceId} are in no result, and only ${dropped} tasks were dropped: ${missing.slice(0, 5).join(", ")} ...`,
    );
  }
  return findings;
}

/** A result and a hop of each stage. */
function stages(pipeline: Pipeline, records: readonly StoredRecord[]): readonly string[] {
  const wanted = pipeline.stages.map(({ id }) => id as string);
  return results(records).flatMap(({ id, results: found, hops }) => {
    const missing = wanted.filter(
      (stage) => !(stage in found) || hops.filter((hop) => hop.stage === stage).length !== 1,
    );
    return missing.length === 0
      ? []
      : [`incomplete: ${nameOf(id)} has no single result of ${missing.join(", ")}`];
  });
}

/** What a stateful stage calls `continued` followed the task before it on the same worker. */
function continuity(records: readonly StoredRecord[]): readonly string[] {
  return results(records).flatMap(({ id, results: found }) =>
    Object.entries(found).flatMap(([stage, { continuity: claimed, frames: boxes }]) => {
      if (claimed !== "continued") return [];
      const label = boxes[0]?.[0]?.label;
      const wanted = `${id.incarnation}/${id.sequence - 1}`;
      return label === wanted
        ? []
        : [`continuity: "${stage}" of ${nameOf(id)} claims to follow ${wanted} and followed ${label}`];
    }),
  );
}

function results(records: readonly StoredRecord[]): readonly StoredResult[] {
  return records.filter((record): record is StoredResult => record.type === "result");
}

function nameOf(id: {
  readonly sourceId: string;
  readonly incarnation: number;
  readonly sequence: number;
}): string {
  return `${id.sourceId}/${id.incarnation}/${id.sequence}`;
}

const SHOWN_MAX = 20;

function shortened(findings: readonly string[]): readonly string[] {
  if (findings.length <= SHOWN_MAX) return findings;
  return [...findings.slice(0, SHOWN_MAX), `... and ${findings.length - SHOWN_MAX} more`];
}
