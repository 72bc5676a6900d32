/** Why tasks of a simulated run were dropped: each reason has its cause in the shape of the cluster or in its faults. */

import { assertNever } from "../runtime/errors.js";
import type { StoredRecord } from "../task/record.js";
import { taskKey } from "../task/identity.js";
import type { DropReason } from "../task/task.js";
import type { FaultKind } from "./fault-plan.js";
import { isHostiles } from "./hostile/hostile-verdict.js";
import type { ClusterShape } from "./shape.js";
import type { SimulatedSource } from "./simulated-source.js";
import type { TaskTimes } from "./task-times.js";

interface Circumstances {
  readonly shape: ClusterShape;
  readonly sources: readonly Readonly<SimulatedSource>[];
  /** Those that a policy may have paused. */
  readonly flushing: ReadonlySet<string>;
  readonly times: TaskTimes;
  /** From when on nothing failed any more; null where that never was. */
  readonly calmFromMs: number | null;
}

/** @returns a sentence for each task that nothing explains the drop of */
export function unexplainedGaps(
  records: readonly StoredRecord[],
  { shape, sources, flushing, times, calmFromMs }: Circumstances,
): readonly string[] {
  const { queue, deadlineMs, faults } = shape;
  const live = new Set(sources.filter(({ camera }) => camera.frames === null).map(({ id }) => id));
  const hosted = new Set(sources.filter(({ candidates }) => candidates.length > 0).map(({ id }) => id));
  const drained = new Set(sources.filter((source) => source.drained).map(({ id }) => id));
  const anyOf = (...kinds: readonly FaultKind[]): boolean => kinds.some((kind) => faults.includes(kind));
  const isExplained = (reason: DropReason, sourceId: string, calm: boolean): boolean => {
    switch (reason) {
      case "outage":
      case "paused":
      case "windowFull":
        return live.has(sourceId);
      case "deadline":
        return deadlineMs !== null;
      case "queueDropOldest":
        return queue.policy === "dropOldest";
      case "queueDropNewest":
        return queue.policy === "dropNewest";
      case "queueLatestOnly":
        return queue.policy === "latestOnly";
      case "serviceFailed":
        // What could not be loaded anywhere is tried again after a while.
        return (!calm && anyOf("throwingService")) || anyOf("failingLoad", "hangingLoad");
      case "poison":
        return !calm && anyOf("crashingService");
      case "joinTimeout":
        return !calm && faults.length > 0;
      // It was told to end while it read the frames of earlier tasks again.
      case "sourceLost":
        return drained.has(sourceId);
      case "overflow":
        // So many sources wait at a stage as it has room for tasks.
        return anyOf("hostileMember") || queue.policy === "latestOnly";
      case "flushed":
        return flushing.has(sourceId);
      case "hostGone":
        return hosted.has(sourceId);
      // Whoever is told to try again tries long enough.
      case "expired":
      // Nothing of it is stored.
      case "superseded":
      case "noRoute":
      case "tooLarge":
        return false;
      default:
        return assertNever(reason);
    }
  };
  return records.flatMap((record) => {
    if (record.type !== "gap" || isHostiles(record.id.sourceId)) return [];
    const { id, reason } = record;
    const calm = calmFromMs !== null && times.leftSince(taskKey(id), calmFromMs);
    if (isExplained(reason, id.sourceId, calm)) return [];
    const when = calm ? "although it left once all faults were over" : "and nothing explains it";
    return [`gap: ${taskKey(id)} was dropped as "${reason}" ${when}`];
  });
}
