/** Hands every event of a subscription to the store to a function of the program around it. */

import type { ActorRef } from "../runtime/actor-ref.js";
import type { Behaviour, Context } from "../runtime/behaviour.js";
import { errorText } from "../runtime/errors.js";
import type { DistributorMessage, SubscriptionEvent } from "../actors/protocol/distributor.js";
import type { SourceId } from "../task/identity.js";

/** Records that are under way to a follower at most: whoever subscribes it asks for so many at first. */
export const FOLLOWER_DEMAND = 256;

/** What a follower follows. */
export interface Followed {
  readonly fromPosition: number;
  /** Null follows every source. */
  readonly sourceId: SourceId | null;
}

/** Besides records: the node has come back to its hub, which knows no subscription of it any more. */
export type FollowerMessage = SubscriptionEvent | { readonly type: "subscribeAgain" };

interface Progress {
  /** Records handed on since it last asked for more. */
  handedOn: number;
  /** The position behind the last one. */
  next: number;
}

/** The message by which a follower comes to its first records. */
export function subscribeTo(
  { fromPosition, sourceId }: Followed,
  subscriber: ActorRef<SubscriptionEvent>,
): Extract<DistributorMessage, { readonly type: "subscribe" }> {
  return {
    type: "subscribe",
    subscriber,
    fromPosition,
    demand: FOLLOWER_DEMAND,
    ...(sourceId !== null && { sourceId }),
  };
}

/** Asks for more as it hands on; what comes a second time, as after `subscribeAgain`, is handed on once. */
export function createFollower(
  distributor: ActorRef<DistributorMessage>,
  listener: (event: SubscriptionEvent) => void,
  followed: Followed = { fromPosition: 0, sourceId: null },
): Behaviour<Progress, FollowerMessage> {
  function told(event: SubscriptionEvent, { log }: Context<FollowerMessage>): void {
    try {
      listener(event);
    } catch (thrown) {
      // A fault of the program: what comes next is told all the same.
      log.error("The follower's listener threw", { event: event.type, error: errorText(thrown) });
    }
  }

  return {
    start: () => ({ handedOn: 0, next: followed.fromPosition }),
    receive(progress, event, ctx) {
      switch (event.type) {
        case "record": {
          const { position } = event.record;
          if (position < progress.next) return progress;
          progress.next = position + 1;
          progress.handedOn += 1;
          told(event, ctx);
          if (progress.handedOn < FOLLOWER_DEMAND / 2) return progress;
          distributor.tell({ type: "demand", subscriber: ctx.self, count: progress.handedOn });
          progress.handedOn = 0;
          return progress;
        }
        case "subscribeAgain":
          progress.handedOn = 0;
          distributor.tell(subscribeTo({ ...followed, fromPosition: progress.next }, ctx.self));
          return progress;
        case "recordsExpired":
          progress.next = Math.max(progress.next, event.toPosition + 1);
          told(event, ctx);
          return progress;
        case "subscriptionFailed":
          told(event, ctx);
          return progress;
        default:
          ctx.unhandled(event);
          return progress;
      }
    },
  };
}
