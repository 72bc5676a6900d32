/** Finished tasks and drops, alike but for what a test names. */

import { parseNodeName, parsePipelineId, parseSourceId, parseStageId } from "../../src/task/identity.js";
import { END, type DropReason, type DropRecord, type Task } from "../../src/task/task.js";
import { NOW_MS } from "./records.js";

export const ORIGIN = "sluice://edge-1/source-cam-1";

interface Spec {
  readonly sequence: number;
  readonly source?: string;
  readonly origin?: string;
}

export function finishedTask({
  sequence,
  source = "cam-1",
  origin = `sluice://edge-1/source-${source}`,
}: Spec): Task {
  const stage = parseStageId("motion");
  const box = { x: 0.1, y: 0.2, width: 0.3, height: 0.4, score: 1, label: "motion" };
  return {
    id: { sourceId: parseSourceId(source), incarnation: 1, sequence },
    delivery: 1,
    pipelineId: parsePipelineId("default"),
    pipelineVersion: 1,
    cursor: END,
    cameFrom: stage,
    configuration: { width: 640, height: 360, fps: 10, framesPerTask: 2, encoding: "rgb", quality: 85 },
    payload: {
      encoding: "rgb",
      width: 2,
      height: 1,
      frames: [0, 1].map((index) => ({ ptsUs: index * 40_000, data: new Uint8Array(6) })),
    },
    frameCount: 2,
    framePtsUs: [0, 40_000],
    payloadBytes: 12,
    results: new Map([[stage, { type: "boxes", frames: [[box, box], [box]] }]]),
    hops: [
      {
        stage,
        node: parseNodeName("edge-1"),
        epoch: 2,
        attempt: 1,
        delivery: 1,
        enqueuedAtMs: NOW_MS - 30,
        startedAtMs: NOW_MS - 20,
        endedAtMs: NOW_MS - 10,
      },
    ],
    joinNodes: new Map(),
    pins: new Map(),
    sourceAtMs: NOW_MS - 50,
    createdAtMs: NOW_MS - 40,
    deadlineAtMs: null,
    origin,
    traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
  };
}

export function droppedTask({
  sequence,
  source = "cam-1",
  origin = `sluice://edge-1/source-${source}`,
  reason = "deadline",
}: Spec & { readonly reason?: DropReason }): DropRecord {
  return {
    id: { sourceId: parseSourceId(source), incarnation: 1, sequence },
    reason,
    stage: parseStageId("motion"),
    node: parseNodeName("edge-1"),
    atMs: NOW_MS - 5,
    sourceAtMs: NOW_MS - 50,
    detail: "Too old",
    origin,
  };
}
