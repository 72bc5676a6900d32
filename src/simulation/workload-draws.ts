/** What the nodes of a simulated cluster can run, and what for: drawn from the seed, or as a scenario has it; noted either way. */

import type { ServiceDeclaration } from "../task/service.js";
import type { PolicySpec } from "../task/requests.js";
import type { Prng } from "./prng.js";
import type { Scenario } from "./scenario.js";
import type { ClusterShape } from "./shape.js";
import { createSource, drawPolicy, drawSources, type SimulatedSource } from "./simulated-source.js";
import { SERVICES, servicesOf } from "./workload.js";

type Recorded = Pick<Scenario, "services" | "sources" | "policies">;

export class WorkloadDraws {
  readonly #prng: Prng;
  readonly #shape: ClusterShape;
  readonly #given: Recorded | null;
  readonly #services: Record<string, readonly string[]> = {};
  readonly #policies: Record<string, PolicySpec[]> = {};
  readonly #flushing = new Set<string>();
  #sources: readonly SimulatedSource[] = [];

  /** @param given null draws everything */
  constructor(prng: Prng, shape: ClusterShape, given: Recorded | null) {
    this.#prng = prng;
    this.#shape = shape;
    this.#given = given;
  }

  /** What was drawn so far, as a scenario has it. */
  get recorded(): Recorded {
    const sources = this.#sources.map(({ id, host, candidates, ordered, pipeline, camera }) => ({
      id,
      host,
      ...(candidates.length > 0 && { candidates }),
      ...(ordered && { ordered }),
      pipeline: pipeline.id,
      frames: camera.frames,
    }));
    return { services: this.#services, sources, policies: this.#policies };
  }

  servicesOf(host: string): ReadonlyMap<string, ServiceDeclaration> {
    const names = this.#given?.services[host];
    const services =
      names === undefined
        ? servicesOf(host, this.#prng, this.#shape)
        : new Map([...SERVICES].filter(([name]) => names.includes(name)));
    this.#services[host] = [...services.keys()];
    return services;
  }

  sources(edges: readonly string[]): readonly SimulatedSource[] {
    this.#sources =
      this.#given === null
        ? drawSources(this.#prng, edges, this.#shape)
        : this.#given.sources.map((source) => createSource(source, this.#shape));
    return this.#sources;
  }

  /** That an operator or a fault sets. */
  anyPolicy(
    { id, pipeline }: Pick<SimulatedSource, "id" | "pipeline">,
    members: readonly string[],
  ): PolicySpec {
    return this.#noted(id, drawPolicy(this.#prng, pipeline, members));
  }

  /** Sources of which a policy that they had may have paused them, and flushed their queues. */
  get flushing(): ReadonlySet<string> {
    return this.#flushing;
  }

  #noted(id: string, policy: PolicySpec): PolicySpec {
    if (Number(policy.parameters["pauseMs"] ?? 0) > 0) this.#flushing.add(id);
    return policy;
  }

  /** For the next attempt to add the source. */
  policyOf({ id, pipeline }: SimulatedSource, members: readonly string[]): PolicySpec {
    const noted = (this.#policies[id] ??= []);
    const given = this.#given?.policies[id];
    const policy = given?.[noted.length] ?? given?.at(-1) ?? drawPolicy(this.#prng, pipeline, members);
    noted.push(policy);
    return this.#noted(id, policy);
  }
}
