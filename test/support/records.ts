/** Records for stores, alike but for what a test names. */

import { parseSourceId, parsePipelineId, parseNodeName, parseStageId } from "../../src/task/identity.js";
import type { NewRecord } from "../../src/storage/results/store.js";
import type { Hop } from "../../src/task/task.js";

export interface RecordSpec {
  readonly source?: string;
  readonly incarnation?: number;
  readonly sequence: number;
  readonly storedAtMs?: number;
  /** A gap in place of a result. */
  readonly gap?: boolean;
  /** Detections a frame in each of the three results; default 1. */
  readonly detections?: number;
}

export const NOW_MS = 1_700_000_000_000;

export function newRecord(spec: RecordSpec): NewRecord {
  const { source = "cam-1", incarnation = 1, sequence, storedAtMs = NOW_MS, gap = false } = spec;
  const common = {
    id: { sourceId: parseSourceId(source), incarnation, sequence },
    sourceAtMs: storedAtMs - 50.125,
    storedAtMs,
  };
  if (gap) {
    return {
      ...common,
      type: "gap",
      reason: sequence % 2 === 0 ? "deadline" : "poison",
      stage: "tracking",
      node: parseNodeName("edge-1"),
      detail: "Späte Aufgabe, 🎥 verworfen",
    };
  }
  const detections = Array.from({ length: spec.detections ?? 1 }, (_, index) => ({
    // Spread like real ones, so that they compress no better.
    x: (sequence * 0.754877666 + index * 0.1) % 1,
    y: (sequence * 0.569840291 + index * 0.1) % 1,
    width: (sequence * 0.618033988) % 0.3,
    height: (sequence * 0.324717957) % 0.3,
    score: 0.875,
    label: "bottle",
    trackId: index,
  }));
  return {
    ...common,
    type: "result",
    delivery: 1,
    pipelineId: parsePipelineId("default"),
    pipelineVersion: 1,
    configuration: { width: 640, height: 360, fps: 10, framesPerTask: 2, encoding: "jpeg", quality: 85 },
    frameCount: 2,
    framePtsUs: [sequence * 200_000, sequence * 200_000 + 100_000],
    createdAtMs: storedAtMs - 40,
    results: {
      motion: { type: "boxes", frames: [detections, []] },
      tracking: { type: "tracks", frames: [detections, []], continuity: "continued" },
      colour: { type: "labels", frames: [detections, []] },
    },
    hops: ["motion", "tracking", "colour"].map((stage): Hop => ({
      stage: parseStageId(stage),
      node: parseNodeName("edge-1"),
      epoch: 3,
      attempt: 1,
      delivery: 1,
      enqueuedAtMs: storedAtMs - 30,
      startedAtMs: storedAtMs - 20,
      endedAtMs: storedAtMs - 10,
    })),
    traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
  };
}

export const newRecords = (count: number, spec: Omit<RecordSpec, "sequence"> = {}): NewRecord[] =>
  Array.from({ length: count }, (_, sequence) => newRecord({ ...spec, sequence }));
