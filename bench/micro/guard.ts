/**
 * What the guard costs a message that passes it: a finished task as the distributor gets it, and one on its way with its pixels.
 * Not measured: decoding it before, and delivering it behind.
 */

import { Refusal } from "../../src/transport/cluster/guard.js";
import { guardFor } from "../../src/actors/guard/guard.js";
import { parseNodeName } from "../../src/task/identity.js";
import { finishedTask } from "../../test/support/tasks.js";
import { percentile, report, type Row } from "../report.js";

const BATCH = 2_000;
const SAMPLES = 40;
const DETECTIONS = [0, 10, 40, 160];

const guard = guardFor();
const from = { name: parseNodeName("edge-1"), roles: ["edge"], grants: [] } as const;
const rows: Record<string, Row> = {};

for (const count of DETECTIONS) {
  const task = finishedTask({ sequence: 1 });
  const box = { x: 0.1, y: 0.2, width: 0.3, height: 0.4, score: 1, label: "car", trackId: 7 };
  const frames = [Array.from({ length: count }, () => box), []];
  const message = {
    type: "store",
    task: { ...task, results: new Map([["motion", { type: "boxes", frames }]]) },
  };
  compare(`a task of ${count} detections`, () => !(guard(from, "/distributor", message) instanceof Refusal));
}
report(`The guard, ${SAMPLES} samples of ${BATCH} messages`, rows);

function compare(name: string, run: () => boolean): void {
  const samplesUs: number[] = [];
  for (let sample = -SAMPLES; sample < SAMPLES; sample += 1) {
    const startedMs = performance.now();
    for (let call = 0; call < BATCH; call += 1) if (!run()) throw new Error(`"${name}" is refused`);
    if (sample >= 0) samplesUs.push(((performance.now() - startedMs) * 1e3) / BATCH);
  }
  const at = (share: number) => Number(percentile(samplesUs, share).toPrecision(3));
  rows[name] = { "p50 us": at(0.5), "p95 us": at(0.95), "min us": at(0) };
}
