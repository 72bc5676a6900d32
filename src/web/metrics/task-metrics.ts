/** What became of tasks, counted as it is stored: the only metrics that cost something a task. */

import type { Hop } from "../../task/task.js";
import type { TaskOutcome } from "../../task/reports.js";
import { LabelBound } from "./label-bound.js";
import type { MetricSet } from "./metric-set.js";

/** From a frame in 5 ms to an analysis that takes a minute. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const SOURCES_MAX = 1_000;
/** Stages times the nodes that run them. */
const STAGES_MAX = 1_000;
const SOURCE = ["source"] as const;
const STAGE = ["pipeline", "stage", "node"] as const;

export interface TaskMetrics {
  observe(outcome: TaskOutcome): void;
}

export function createTaskMetrics(metrics: MetricSet): TaskMetrics {
  const sources = new LabelBound(SOURCES_MAX);
  const ofSource = createSourceMetrics(metrics);
  const ofStage = createStageMetrics(metrics);
  metrics.counter(
    "sluice_metrics_folded_total",
    "Observations counted under the label `other`, as too many sources or stages have a series of their own.",
    [],
    (counter) => counter.add({}, sources.folded + ofStage.folded()),
  );
  return {
    observe(outcome) {
      ofSource(sources.bound({ source: outcome.id.sourceId }), outcome);
      for (const hop of outcome.hops) ofStage.observe(outcome.pipelineId ?? "", hop);
    },
  };
}

function createSourceMetrics(
  metrics: MetricSet,
): (labels: { readonly source: string }, outcome: TaskOutcome) => void {
  const stored = metrics.counter(
    "sluice_source_tasks_stored_total",
    "Tasks whose result became durable.",
    SOURCE,
  );
  const dropped = metrics.counter(
    "sluice_source_tasks_dropped_total",
    "Tasks that ended without a result, by reason.",
    ["source", "reason"],
  );
  const frames = metrics.counter(
    "sluice_source_frames_stored_total",
    "Frames of the tasks that were stored.",
    SOURCE,
  );
  const gated = metrics.counter(
    "sluice_source_frames_gated_total",
    "Frames left out before the tasks that were stored, as nothing moved in them.",
    SOURCE,
  );
  const bytes = metrics.counter(
    "sluice_source_payload_bytes_total",
    "Bytes of frames that the stored tasks began with.",
    SOURCE,
  );
  const objects = metrics.counter(
    "sluice_source_objects_total",
    "Detections in the last results of the tasks that were stored.",
    SOURCE,
  );
  const latency = metrics.histogram(
    "sluice_task_latency_seconds",
    "From the time of the first frame at its source until the result is durable.",
    SOURCE,
    SECONDS,
  );
  return (labels, told) => {
    const { outcome, frameCount, framesGated = 0, payloadBytes, scene, sourceAtMs, settledAtMs } = told;
    if (outcome.status === "dropped") {
      dropped.add({ ...labels, reason: outcome.reason }, 1);
      return;
    }
    stored.add(labels, 1);
    frames.add(labels, frameCount);
    gated.add(labels, framesGated);
    bytes.add(labels, payloadBytes);
    // It tells of an average frame.
    objects.add(labels, (scene?.objects ?? 0) * frameCount);
    latency.observe(labels, secondsBetween(sourceAtMs, settledAtMs));
  };
}

function createStageMetrics(metrics: MetricSet): {
  readonly observe: (pipeline: string, hop: Hop) => void;
  readonly folded: () => number;
} {
  const stages = new LabelBound(STAGES_MAX);
  const queue = metrics.histogram(
    "sluice_stage_queue_seconds",
    "From a stage's inbox until a worker begins with the task.",
    STAGE,
    SECONDS,
  );
  const execute = metrics.histogram(
    "sluice_stage_execute_seconds",
    "That a worker spends on a task.",
    STAGE,
    SECONDS,
  );
  const transfer = metrics.histogram(
    "sluice_stage_transfer_seconds",
    "From the link of the node before until the stage's inbox, by the cluster's clock.",
    STAGE,
    SECONDS,
  );
  return {
    folded: () => stages.folded,
    observe(pipeline, { stage, node, sentAtMs, enqueuedAtMs, startedAtMs, endedAtMs }) {
      const labels = stages.bound({ pipeline, stage, node });
      queue.observe(labels, secondsBetween(enqueuedAtMs, startedAtMs));
      execute.observe(labels, secondsBetween(startedAtMs, endedAtMs));
      if (sentAtMs !== undefined) transfer.observe(labels, secondsBetween(sentAtMs, enqueuedAtMs));
    },
  };
}

/** Clocks of two nodes differ by a little: what would be below nothing is nothing. */
function secondsBetween(fromMs: number, toMs: number): number {
  return Math.max(0, toMs - fromMs) / 1_000;
}
