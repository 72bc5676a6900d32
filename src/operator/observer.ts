/**
 * Sums up a run while it goes on: subscribes to the distributor, folds every record into run statistics, and reports them
 * when asked.
 *
 * O1 It asks for more only as it folds, so it never holds more than `FOLLOWER_DEMAND` records.
 * O2 It learns of a task only once the task is durable.
 */

import type { ActorRef } from "../runtime/actor-ref.js";
import type { Behaviour } from "../runtime/behaviour.js";
import type { DistributorMessage, SubscriptionEvent } from "../actors/protocol/distributor.js";
import { pipelineKeyText } from "../task/identity.js";
import type { Pipeline } from "../task/pipeline.js";
import { FOLLOWER_DEMAND, subscribeTo } from "./follower.js";
import {
  addRecord,
  createRunStatistics,
  summarise,
  type RunStatistics,
  type RunSummary,
} from "./run-statistics.js";

export type ObserverMessage =
  | SubscriptionEvent
  /** The node has come back to its hub, which knows no subscription of it any more. */
  | { readonly type: "subscribeAgain" }
  | { readonly type: "reportRun"; readonly replyTo: ActorRef<RunSummary> };

interface State {
  readonly statistics: RunStatistics;
  /** Records folded since the last demand. */
  folded: number;
  /** The position behind the last one. */
  next: number;
}

export interface ObserverOptions {
  readonly distributor: ActorRef<DistributorMessage>;
  /** First position of the run in the store. */
  readonly fromPosition: number;
  /** Pipelines of the run, by `pipelineKeyText`. */
  readonly pipelines: ReadonlyMap<string, Pipeline>;
}

export function createObserver({
  distributor,
  fromPosition,
  pipelines,
}: ObserverOptions): Behaviour<State, ObserverMessage> {
  return {
    start(ctx) {
      distributor.tell(subscribeTo({ fromPosition, sourceId: null }, ctx.self));
      return { statistics: createRunStatistics(), folded: 0, next: fromPosition };
    },
    receive(state, message, ctx) {
      switch (message.type) {
        case "subscribeAgain":
          state.folded = 0;
          distributor.tell(subscribeTo({ fromPosition: state.next, sourceId: null }, ctx.self));
          return state;
        case "record":
          if (message.record.position < state.next) return state;
          state.next = message.record.position + 1;
          addRecord(state.statistics, message.record, ({ pipelineId, pipelineVersion }) =>
            pipelines.get(pipelineKeyText(pipelineId, pipelineVersion)),
          );
          state.folded += 1;
          if (state.folded >= FOLLOWER_DEMAND / 2) {
            distributor.tell({ type: "demand", subscriber: ctx.self, count: state.folded });
            state.folded = 0;
          }
          return state;
        case "recordsExpired":
          ctx.log.warn("Records expired before they were counted", {
            fromPosition: message.fromPosition,
            toPosition: message.toPosition,
          });
          return state;
        case "subscriptionFailed":
          ctx.log.error("Cannot follow the store", { error: message.error.message });
          return state;
        case "reportRun":
          message.replyTo.tell(summarise(state.statistics));
          return state;
        default:
          ctx.unhandled(message);
          return state;
      }
    },
    stop(_state, ctx) {
      distributor.tell({ type: "unsubscribe", subscriber: ctx.self });
    },
  };
}
