/** A task of a source from its making until it is settled, and the forms in which it leaves. */

import type { GivenUp, JournalEntry } from "../../../storage/journal/journal.js";
import type { NodeName, StageId } from "../../../task/identity.js";
import type { Payload } from "../../../task/payload.js";
import type { Pipeline } from "../../../task/pipeline.js";
import type { SourceSpan } from "../../../task/position.js";
import type { Pin, Task } from "../../../task/task.js";
import type { Vouch } from "../../../task/voucher.js";
import { createTask, type NewTask } from "../../../task/walk.js";

export interface Unsettled {
  task: NewTask & { readonly pins: ReadonlyMap<StageId, Pin> };
  /** Of its payload. */
  readonly bytes: number;
  drop: GivenUp | null;
  /** `frameless`: its frames are to be read again. `waiting`: for room. `writing`: to the journal. `held`: for a node. */
  status: "frameless" | "waiting" | "writing" | "held" | "sent";
  /** Above every delivery number of earlier incarnations; 0 where it has had none. */
  readonly deliveredBefore: number;
  /** By this incarnation. */
  deliveries: number;
  sentAtMs: number;
  /** When it is delivered again. */
  dueAtMs: number;
  /** Nodes that may have it. */
  readonly placedOn: Set<NodeName>;
  /** Which part of its source it is of; null of a live one. */
  readonly span: SourceSpan | null;
}

export type UnsettledOptions = Pick<Unsettled, "task" | "span"> & {
  readonly placedOn: readonly NodeName[];
  readonly drop?: GivenUp | null;
  readonly deliveredBefore?: number;
};

export function createUnsettled(options: UnsettledOptions): Unsettled {
  const { task, span, placedOn, drop = null, deliveredBefore = 0 } = options;
  return {
    task,
    bytes: task.payload.frames.reduce((bytes, { data }) => bytes + data.length, 0),
    drop,
    status: "writing",
    deliveredBefore,
    deliveries: 0,
    sentAtMs: 0,
    dueAtMs: 0,
    placedOn: new Set(placedOn),
    span,
  };
}

/** What its next delivery sends: one branch for each root of its pipeline, under a voucher of this delivery. */
export function branchesOf({ task, deliveredBefore, deliveries }: Unsettled, vouch: Vouch): readonly Task[] {
  const branches = createTask({ ...task, delivery: deliveredBefore + deliveries });
  const [first] = branches;
  if (first === undefined) return branches;
  const voucher = vouch(first);
  return branches.map((branch) => ({ ...branch, voucher }));
}

/** What the journal keeps of it: pixels only of a live source, as those of any other are read again. */
export function entryOf({ task, drop, span, deliveredBefore }: Unsettled): JournalEntry {
  const [branch] = createTask({ ...task, delivery: deliveredBefore + 1 });
  if (branch === undefined) throw new TypeError("A pipeline without a root");
  const payload = drop === null && span === null ? task.payload : null;
  return { task: { ...branch, payload }, drop, span };
}

/**
 * A task as the journal kept it, without pixels where its frames are to be read again; `origin` is the generator now. It is
 * vouched for again as it leaves, under the key that its node has then.
 */
export function taskOf({ task }: JournalEntry, pipeline: Pipeline, origin: string): Unsettled["task"] {
  const { id, configuration, sourceAtMs, createdAtMs, joinNodes, pins, traceparent, frames, framesGated } =
    task;
  const { encoding, width, height } = configuration;
  const payload = task.payload ?? { encoding, width, height, frames: withoutPixels(task.framePtsUs) };
  return {
    id,
    pipeline,
    configuration,
    payload,
    ...(frames !== undefined && { frames }),
    ...(framesGated !== undefined && { framesGated }),
    sourceAtMs,
    createdAtMs,
    origin,
    traceparent,
    joinNodes,
    pins,
  };
}

/** Frames without their pixels: of a task whose drop is all that is left to report, or whose frames are to be read again. */
export function withoutPixels(ptsUs: readonly number[]): Payload["frames"] {
  const data = new Uint8Array(0);
  return ptsUs.map((each) => ({ ptsUs: each, data }));
}
