/**
 * Rule `frames`: of a source that can be read again every frame is in one task, or was passed over by its sampling, or was gated, by
 * the numbers of frames in the source. Each task begins behind the last frame of the task before it, also where the next incarnation
 * has recovered what the one before left. Any other incarnation may begin anew, with no frame before its first task.
 */

import type { SourceId, TaskId } from "../../task/identity.js";
import type { StoredClosing } from "../../task/record.js";
import type { FrameRange } from "../../task/task.js";
import { type IncarnationId, type RuleFindings, taskText } from "../findings.js";
import { Neighbours } from "../neighbours.js";
import type { AuditRule } from "../rule.js";

/** A task and its frames, which are not known of a live source. */
interface TaskFrames {
  readonly id: TaskId;
  readonly frames: FrameRange | undefined;
}

export const frames: AuditRule<"frames"> = {
  code: "frames",
  createCheck(_, findings) {
    const closings = new Closings();
    const tasks = new Neighbours<TaskFrames>((before, after) => checkJoint(before, after, findings));
    return {
      onRecord({ record, sound, repeated }) {
        if (!sound || repeated) return;
        if (record.type === "closed") {
          closings.add(record);
          return;
        }
        const { id, frames: range } = record;
        if (range !== undefined) checkRange(id, range, findings);
        tasks.add(id, { id, frames: range });
      },
      onEnd() {
        const last = new Map<SourceId, TaskFrames>();
        for (const { first, last: end, ...incarnation } of tasks.ends()) {
          const before = last.get(incarnation.sourceId);
          // Where nothing says how the one before has ended, it may have begun anew.
          const anew = first?.frames?.after === null && closings.before(incarnation) !== "recovered";
          if (before !== undefined && first !== null && !anew) checkJoint(before, first, findings);
          if (end !== null) last.set(incarnation.sourceId, end.value);
        }
      },
    };
  },
};

/** How incarnations have ended. */
class Closings {
  readonly #sources = new Map<SourceId, StoredClosing[]>();

  add(closing: StoredClosing): void {
    const { sourceId } = closing.id;
    const own = this.#sources.get(sourceId) ?? [];
    this.#sources.set(sourceId, own);
    own.push(closing);
  }

  /** How the newest one before an incarnation has ended, as far as closings say so. */
  before({ sourceId, incarnation }: IncarnationId): StoredClosing["end"] | null {
    let newest: StoredClosing | null = null;
    for (const closing of this.#sources.get(sourceId) ?? []) {
      if (closing.id.incarnation >= incarnation) continue;
      if (newest === null || closing.id.incarnation > newest.id.incarnation) newest = closing;
    }
    return newest?.end ?? null;
  }
}

function checkRange(
  id: TaskId,
  { after, first, last, passedOver, gated = 0 }: FrameRange,
  findings: RuleFindings,
): void {
  const between = last - (after ?? -1) - 1;
  if (first <= last && first > (after ?? -1) && passedOver + gated <= between) return;
  findings.add(
    id,
    `Its frames are ${first} to ${last}, behind ${after ?? "the beginning"}, with ${passedOver} passed over and ${gated} gated`,
  );
}

function checkJoint(before: TaskFrames, after: TaskFrames, findings: RuleFindings): void {
  if (before.frames === undefined || after.frames === undefined) return;
  const { last } = before.frames;
  const { after: from } = after.frames;
  if (from === last) return;
  const name = taskText(before.id);
  const where = from === null || from < last ? "two tasks" : "no task";
  findings.add(
    after.id,
    `It was read on from ${from === null ? "the beginning" : `frame ${from}`}, and ${name} before it ends at frame ${last}: frames are in ${where}`,
  );
}
