/** Which stages which nodes could not load, and until when they are not asked to try again. */

import { placeText } from "../../scheduling/plan.js";
import { stageKeyText, type NodeName } from "../../task/identity.js";
import type { StageFailure } from "../../task/offers.js";
import type { Pipeline } from "../../task/pipeline.js";
import { stageKeysOf } from "../../task/variants.js";

/** A node is not asked sooner than this, whatever it says, nor later, ms. */
const RETRY_MS = { min: 1_000, max: 3_600_000 };
/** Of one node; beyond them the oldest is forgotten. */
const FAILURES_MAX = 256;

interface Exclusion extends StageFailure {
  readonly untilMs: number;
}

const NONE: ReadonlyMap<string, ReadonlySet<NodeName>> = new Map();

export class Exclusions {
  /** By node, and then `pipeline@version/stage:variant`. */
  readonly #nodes = new Map<NodeName, Map<string, Exclusion>>();

  /** @returns whether the stage was not excluded there at `nowMs` */
  add(node: NodeName, failure: StageFailure, nowMs: number): boolean {
    const failures = this.#nodes.get(node) ?? new Map<string, Exclusion>();
    this.#nodes.set(node, failures);
    const text = stageKeyText(failure.stage);
    const isNew = (failures.get(text)?.untilMs ?? -Infinity) <= nowMs;
    const retryInMs = Math.min(RETRY_MS.max, Math.max(RETRY_MS.min, failure.retryInMs));
    failures.delete(text);
    failures.set(text, { ...failure, untilMs: nowMs + retryInMs });
    const [oldest] = failures.keys();
    if (failures.size > FAILURES_MAX && oldest !== undefined) failures.delete(oldest);
    return isNew;
  }

  forget(node: NodeName): void {
    this.#nodes.delete(node);
  }

  /** For each stage of a pipeline, and each of its variants, the nodes on which it failed. @see placeText */
  among(pipeline: Pipeline, nowMs: number): ReadonlyMap<string, ReadonlySet<NodeName>> {
    if (this.#nodes.size === 0) return NONE;
    const found = new Map<string, Set<NodeName>>();
    for (const key of pipeline.stages.flatMap((stage) => stageKeysOf(pipeline, stage))) {
      const text = stageKeyText(key);
      for (const [node, failures] of this.#nodes) {
        if ((failures.get(text)?.untilMs ?? -Infinity) <= nowMs) continue;
        const place = placeText({ ...key, id: key.stage });
        found.set(place, (found.get(place) ?? new Set()).add(node));
      }
    }
    return found;
  }

  of(node: NodeName, nowMs: number): readonly StageFailure[] {
    return [...(this.#nodes.get(node)?.values() ?? [])]
      .filter(({ untilMs }) => untilMs > nowMs)
      .map(({ stage, reason, untilMs }) => ({ stage, reason, retryInMs: Math.ceil(untilMs - nowMs) }));
  }
}
