/** What a scheduler decided, beyond its process: what it goes on with as its hub starts again. */

import {
  pipelineKeyText,
  type SourceId,
  type StageId,
  type StageKey,
  type NodeName,
} from "../../task/identity.js";
import type { PlanChange, RememberedPlan } from "../../task/reports.js";
import type { SourceDescription } from "../../task/requests.js";
import type { KeptState } from "../../scheduling/kept-state.js";
import type { Plan } from "../../scheduling/policy.js";
import type { SourceEntry } from "./source-plan.js";

export interface PlanMemoryPort {
  recall(source: SourceId): RememberedPlan | null;
  /** Written soon, along with what else has changed. */
  remember(source: SourceId, plan: RememberedPlan): void;
  /** Of a source that is removed, with all of its changes. */
  forget(source: SourceId): void;
  readonly failures: FailureMemory;
  readonly changes: {
    add(source: SourceId, change: PlanChange): void;
    /** Those at or after, ms since the Unix epoch, oldest first, as far as they are written. */
    since(source: SourceId, sinceMs: number): Promise<readonly PlanChange[]>;
  };
}

/** Stages that a node could not load. */
export interface KeptFailures {
  /** Of what the node offered then: another offer, and they count no more. */
  readonly offer: string;
  readonly stages: readonly {
    readonly stage: StageKey;
    /** For people. */
    readonly reason: string;
    /** ms since the Unix epoch. */
    readonly untilMs: number;
  }[];
}

/** By node, in the order in which they came. A `Map` is one that ends with the process. */
export interface FailureMemory {
  readonly size: number;
  get(node: NodeName): KeptFailures | undefined;
  set(node: NodeName, failures: KeptFailures): unknown;
  delete(node: NodeName): boolean;
  keys(): Iterable<NodeName>;
}

/** What is left of a source from before the process. */
export interface Recalled {
  readonly plan: Plan;
  readonly kept: KeptState | null;
  readonly why: SourceEntry["why"];
}

/** Of a source that walks the same pipeline as then; null of any other. */
export function recall(memory: PlanMemoryPort | null, { id, pipeline }: SourceDescription): Recalled | null {
  const known = memory?.recall(id) ?? null;
  if (known === null) return null;
  const { policy, learned, configuration, placement, pixelsStay, pause, why } = known;
  const walked = pipelineKeyText(pipeline.id, pipeline.version);
  if (`${known.pipelineId}@${known.pipelineVersion}` !== walked) return null;
  const placed = pipeline.stages.map(({ id: stage }): [StageId, readonly NodeName[]] => [
    stage,
    placement[stage] ?? [],
  ]);
  const kept = learned === null ? null : { policy, ...learned };
  const plan = {
    configuration,
    placement: new Map(placed),
    ...(pixelsStay === true && { pixelsStay }),
    ...(pause && { pause }),
  };
  return { plan, kept, why };
}

export function remember(memory: PlanMemoryPort | null, { description, plan, kept, why }: SourceEntry): void {
  if (memory === null || plan === null) return;
  const { id, pipeline, policy } = description;
  memory.remember(id, {
    pipelineId: pipeline.id,
    pipelineVersion: pipeline.version,
    policy,
    learned: kept === null ? null : { version: kept.version, bytes: kept.bytes },
    configuration: plan.configuration,
    placement: Object.fromEntries(plan.placement),
    ...(plan.pixelsStay === true && { pixelsStay: true }),
    ...(plan.pause && { pause: plan.pause }),
    why,
  });
}
