/** Tasks, drops and requests as a hostile member makes them: well-formed, but for what is named. */

import { VOUCHER_BYTES, type Vouch } from "../../../src/task/voucher.js";

type Fields = Readonly<Record<string, unknown>>;

/** Of the right length, and nobody's. */
const NOBODYS = new Uint8Array(VOUCHER_BYTES);

export interface Id {
  readonly sourceId: string;
  readonly incarnation: number;
  readonly sequence: number;
}

export const CONFIGURATION = {
  width: 16,
  height: 16,
  fps: 25,
  framesPerTask: 1,
  encoding: "rgb",
  quality: 85,
};

export const FORGED = "forged";

/** A task at its end, with a result of each stage that says who made it. */
export function finished(id: Id, change: Fields = {}): Fields {
  const nowMs = Date.now();
  const box = { x: 0, y: 0, width: 1, height: 1, score: 1, label: FORGED };
  return {
    id,
    delivery: 1,
    pipelineId: "honest",
    pipelineVersion: 1,
    cursor: "$end",
    cameFrom: null,
    configuration: CONFIGURATION,
    payload: null,
    frameCount: 1,
    payloadBytes: 768,
    framePtsUs: [0],
    results: new Map(["find", "sift", "follow"].map((stage) => [stage, { type: "boxes", frames: [[box]] }])),
    hops: ["find", "sift", "follow"].map((stage) => ({
      stage,
      node: "edge-1",
      epoch: 1,
      attempt: 1,
      delivery: 1,
      enqueuedAtMs: nowMs - 3,
      startedAtMs: nowMs - 2,
      endedAtMs: nowMs - 1,
    })),
    joinNodes: new Map(),
    pins: new Map(),
    sourceAtMs: nowMs - 5,
    createdAtMs: nowMs - 4,
    deadlineAtMs: null,
    origin: `sluice://edge-1/source-${id.sourceId}`,
    voucher: NOBODYS,
    traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    ...change,
  };
}

/** A task at its beginning. */
export function begun(id: Id, change: Fields = {}): Fields {
  return finished(id, {
    cursor: "find",
    results: new Map(),
    hops: [],
    payload: {
      encoding: "rgb",
      width: 16,
      height: 16,
      frames: [{ ptsUs: 0, data: new Uint8Array(768) }],
    },
    ...change,
  });
}

export function dropOf(id: Id, change: Fields = {}): Fields {
  const nowMs = Date.now();
  return {
    id,
    delivery: 1,
    pipelineId: "honest",
    pipelineVersion: 1,
    framePtsUs: [0],
    createdAtMs: nowMs - 4,
    joinNodes: new Map(),
    pins: new Map(),
    voucher: NOBODYS,
    reason: "poison",
    stage: "find",
    node: "edge-1",
    atMs: nowMs,
    sourceAtMs: nowMs - 5,
    detail: FORGED,
    origin: `sluice://edge-1/source-${id.sourceId}`,
    ...change,
  };
}

/** The end of an incarnation, whose sequence is the one behind its last task. */
export function closingOf(id: Id, change: Fields = {}): Fields {
  return {
    id,
    end: "ended",
    counts: { stored: id.sequence, dropped: {}, redelivered: 0, framesSkipped: 0 },
    origin: `sluice://edge-1/source-${id.sourceId}`,
    voucher: NOBODYS,
    ...change,
  };
}

/** The same of a node's own, with its voucher: what stands in it is what the node says of its source. */
export function vouchedBy(vouch: Vouch, fields: Fields): Fields {
  // The checks of the hub are what is tried here, so nothing of it is checked before.
  return { ...fields, voucher: vouch(fields as unknown as Parameters<Vouch>[0]) };
}

export function originOf(node: string, { sourceId }: Id): string {
  return `sluice://${node}/source-${sourceId}`;
}

interface StageShape {
  readonly id: string;
  readonly predecessors?: readonly string[];
  readonly successors?: readonly string[];
  readonly service?: string;
  readonly stateful?: boolean;
}

export function stageOf({
  id,
  predecessors = [],
  successors = [],
  service = "find",
  stateful = false,
}: StageShape) {
  return {
    id,
    service,
    predecessors,
    successors,
    inputs: ["frame"],
    output: "boxes",
    stateful,
    parameters: {},
    queue: { policy: "block", capacity: 16 },
  };
}

export function pipeline(
  id: string,
  stages: readonly unknown[] = [stageOf({ id: "find" })],
  change: Fields = {},
) {
  return { id, version: 1, stages, joinTimeoutMs: 1_000, deadlineMs: null, ...change };
}

export function sourceOf(node: string, id: string, change: Fields = {}): Fields {
  return {
    id,
    node,
    pipeline: pipeline(`of-${node}`),
    configuration: CONFIGURATION,
    policy: { name: "edge-only", parameters: {} },
    ...change,
  };
}

/** What an operator asks an agent to run. */
export function request(change: Fields = {}): Fields {
  return {
    id: "asked",
    source: "test:64x64@10,duration=1",
    pipeline: "pipeline: asked\nstages:\n  find:\n    service: find\n",
    pipelineName: "asked.yaml",
    configuration: {},
    policy: null,
    paced: false,
    limit: 1,
    ...change,
  };
}

/** The task ended elsewhere, in this delivery and all to come. */
export function abandonOf(id: Id): Fields {
  return {
    type: "abandon",
    id,
    delivery: Number.MAX_SAFE_INTEGER,
    pipelineId: "honest",
    pipelineVersion: 1,
    pins: new Map(),
  };
}

/** What a node says of its own machine. */
export function sampleOf(node: string): Fields {
  return {
    node,
    atMs: Date.now(),
    cpuShare: 0,
    cpuCount: 1,
    memoryUsedBytes: 0,
    memoryTotalBytes: 1,
    residentBytes: 0,
    loopStallMs: 0,
    queued: {},
    links: {},
  };
}
