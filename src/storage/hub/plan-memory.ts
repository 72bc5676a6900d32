/**
 * What a hub decided of its sources, beyond its process: the plan of each with what its policy has learned, how the plan has
 * changed, and which stages nodes could not load.
 *
 * PM1 A hub that starts again goes on with the plan that was in force, unless its source walks another pipeline now.
 * PM2 Of each source the newest changes are kept, by number and age; those of a source that is removed are deleted.
 */

import { Buffer } from "node:buffer";
import { z } from "../../runtime/parse.js";
import { parseConfiguration } from "../../task/configuration.js";
import {
  parseNodeName,
  parsePipelineId,
  parseSourceId,
  parseStageId,
  type NodeName,
  type SourceId,
} from "../../task/identity.js";
import { NAME } from "../../task/limits.js";
import type { PlanChange, RememberedPlan } from "../../task/reports.js";
import { nodeName } from "../trust/forms.js";
import type { HubState } from "./hub-state.js";
import { openKeptMap, type KeptMap } from "./kept-map.js";
import { createPlanChanges, type ChangeLimits, type PlanChanges } from "./plan-changes.js";
import { createStateWriter, type StateWriterOptions } from "./state-writer.js";

interface PlanMemory {
  /** By source, as `remember` left them. */
  recall(source: SourceId): RememberedPlan | null;
  remember(source: SourceId, plan: RememberedPlan): void;
  /** Of a source that is removed. */
  forget(source: SourceId): void;
  readonly changes: PlanChanges;
  /** Stages that nodes could not load. */
  readonly failures: KeptMap<NodeName, FailuresForm>;
}

export interface OpenPlanMemory extends PlanMemory {
  close(): Promise<void>;
}

/** As many as a scheduler has sources; beyond them the oldest is forgotten. */
const PLANS_MAX = 10_000;

const explanation = z.object({
  reason: z.string(),
  inputs: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
});
const configuration = z.record(z.string(), z.unknown()).transform((knobs) => parseConfiguration(knobs));
const placement = z.record(z.string(), z.array(nodeName));

const pause = z.object({ reason: z.string(), flushes: z.boolean() });

const changeForm: z.ZodType<PlanChange> = z.object({
  atMs: z.number(),
  epoch: z.number(),
  policy: z.string(),
  configuration,
  placement,
  pause: pause.exactOptional(),
  why: explanation,
});

const policy = z.object({ name: z.string(), parameters: z.record(z.string(), z.unknown()) });

/** With bytes as base64. */
const form = z.object({
  pipelineId: z.string(),
  pipelineVersion: z.number(),
  policy: policy.extend({ shadow: policy.exactOptional() }),
  learned: z.object({ version: z.string(), bytes: z.base64() }).nullable(),
  configuration,
  placement,
  pixelsStay: z.boolean().exactOptional(),
  pause: pause.exactOptional(),
  why: explanation,
});

const failuresForm = z.object({
  offer: z.string(),
  stages: z.array(
    z.object({
      stage: z.object({
        pipelineId: z.string().regex(NAME).transform(parsePipelineId),
        pipelineVersion: z.number(),
        stage: z.string().regex(NAME).transform(parseStageId),
        variant: z.string().exactOptional(),
      }),
      reason: z.string(),
      untilMs: z.number(),
    }),
  ),
});

type FailuresForm = z.output<typeof failuresForm>;
type Form = z.output<typeof form>;

/** @throws SluiceError `store-corrupt`, `store-format` */
export async function openPlanMemory(
  state: HubState,
  options: StateWriterOptions & { readonly changes?: Partial<ChangeLimits> },
): Promise<OpenPlanMemory> {
  const writer = createStateWriter(state, options);
  const plans = await openKeptMap<SourceId, Form>({
    kind: "policy",
    state,
    writer,
    keyOf: parseSourceId,
    form,
  });
  const changes = createPlanChanges(
    { state, writer, now: () => options.clock.now(), form: changeForm },
    options.changes,
  );
  const failures = await openKeptMap<NodeName, FailuresForm>({
    kind: "failure",
    state,
    writer,
    keyOf: parseNodeName,
    form: failuresForm,
  });
  return { ...createPlanMemory(plans, changes), failures, close: () => writer.close() };
}

function createPlanMemory(
  plans: KeptMap<SourceId, Form>,
  changes: PlanChanges,
): Omit<PlanMemory, "failures"> {
  return {
    changes,
    recall(source) {
      const known = plans.get(source);
      return known === undefined ? null : recalled(known);
    },
    remember(source, plan) {
      plans.set(source, kept(plan));
      const [oldest] = plans.keys();
      if (plans.size > PLANS_MAX && oldest !== undefined) plans.delete(oldest);
    },
    forget(source) {
      plans.delete(source);
      changes.forget(source);
    },
  };
}

function recalled({ learned, ...plan }: Form): RememberedPlan {
  if (learned === null) return { ...plan, learned };
  const { version, bytes } = learned;
  return { ...plan, learned: { version, bytes: new Uint8Array(Buffer.from(bytes, "base64")) } };
}

function kept({ learned, placement: placed, ...plan }: RememberedPlan): Form {
  const copied: Record<string, NodeName[]> = {};
  for (const [stage, nodes] of Object.entries(placed)) copied[stage] = [...nodes];
  if (learned === null) return { ...plan, placement: copied, learned };
  const { version, bytes } = learned;
  return { ...plan, placement: copied, learned: { version, bytes: Buffer.from(bytes).toString("base64") } };
}
