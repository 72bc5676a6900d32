/** The last changes of the plan of each source, for whoever asks why. */

import type { SourceId } from "../../task/identity.js";
import type { PlanChange } from "../../task/reports.js";
import type { Plan } from "../../scheduling/policy.js";
import type { SourceEntry } from "./source-plan.js";
import { explained } from "./steered.js";

/** Kept of one source; older ones are forgotten. */
const CHANGES_KEPT = 64;

/** What is told of a change. */
export function changeOf(
  { description, why }: SourceEntry,
  { configuration, placement, pause }: Plan,
  published: Pick<PlanChange, "atMs" | "epoch">,
): PlanChange {
  const { name: policy } = description.policy;
  return {
    ...published,
    policy,
    configuration,
    placement: Object.fromEntries(placement),
    ...(pause && { pause }),
    why: explained(why, description),
  };
}

export class PlanHistory {
  readonly #changes = new Map<SourceId, PlanChange[]>();

  add(source: SourceId, change: PlanChange): void {
    const changes = this.#changes.get(source) ?? [];
    this.#changes.set(source, changes);
    changes.push(change);
    if (changes.length > CHANGES_KEPT) changes.shift();
  }

  since(source: SourceId, sinceMs: number): readonly PlanChange[] {
    return (this.#changes.get(source) ?? []).filter(({ atMs }) => atMs >= sinceMs);
  }

  forget(source: SourceId): void {
    this.#changes.delete(source);
  }
}

/** Those that are written, and those of this process, which may not be yet; each once, in order of their tables. */
export function joinChanges(
  written: readonly PlanChange[],
  own: readonly PlanChange[],
): readonly PlanChange[] {
  const byEpoch = new Map([...written, ...own].map((change) => [change.epoch, change]));
  return [...byEpoch.values()].sort((a, b) => a.epoch - b.epoch);
}
