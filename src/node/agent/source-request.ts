/** Reads a source as an operator asks for it, which is text, into what a node runs. */

import type { SourceRequest } from "../../task/requests.js";
import { parseSource } from "../../actors/generator/spawn.js";
import type { SourceOptions } from "../sources.js";
import { parseConfiguration } from "../../task/configuration.js";
import { parseSourceId } from "../../task/identity.js";
import { parsePipelineFile } from "../../task/pipeline-file.js";
import type { ServiceDeclaration } from "../../task/service.js";

/** @throws SluiceError `source-invalid`, `pipeline-invalid`, `configuration-invalid` */
export function sourceOptionsOf(
  request: SourceRequest,
  services: ReadonlyMap<string, ServiceDeclaration>,
): SourceOptions {
  const file = parsePipelineFile(request.pipeline, request.pipelineName, services);
  const policy = request.policy ?? file.policy;
  return {
    id: parseSourceId(request.id),
    source: parseSource(request.source),
    pipeline: file.pipeline,
    configuration: parseConfiguration(request.configuration, file.configuration),
    ...(policy !== null && { policy }),
    paced: request.paced,
    limit: request.limit,
    request,
  };
}
