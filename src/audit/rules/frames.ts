/**
 * Rule `frames`: of a source that can be read again every frame is in one task. Each task begins at the frame behind the last
 * one of the task before it, also where the next incarnation has recovered what the one before left. Any other incarnation may
 * begin anew, with no frame before its first task.
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
          const anew = first?.frames?.afterUs === null && closings.before(incarnation) !== "recovered";
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

function checkRange(id: TaskId, { afterUs, firstUs, lastUs }: FrameRange, findings: RuleFindings): void {
  if (firstUs > lastUs || (afterUs !== null && afterUs >= firstUs)) {
    findings.add(id, `Its frames are from ${firstUs} to ${lastUs} us, behind one at ${afterUs} us`);
  }
}

function checkJoint(before: TaskFrames, after: TaskFrames, findings: RuleFindings): void {
  if (before.frames === undefined || after.frames === undefined) return;
  const { lastUs } = before.frames;
  const { afterUs } = after.frames;
  if (afterUs === lastUs) return;
  const name = taskText(before.id);
  const from = afterUs === null ? "the beginning" : `${afterUs} us`;
  const where = afterUs === null || afterUs < lastUs ? "two tasks" : "no task";
  findings.add(
    after.id,
    `It was read on from ${from}, and ${name} before it ends at ${lastUs} us: frames are in ${where}`,
  );
}
