/** How many frames the tasks of a source must have, for what its pipeline runs. */

import { DEFAULT_CONFIGURATION, type Configuration } from "../task/configuration.js";
import { SluiceError } from "../task/errors.js";
import type { Pipeline } from "../task/pipeline.js";
import type { ServiceDeclaration } from "../task/service.js";
import type { ConfigurationSpace } from "../task/configuration-space.js";
import type { SourceId } from "../task/identity.js";

function framesMinOf(service: string, services: ReadonlyMap<string, ServiceDeclaration>): number {
  return services.get(service)?.framesMin ?? 1;
}

/** As every service of a pipeline needs. */
export function framesMinFor(
  { stages }: Pipeline,
  services: ReadonlyMap<string, ServiceDeclaration>,
): number {
  return Math.max(...stages.map(({ service }) => framesMinOf(service, services)));
}

/** A task has as many frames as every service of its pipeline needs, whatever a policy may choose. */
export function checkFrames(
  {
    id,
    pipeline,
    configuration = DEFAULT_CONFIGURATION,
    space,
  }: {
    readonly id: SourceId;
    readonly pipeline: Pipeline;
    readonly configuration?: Configuration;
    readonly space?: ConfigurationSpace;
  },
  services: ReadonlyMap<string, ServiceDeclaration>,
): void {
  const frames = Math.min(configuration.framesPerTask, ...(space?.framesPerTask ?? []));
  for (const { service } of pipeline.stages) {
    const wanted = framesMinOf(service, services);
    if (frames >= wanted) continue;
    throw new SluiceError(
      `Cannot add source "${id}" as "${service}" needs ${wanted} frames in a task, and its tasks have ${frames}: set ` +
        `framesPerTask (--frames-per-task) to ${wanted} or more`,
      { code: "configuration-invalid" },
    );
  }
}
