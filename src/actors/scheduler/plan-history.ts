/** The last changes of the plan of each source, for whoever asks why. */

import type { SourceId } from "../../task/identity.js";
import type { PlanChange } from "../../task/reports.js";
import type { SourceEntry } from "./source-plan.js";

/** Kept of one source; older ones are forgotten. */
const CHANGES_KEPT = 64;

export class PlanHistory {
  readonly #changes = new Map<SourceId, PlanChange[]>();

  add({ description, plan, why }: SourceEntry, { atMs, epoch }: Pick<PlanChange, "atMs" | "epoch">): void {
    if (plan === null) return;
    const { configuration, placement } = plan;
    const changes = this.#changes.get(description.id) ?? [];
    this.#changes.set(description.id, changes);
    const placed = Object.fromEntries(placement);
    changes.push({ atMs, epoch, policy: description.policy.name, configuration, placement: placed, why });
    if (changes.length > CHANGES_KEPT) changes.shift();
  }

  since(source: SourceId, sinceMs: number): readonly PlanChange[] {
    return (this.#changes.get(source) ?? []).filter(({ atMs }) => atMs >= sinceMs);
  }

  forget(source: SourceId): void {
    this.#changes.delete(source);
  }
}
