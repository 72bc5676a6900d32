/** Hands every event of a subscription to the store to a function of the program around it. */

import type { ActorRef } from "../runtime/actor-ref.js";
import type { Behaviour, Context } from "../runtime/behaviour.js";
import { errorText } from "../runtime/errors.js";
import type { DistributorMessage, SubscriptionEvent } from "../actors/protocol/distributor.js";

/** Records that are under way to a follower at most: whoever subscribes it asks for so many at first. */
export const FOLLOWER_DEMAND = 256;

/** Asks for more as it hands on. Its state is how many records it has handed on since it last did. */
export function createFollower(
  distributor: ActorRef<DistributorMessage>,
  listener: (event: SubscriptionEvent) => void,
): Behaviour<number, SubscriptionEvent> {
  function told(event: SubscriptionEvent, { log }: Context<SubscriptionEvent>): void {
    try {
      listener(event);
    } catch (thrown) {
      // A fault of the program: what comes next is told all the same.
      log.error("The follower's listener threw", { event: event.type, error: errorText(thrown) });
    }
  }

  return {
    start: () => 0,
    receive(handedOn, event, ctx) {
      switch (event.type) {
        case "record":
          told(event, ctx);
          if (handedOn + 1 < FOLLOWER_DEMAND / 2) return handedOn + 1;
          distributor.tell({ type: "demand", subscriber: ctx.self, count: handedOn + 1 });
          return 0;
        case "recordsExpired":
        case "subscriptionFailed":
          told(event, ctx);
          return handedOn;
        default:
          ctx.unhandled(event);
          return handedOn;
      }
    },
  };
}
