/** How an operator orders a simulated source: what its node opens for it is that source. */

import type { PolicySpec, SourceRequest } from "../task/requests.js";

/** Any that a node takes: what stands in for it has a pipeline of its own. */
const PIPELINE = "pipeline: stand-in\nversion: 1\nstages:\n  find:\n    service: find\n";

export function stagedRequest(id: string, policy: PolicySpec): SourceRequest {
  return {
    id,
    source: "test:16x16@10,duration=1",
    pipeline: PIPELINE,
    pipelineName: "stand-in.yaml",
    configuration: {},
    policy,
    paced: false,
    limit: null,
  };
}
