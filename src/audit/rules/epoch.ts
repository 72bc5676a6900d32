/**
 * Rule `epoch`: no node enqueues a task under a lower epoch than one before. Epoch 0 is before the first table, where a node
 * that restarts is again.
 *
 * Records come in order of storing and not of enqueuing, so what is kept is when each epoch was first and last seen on a node.
 */

import type { NodeName, TaskId } from "../../task/identity.js";
import type { Hop } from "../../task/task.js";
import { type RuleFindings, taskText } from "../findings.js";
import type { AuditRule } from "../rule.js";

export const epoch: AuditRule<"epoch"> = {
  code: "epoch",
  createCheck({ clockToleranceMs }, findings) {
    const epochs = new Epochs();
    return {
      onRecord({ record, repeated }) {
        if (record.type !== "result" || repeated) return;
        for (const hop of record.hops) epochs.add(record.id, hop);
      },
      onEnd: () => epochs.settle(clockToleranceMs, findings),
    };
  },
};

/** A hop that was enqueued first, or last, under an epoch. */
interface Moment {
  readonly atMs: number;
  readonly task: TaskId;
}

interface Span {
  first: Moment;
  last: Moment;
}

/** Epochs of one node that are kept apart; of more, the lowest ones are taken together. */
const EPOCHS_MAX = 16_384;

class Epochs {
  readonly #nodes = new Map<NodeName, Map<number, Span>>();

  add(task: TaskId, { node, epoch: number, enqueuedAtMs }: Hop): void {
    if (number === 0) return;
    let spans = this.#nodes.get(node);
    if (spans === undefined) this.#nodes.set(node, (spans = new Map()));
    const moment = { atMs: enqueuedAtMs, task };
    const span = spans.get(number);
    if (span === undefined) {
      spans.set(number, { first: moment, last: moment });
      if (spans.size > EPOCHS_MAX) mergeLowest(spans);
      return;
    }
    if (enqueuedAtMs < span.first.atMs) span.first = moment;
    if (enqueuedAtMs > span.last.atMs) span.last = moment;
  }

  /** One finding for each epoch of a node that was seen after a higher one, with its last task. */
  settle(clockToleranceMs: number, findings: RuleFindings): void {
    for (const [node, spans] of this.#nodes) {
      let higher: { readonly number: number; readonly first: Moment } | null = null;
      for (const [number, { first, last }] of [...spans].sort(([a], [b]) => b - a)) {
        if (higher !== null && last.atMs > higher.first.atMs + clockToleranceMs) {
          const lateMs = (last.atMs - higher.first.atMs).toFixed(3);
          findings.add(
            last.task,
            `Node "${node}" enqueued it under epoch ${number}, ${lateMs} ms after ${taskText(higher.first.task)} under epoch ${higher.number}`,
          );
        }
        if (higher === null || first.atMs < higher.first.atMs) higher = { number, first };
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
  for (const number of lower.slice(0, -1)) {
    const span = spans.get(number);
    spans.delete(number);
    if (span === undefined) continue;
    if (span.first.atMs < into.first.atMs) into.first = span.first;
    if (span.last.atMs > into.last.atMs) into.last = span.last;
  }
}
