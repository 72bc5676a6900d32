/**
 * A subscriber that makes sure that it is pushed every record, once, in order, and no more than it asked for.
 *
 * It asks in two portions for what it can take, and again only once it has all of that: what is not pushed is missed then.
 */

import type { DistributorMessage, SubscriptionEvent } from "../actors/protocol/distributor.js";
import type { ActorRef } from "../runtime/actor-ref.js";
import type { Behaviour } from "../runtime/behaviour.js";

/** Records that it takes at once, in two portions. */
const PORTIONS = [2, 5] as const;
/** Of the first portion, which comes with the subscription. */
export const FIRST_DEMAND = 3;

interface State {
  nextPosition: number;
  /** What it has asked for and not been pushed. */
  asked: number;
}

/** @param onViolation called with what was wrong; @param onRecord with the position after each record */
export function createSubscriber(
  distributor: ActorRef<DistributorMessage>,
  fromPosition: number,
  {
    sourceId,
    deletedTo,
    onViolation,
    onRecord,
  }: {
    /** Of which source alone it wants records; undefined for all. */
    readonly sourceId?: string;
    /** Position behind the last record that may be deleted by now. */
    readonly deletedTo: () => number;
    readonly onViolation: (text: string) => void;
    readonly onRecord: (nextPosition: number) => void;
  },
): Behaviour<State, SubscriptionEvent> {
  return {
    start: () => ({ nextPosition: fromPosition, asked: FIRST_DEMAND }),
    receive(state, event, ctx) {
      if (event.type === "subscriptionFailed") {
        onViolation(`subscription: it failed: ${event.error.message}`);
        return state;
      }
      if (event.type === "recordsExpired") {
        const { fromPosition: from, toPosition: to } = event;
        if (to >= deletedTo() || from > to)
          onViolation(`subscription: records ${from} to ${to} are said to be deleted`);
        if (from !== state.nextPosition && (sourceId === undefined || from < state.nextPosition))
          onViolation(`subscription: ${from} is said to be deleted where ${state.nextPosition} was next`);
        state.nextPosition = to + 1;
        onRecord(state.nextPosition);
        return state;
      }
      const { position, id } = event.record;
      const fits =
        sourceId === undefined
          ? position === state.nextPosition
          : position >= state.nextPosition && id.sourceId === sourceId;
      if (!fits) {
        onViolation(`subscription: record ${position} was pushed where ${state.nextPosition} was next`);
      }
      if (state.asked === 0)
        onViolation(`subscription: record ${position} was pushed to whom asked for none`);
      state.nextPosition = position + 1;
      state.asked -= 1;
      onRecord(state.nextPosition);
      if (state.asked > 0) return state;
      for (const count of PORTIONS) {
        state.asked += count;
        distributor.tell({ type: "demand", subscriber: ctx.self, count });
      }
      return state;
    },
  };
}
