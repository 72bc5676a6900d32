/**
 * Whether a node ever went back to an older table. Records come in order of storing and not of enqueuing, so what is kept
 * is when each epoch was first and last seen on a node.
 */

import type { NodeName, TaskId } from "../task/identity.js";
import type { Hop } from "../task/task.js";
import { type FindingList, taskText } from "./findings.js";

/** A hop that was enqueued first, or last, under an epoch. */
interface Moment {
  readonly atMs: number;
  readonly task: TaskId;
}

interface Span {
  first: Moment;
  last: Moment;
}

/** Epochs of one node that are distinguished; of more, the lowest ones are taken together. */
const EPOCHS_MAX = 16_384;

export class Epochs {
  readonly #nodes = new Map<NodeName, Map<number, Span>>();

  add(task: TaskId, { node, epoch, enqueuedAtMs }: Hop): void {
    // Before the first table, also after a restart of the node.
    if (epoch === 0) return;
    let spans = this.#nodes.get(node);
    if (spans === undefined) this.#nodes.set(node, (spans = new Map()));
    const moment = { atMs: enqueuedAtMs, task };
    const span = spans.get(epoch);
    if (span === undefined) {
      spans.set(epoch, { first: moment, last: moment });
      if (spans.size > EPOCHS_MAX) mergeLowest(spans);
      return;
    }
    if (enqueuedAtMs < span.first.atMs) span.first = moment;
    if (enqueuedAtMs > span.last.atMs) span.last = moment;
  }

  /** One finding for each epoch of a node that was seen after a higher one, with its last task. */
  settle(clockToleranceMs: number, findings: FindingList): void {
    for (const [node, spans] of this.#nodes) {
      let higher: { readonly epoch: number; readonly first: Moment } | null = null;
      for (const [epoch, { first, last }] of [...spans].sort(([a], [b]) => b - a)) {
        if (higher !== null && last.atMs > higher.first.atMs + clockToleranceMs) {
          const lateMs = (last.atMs - higher.first.atMs).toFixed(3);
          findings.add(
            "epoch",
            last.task,
            `Node "${node}" enqueued it under epoch ${epoch}, ${lateMs} ms after ${taskText(higher.first.task)} under epoch ${higher.epoch}`,
          );
        }
        if (higher === null || first.atMs < higher.first.atMs) higher = { epoch, first };
      }
    }
  }
}

/** Halves the epochs: the lower half becomes one, the highest of them. */
function mergeLowest(spans: Map<number, Span>): void {
  const lower = [...spans.keys()].sort((a, b) => a - b).slice(0, EPOCHS_MAX / 2);
  const highest = lower.at(-1);
  const into = highest === undefined ? undefined : spans.get(highest);
  if (into === undefined) return;
  for (const epoch of lower.slice(0, -1)) {
    const span = spans.get(epoch);
    spans.delete(epoch);
    if (span === undefined) continue;
    if (span.first.atMs < into.first.atMs) into.first = span.first;
    if (span.last.atMs > into.last.atMs) into.last = span.last;
  }
}
