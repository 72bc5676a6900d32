/** Reads a source as an operator asks for it, which is text, into what a node runs. */

import type { SourceRequest } from "../../task/requests.js";
import { admitSource, type SourcePolicy } from "../../actors/generator/source-policy.js";
import type { SourceOptions } from "../sources.js";
import { parseConfiguration } from "../../task/configuration.js";
import { parseSourceId } from "../../task/identity.js";
import type { ServiceDeclaration } from "../../task/service.js";
import type { ReadPipeline } from "./read-pipeline.js";

/** What a node has to read a request with. */
export interface RequestContext {
  readonly services: ReadonlyMap<string, ServiceDeclaration>;
  readonly readPipeline: ReadPipeline;
  /** What it may be had to open. */
  readonly sourcePolicy: SourcePolicy | "any";
  /** What stands in for what is asked for. Default null: nothing does. */
  readonly stagedSource?: ((asked: SourceOptions) => SourceOptions) | null;
}

/** @throws SluiceError `source-invalid`, `source-refused`, `pipeline-invalid`, `configuration-invalid` */
export async function sourceOptionsOf(
  request: SourceRequest,
  { services, readPipeline, sourcePolicy, stagedSource = null }: RequestContext,
): Promise<SourceOptions> {
  const file = await readPipeline(request.pipeline, request.pipelineName, services);
  const source = await admitSource(request.source, sourcePolicy);
  const policy = request.policy ?? file.policy;
  const asked: SourceOptions = {
    id: parseSourceId(request.id),
    source,
    pipeline: file.pipeline,
    configuration: parseConfiguration(request.configuration, file.configuration),
    ...(policy !== null && { policy }),
    ...(file.space && { space: file.space }),
    ...(file.slo && { slo: file.slo }),
    ...(file.standby !== undefined && { standby: file.standby }),
    paced: request.paced,
    limit: request.limit,
    ...(request.window && { window: request.window }),
    ...(request.livePolicy && { livePolicy: request.livePolicy }),
    request,
  };
  return stagedSource?.(asked) ?? asked;
}
