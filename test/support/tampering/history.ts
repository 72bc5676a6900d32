/** Hops, times and outcomes that are others. */

import { parseNodeName, parsePipelineId } from "../../../src/task/identity.js";
import { oneResult, eachResult, oneGap, oneHop, type Tampering } from "./tampering.js";

export const HISTORY: Readonly<Record<string, Tampering>> = {
  // ── Hops ──
  "epochs are all 0": {
    rule: "chain",
    forged: null,
    change: eachResult((record) => ({ ...record, hops: record.hops.map((hop) => ({ ...hop, epoch: 0 })) })),
  },
  "an epoch is 99": { rule: "epoch", forged: "epoch", change: oneHop("follow", () => ({ epoch: 99 })) },
  "a node is one that there is not": {
    rule: "chain",
    forged: null,
    change: oneHop("detect", () => ({ node: parseNodeName("nowhere") })),
  },
  "an attempt is 0": { rule: "attempt", forged: "attempt", change: oneHop("detect", () => ({ attempt: 0 })) },
  "an attempt is 1,000": {
    rule: "chain",
    forged: null,
    change: oneHop("detect", () => ({ attempt: 1_000 })),
  },
  "a hop is of a later delivery": {
    rule: "attempt",
    forged: "attempt",
    change: oneHop("detect", () => ({ delivery: 2 })),
  },
  "a delivery is 99": {
    rule: "chain",
    forged: null,
    change: oneResult((record) => ({ ...record, delivery: 99 })),
  },
  "a hop is there twice": {
    rule: "hops",
    forged: "hops",
    change: oneResult((record) => ({ ...record, hops: [...record.hops, ...record.hops.slice(0, 1)] })),
  },
  "a hop is taken out": {
    rule: "hops",
    forged: "hops",
    change: oneResult((record) => ({ ...record, hops: record.hops.slice(1) })),
  },
  "a hop ends before it starts": {
    rule: "hops",
    forged: "hops",
    change: oneHop("detect", ({ startedAtMs, endedAtMs }) => ({
      startedAtMs: endedAtMs + 1,
      endedAtMs: startedAtMs,
    })),
  },

  // ── Times ──
  "a task is stored before its last stage ended": {
    rule: "times",
    forged: "times",
    change: oneResult((record) => ({ ...record, storedAtMs: record.storedAtMs - 100_000 })),
  },
  "a gap is stored before its source gave it": {
    rule: "times",
    forged: "times",
    change: oneGap((gap) => ({ ...gap, storedAtMs: gap.storedAtMs - 100_000 })),
  },
  "a task is made after its first stage": {
    rule: "times",
    forged: "times",
    change: oneResult((record) => ({ ...record, createdAtMs: record.createdAtMs + 100_000 })),
  },
  "a task is made before its first frame": {
    rule: "times",
    forged: "times",
    change: oneResult((record) => ({ ...record, sourceAtMs: record.sourceAtMs + 100_000 })),
  },
  "a task is stored a day later": {
    rule: "chain",
    forged: null,
    change: oneResult((record) => ({ ...record, storedAtMs: record.storedAtMs + 86_400_000 })),
  },

  // ── Outcomes ──
  "the reason of a gap is another": {
    rule: "complete",
    forged: "closed",
    change: oneGap((gap) => ({ ...gap, reason: "deadline" })),
  },
  "the detail of a gap is another": {
    rule: "chain",
    forged: null,
    change: oneGap((gap) => ({ ...gap, detail: "nothing to see here" })),
  },
  "a result is made a gap": {
    rule: "complete",
    forged: "closed",
    change: oneResult(({ position, id, sourceAtMs, storedAtMs, frames }) => ({
      type: "gap",
      position,
      id,
      reason: "deadline",
      stage: "detect",
      node: parseNodeName("edge-1"),
      sourceAtMs,
      storedAtMs,
      detail: "",
      ...(frames && { frames }),
    })),
  },
  "a task has another version of its pipeline": {
    rule: "pipeline",
    forged: "pipeline",
    change: oneResult((record) => ({ ...record, pipelineVersion: 2 })),
  },
  "all tasks have another pipeline": {
    rule: "chain",
    forged: null,
    change: eachResult((record) => ({ ...record, pipelineId: parsePipelineId("other") })),
  },
  "a trace is another": {
    rule: "chain",
    forged: null,
    change: oneResult((record) => ({ ...record, traceparent: record.traceparent.replace("-01", "-00") })),
  },
};
