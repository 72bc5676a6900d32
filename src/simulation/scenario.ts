/**
 * A simulated run as plain data: the shape of its cluster, its workload and its faults. A seed says less with every change of
 * the code that draws from it, and a finding would be gone with it; a scenario goes on saying the same. What is none of this,
 * such as delays, is still drawn from its seed.
 */

import { parseWith, z } from "../runtime/parse.js";
import type { PolicySpec } from "../task/requests.js";
import { FAULTS, type Fault } from "./fault-plan.js";
import { UNIFORM_SHAPE, type ClusterShape } from "./shape.js";

export interface ScenarioSource {
  readonly id: string;
  readonly host: string;
  /** Where its host is empty: those that may capture it. */
  readonly candidates?: readonly string[];
  /** An operator adds it. Default false. */
  readonly ordered?: boolean;
  /** Id of one of the pipelines of simulated sources. */
  readonly pipeline: string;
  /** That it has; null of a live one. */
  readonly frames: number | null;
}

export interface Scenario {
  /** For people: what it has found. */
  readonly about: string;
  readonly seed: number;
  readonly shape: ClusterShape;
  /** Names of the services of each host. */
  readonly services: Readonly<Record<string, readonly string[]>>;
  readonly sources: readonly ScenarioSource[];
  /** Of each source, for one attempt to add it after the other; the last one holds for all that follow. */
  readonly policies: Readonly<Record<string, readonly PolicySpec[]>>;
  /** In order of time; ms since the Unix epoch of the simulation. */
  readonly faults: readonly Fault[];
}

const fault = z.enum(FAULTS);
const numbers = z.record(z.string(), z.number());
const policy = z.object({ name: z.string(), parameters: z.record(z.string(), z.unknown()) });

const form = z.strictObject({
  about: z.string().min(1),
  seed: z.number().int().min(0),
  shape: z.looseObject({
    faults: z.array(fault),
    edges: z.number().int().min(1),
    link: numbers,
    flush: numbers,
    delivery: numbers,
  }),
  services: z.record(z.string(), z.array(z.string())),
  sources: z.array(
    z.object({
      id: z.string(),
      host: z.string(),
      candidates: z.array(z.string()).exactOptional(),
      ordered: z.boolean().exactOptional(),
      pipeline: z.string(),
      frames: z.number().int().nullable(),
    }),
  ),
  policies: z.record(z.string(), z.array(policy).min(1)),
  faults: z.array(z.object({ kind: fault, atMs: z.number(), host: z.string(), lastsMs: z.number() })),
});

/**
 * A scenario from the text of its file. What its shape does not say is as in `UNIFORM_SHAPE`, so that a file outlives what is
 * added to shapes.
 *
 * @throws RangeError where it is none
 */
export function parseScenario(text: string): Scenario {
  const parsed = parseWith(form, JSON.parse(text) as unknown);
  if (!parsed.ok) throw new RangeError(`Cannot play the scenario: ${parsed.problem}`);
  return { ...parsed.value, shape: { ...UNIFORM_SHAPE, ...parsed.value.shape } };
}
