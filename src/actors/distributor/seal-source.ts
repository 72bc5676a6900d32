/**
 * The seal of a source that another node is to capture: after it nothing that its nodes before have made is stored any more, so that
 * what is stored of it adds up without them.
 */

import type { Context } from "../../runtime/behaviour.js";
import type { GeneratorMessage } from "../protocol/generator.js";
import { SluiceError } from "../../task/errors.js";
import { taskKey, type TaskId } from "../../task/identity.js";
import type { Outcome } from "../../task/task.js";
import type { NewRecord } from "../../storage/results/store.js";
import { sealRecord } from "./pending.js";
import { readTail, type SourceTail } from "./source-tail.js";
import type { Message, MessageOf, Seal, State } from "./state.js";
import { onSettled } from "./write-batches.js";

/** Sources that are sealed at a time: a node that goes may have had so many. */
const SEALS_MAX = 1_024;

export function onSealSource(state: State, message: MessageOf<"sealSource">, ctx: Context<Message>): State {
  const { sourceId, replyTo, fromPosition } = message;
  if (fromPosition === null) {
    const { nextPosition } = state.given.store;
    const sealed = { position: null, lastTaskAtMs: null, tasks: 0, nextPosition };
    replyTo.tell({ type: "sourceSealed", sourceId, sealed });
    return state;
  }
  if (state.retained.seals.size >= SEALS_MAX || state.retained.seals.has(sourceId)) {
    const text = `Cannot seal source "${sourceId}" as it is being sealed, or too many others are: try again later`;
    const error = new SluiceError(text, { code: "distributor-busy", retry: "backoff" });
    replyTo.tell({ type: "sealFailed", sourceId, error });
    return state;
  }
  state.retained.seals.set(sourceId, { asked: message, step: "settling", sealed: null });
  return advanceSeals(state, ctx);
}

/** Takes those a step further for which nothing waits to be stored any more. */
export function advanceSeals(state: State, ctx: Context<Message>): State {
  if (state.retained.seals.size === 0) return state;
  const waiting = new Set([...state.retained.pending.values()].map(({ record }) => record.id.sourceId));
  for (const [sourceId, seal] of state.retained.seals) {
    if (waiting.has(sourceId) || seal.step === "reading") continue;
    const { replyTo, fromPosition } = seal.asked;
    if (seal.step === "settling") {
      seal.step = "reading";
      const tail = readTail(state.given.store, sourceId, fromPosition ?? 0);
      ctx.pipe(tail, (result) => ({ type: "tailRead", seal, result }));
    } else if (seal.sealed !== null) {
      state.retained.seals.delete(sourceId);
      const { nextPosition } = state.given.store;
      replyTo.tell({ type: "sourceSealed", sourceId, sealed: { ...seal.sealed, nextPosition } });
    }
  }
  return state;
}

/** Of what was read before a restart nothing is known any more; what a seal has added is stored, or waits to be, and is read with the rest. */
export function resumeSeals(state: State, ctx: Context<Message>): State {
  for (const [sourceId, { asked }] of state.retained.seals) {
    state.retained.seals.set(sourceId, { asked, step: "settling", sealed: null });
  }
  return advanceSeals(state, ctx);
}

export function onTailRead(
  state: State,
  { seal, result }: MessageOf<"tailRead">,
  ctx: Context<Message>,
): State {
  const { sourceId, replyTo } = seal.asked;
  if (!result.ok) {
    state.retained.seals.delete(sourceId);
    replyTo.tell({ type: "sealFailed", sourceId, error: result.error });
    return state;
  }
  const { position, lastTaskAtMs, tasks } = result.reply;
  seal.sealed = { position, lastTaskAtMs, tasks };
  seal.step = "writing";
  for (const record of recordsOf(seal, result.reply, ctx)) {
    onSettled(state, sealRecord(record), ctx);
    if (state.retained.pending.has(taskKey(record.id))) continue;
    // Gaps come first: an incarnation is closed once each of its tasks has a record.
    state.retained.seals.delete(sourceId);
    const text = `Cannot seal source "${sourceId}" as too many records wait to be stored: try again later`;
    const error = new SluiceError(text, { code: "distributor-busy", retry: "backoff" });
    replyTo.tell({ type: "sealFailed", sourceId, error });
    return state;
  }
  return advanceSeals(state, ctx);
}

function* recordsOf(
  { asked: { sourceId, node, reason } }: Seal,
  { unfinished, lastTaskAtMs }: SourceTail,
  ctx: Context<Message>,
): Generator<NewRecord> {
  const common = { storedAtMs: 0 };
  const sourceAtMs = lastTaskAtMs ?? ctx.now();
  const detail = `its node had not finished it: ${reason}`;
  for (const { incarnation, isClosed, created, missing } of unfinished) {
    const idOf = (sequence: number): TaskId => ({ sourceId, incarnation, sequence });
    for (const sequence of missing) {
      const gap = { reason: "hostGone", stage: null, node, sourceAtMs, detail } as const;
      yield { type: "gap", id: idOf(sequence), ...gap, ...common };
    }
    if (!isClosed) yield { type: "closed", id: idOf(created), end: "takenOver", counts: null, ...common };
  }
}

/** Tells the generator of a node that had the source before that what it delivers has ended: so it comes to its end, too. */
export function endForFormer(
  state: State,
  { id, origin }: { readonly id: TaskId; readonly origin: string },
  outcome: Outcome,
  ctx: Context<Message>,
): void {
  if (outcome.status === "dropped") state.retained.superseded += 1;
  ctx.resolve<GeneratorMessage>(origin).tell({ type: "taskSettled", id, outcome }, "control");
}
