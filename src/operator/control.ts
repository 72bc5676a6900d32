/** What whoever runs a cluster does from its cloud: follow a run, set policies, read the table. */

import type { ActorRef } from "../runtime/actor-ref.js";
import type { ActorSystem } from "../runtime/system.js";
import { createObserver, type ObserverMessage } from "./observer.js";
import type { RunSummary } from "./run-statistics.js";
import type { DistributorMessage } from "../actors/protocol/distributor.js";
import type { PolicyReply, SchedulerMessage, TableReported } from "../actors/protocol/scheduler.js";
import type { PolicySpec } from "../task/requests.js";
import type { NodeName, SourceId } from "../task/identity.js";
import type { Pipeline } from "../task/pipeline.js";

export interface Control {
  /** Follows the run from now on: totals, latencies, where stages ran. */
  observe(pipelines: readonly Pipeline[]): { report(): Promise<RunSummary> };
  /** @throws SluiceError `policy-invalid` with the text of what is wrong */
  setPolicy(sourceId: SourceId, policy: PolicySpec): Promise<void>;
  table(): Promise<TableReported>;
}

/** @param fromPosition gives the place in the store that a run that is observed begins at */
export function createControl(system: ActorSystem, cloud: NodeName, fromPosition: () => number): Control {
  const scheduler = system.resolve<SchedulerMessage>(`sluice://${cloud}/scheduler`);
  const distributor = system.resolve<DistributorMessage>(`sluice://${cloud}/distributor`);
  let observers = 0;
  return {
    observe(pipelines) {
      const ref: ActorRef<ObserverMessage> = system.spawn(
        createObserver({
          distributor,
          fromPosition: fromPosition(),
          pipelines: new Map(pipelines.map((pipeline) => [`${pipeline.id}@${pipeline.version}`, pipeline])),
        }),
        { name: `observer-${(observers += 1)}` },
      );
      return {
        report: () =>
          system.ask<ObserverMessage, RunSummary>(ref, (replyTo) => ({ type: "reportRun", replyTo })),
      };
    },

    async setPolicy(sourceId, policy) {
      const reply = await system.ask<SchedulerMessage, PolicyReply>(scheduler, (replyTo) => ({
        type: "setPolicy",
        sourceId,
        policy,
        replyTo,
      }));
      if (reply.type === "policyRefused") throw reply.error;
    },

    table: () =>
      system.ask<SchedulerMessage, TableReported>(scheduler, (replyTo) => ({ type: "reportTable", replyTo })),
  };
}
