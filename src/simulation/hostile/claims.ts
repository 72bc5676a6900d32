/** What a hostile member says of tasks: well-formed, with whatever of it is not true. */

import type { Pipeline } from "../../task/pipeline.js";
import { END, type Task } from "../../task/task.js";
import { VOUCHER_BYTES, type Vouch } from "../../task/voucher.js";
import type { Prng } from "../prng.js";

type Fields = Readonly<Record<string, unknown>>;

export interface ClaimedId {
  readonly sourceId: string;
  readonly incarnation: number;
  readonly sequence: number;
}

/** In every result and every drop that it makes up: none of an honest source may have it. */
export const FORGED = "forged";
/** By which the simulation tells its tasks from others. */
export const HOSTILE_TRACE = "00-bad0bad0bad0bad0bad0bad0bad0bad0-bad0bad0bad0bad0-01";
/** Deliveries that no honest source of a run comes to, up to the last one that there may be. */
const DELIVERIES = { from: 900_000, to: 1_000_000 };

/** Whether a hostile member has made the task up. It has two marks, of which a lie replaces one. */
export function isForged({ traceparent, delivery }: Pick<Task, "traceparent" | "delivery">): boolean {
  return traceparent === HOSTILE_TRACE || delivery >= DELIVERIES.from;
}

export function originOf(node: string, { sourceId }: ClaimedId): string {
  return `sluice://${node}/source-${sourceId}`;
}

/** A task anywhere on its way, or where none is. */
export function claimedTask(
  prng: Prng,
  id: ClaimedId,
  {
    pipeline,
    nowMs,
    origin,
  }: { readonly pipeline: Pipeline; readonly nowMs: number; readonly origin: string },
): Fields {
  const stages: readonly string[] = pipeline.stages.map((stage) => stage.id);
  const cursor = prng.pick([...stages, END, END]);
  const box = { x: 0, y: 0, width: 1, height: 1, score: 1, label: FORGED };
  const done = stages.filter(() => prng.happens(0.7));
  return {
    id,
    delivery: prng.between(DELIVERIES.from, DELIVERIES.to),
    pipelineId: pipeline.id,
    pipelineVersion: pipeline.version,
    cursor,
    cameFrom: prng.happens(0.3) ? null : prng.pick(stages),
    configuration: { width: 640, height: 360, fps: 10, framesPerTask: 1, encoding: "jpeg", quality: 85 },
    payload: prng.happens(0.5)
      ? null
      : {
          encoding: "jpeg",
          width: 640,
          height: 360,
          frames: [{ ptsUs: 0, data: new Uint8Array(prng.between(1, 4_000)) }],
        },
    frameCount: 1,
    payloadBytes: 1,
    framePtsUs: [prng.between(0, 1e9)],
    results: new Map(done.map((stage) => [stage, { type: "boxes", frames: [[box]] }])),
    hops: done.map((stage) => ({
      stage,
      node: prng.pick(["cloud", "edge-1", FORGED]),
      epoch: prng.between(0, 1_000),
      attempt: 1,
      delivery: prng.between(1, DELIVERIES.to),
      enqueuedAtMs: nowMs - 3,
      startedAtMs: nowMs - 2,
      endedAtMs: nowMs - 1,
    })),
    joinNodes: prng.happens(0.5) ? new Map() : new Map([[END, prng.pick(["cloud", "nowhere"])]]),
    pins: prng.happens(0.7)
      ? new Map()
      : new Map([[prng.pick(stages), { node: "cloud", ordinal: prng.between(0, 50) }]]),
    sourceAtMs: nowMs - 5,
    createdAtMs: nowMs - 4,
    deadlineAtMs: prng.happens(0.8) ? null : nowMs - 1_000,
    origin,
    voucher: new Uint8Array(VOUCHER_BYTES),
    traceparent: HOSTILE_TRACE,
  };
}

export function claimedDrop(prng: Prng, task: Fields, node: string): Fields {
  const { id, delivery, pipelineId, pipelineVersion, framePtsUs, sourceAtMs, createdAtMs, origin } = task;
  const { voucher, joinNodes, pins } = task;
  const vouched = { id, delivery, pipelineId, pipelineVersion, framePtsUs, sourceAtMs, createdAtMs, origin };
  const reason = prng.pick(["poison", "deadline", "noRoute", "overflow"]);
  const about = { reason, stage: null, node, atMs: sourceAtMs, detail: FORGED };
  return { ...vouched, joinNodes, pins, voucher, ...about };
}

export function claimedClosing(prng: Prng, id: ClaimedId, origin: string): Fields {
  const end = prng.pick(["ended", "recovered", "replaced"]);
  const counts = prng.happens(0.5)
    ? null
    : { stored: id.sequence, dropped: {}, redelivered: 0, framesSkipped: prng.between(0, 9) };
  return { id, end, counts, origin, voucher: new Uint8Array(VOUCHER_BYTES) };
}

/** With the voucher of whoever says it. */
export function vouchedBy(vouch: Vouch, fields: Fields): Fields {
  // What the cloud makes of it is what is tried: nothing of it is checked before.
  return { ...fields, voucher: vouch(fields as unknown as Parameters<Vouch>[0]) };
}
