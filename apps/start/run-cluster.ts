/** The cluster of a run, in one process or several: the run treats both alike. */

import { SERVICES } from "../../src/services/catalogue.js";
import type { Control } from "../../src/operator/control.js";
import type { Store } from "../../src/storage/results/store.js";
import { startLocalCluster } from "../../src/node/local-cluster.js";
import type { LedgerReported } from "../../src/task/reports.js";
import type { NodeEvent } from "../../src/actors/protocol/generator.js";
import type { SchedulerEvent } from "../../src/actors/protocol/scheduler.js";
import type { SourceRequest } from "../../src/task/requests.js";
import { readPipelineHere } from "../../src/node/agent/read-pipeline.js";
import { sourceOptionsOf } from "../../src/node/agent/source-request.js";
import type { Logger } from "../../src/runtime/log.js";

export interface RunNode {
  readonly name: string;
  readonly role: "cloud" | "edge";
  readonly pid: number;
}

export interface RunCluster extends Control {
  /** The cloud first, then the edges. */
  readonly nodes: readonly RunNode[];
  /** The link that signs one browser in to its page; null where it has none. */
  readonly page: string | null;
  /** Starts a source on an edge of its own, as far as there are edges. @throws an error with a code */
  addSource(request: SourceRequest, edge: string): Promise<void>;
  ledgers(): Promise<readonly LedgerReported[]>;
  /** Captures no more and resolves once every task is settled. */
  drain(): Promise<void>;
  terminate(): Promise<void>;
}

export interface RunClusterOptions {
  readonly store: Store;
  readonly modelDir: string | null;
  readonly log: Logger;
  readonly onEvent: (event: NodeEvent) => void;
  readonly onSchedule: (event: SchedulerEvent) => void;
  /** The cluster has failed and is of no more use. */
  readonly onFailure: (error: Error) => void;
}

/** An edge and a cloud in this process. */
export async function startSingle(options: RunClusterOptions): Promise<RunCluster> {
  const cluster = await startLocalCluster({ ...options, services: SERVICES });
  return {
    ...cluster,
    page: null,
    nodes: [cluster.cloud, ...cluster.edges].map(({ name }, index) => ({
      name,
      role: index === 0 ? "cloud" : "edge",
      pid: process.pid,
    })),
    addSource: async (request) =>
      cluster.addSource(
        await sourceOptionsOf(request, {
          services: SERVICES,
          readPipeline: readPipelineHere,
          sourcePolicy: "any",
        }),
      ),
  };
}
