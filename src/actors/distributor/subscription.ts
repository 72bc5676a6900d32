/**
 * One subscriber's place in the store: what it has been pushed, and what it has asked for.
 *
 * Records go out in order of position, from the batch just stored where the subscriber has everything before it, and
 * from the store where it has not. Both advance the one `nextPosition`, so nothing is pushed twice or passed over.
 */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { StoredRecord } from "../../task/record.js";
import type { SubscriptionEvent } from "../protocol/distributor.js";
import type { SourceId } from "../../task/identity.js";
import type { Slice } from "../../storage/results/store.js";

export interface Subscription {
  readonly subscriber: ActorRef<SubscriptionEvent>;
  readonly sourceId: SourceId | undefined;
  /** Everything before it was pushed, is of another source, or was reported as expired. */
  nextPosition: number;
  /** Records that may still be pushed. */
  demand: number;
  /** A read of the store is under way; what is stored meanwhile waits for it. */
  reading: boolean;
}

/** Pushes what was just stored to a subscriber that has all before it and asks for more. `stored` is in order of position. */
export function pushStored(subscription: Subscription, stored: readonly StoredRecord[]): void {
  const first = stored[0];
  if (first === undefined || subscription.reading || subscription.nextPosition < first.position) return;
  for (const record of stored) {
    if (record.position < subscription.nextPosition) continue;
    const wanted = subscription.sourceId === undefined || record.id.sourceId === subscription.sourceId;
    if (wanted && !push(subscription, record)) return;
    subscription.nextPosition = record.position + 1;
  }
}

/** Pushes what was read from the store for this subscriber, and reports what retention took before. */
export function pushSlice(subscription: Subscription, { records, nextPosition, firstPosition }: Slice): void {
  if (firstPosition > subscription.nextPosition) {
    subscription.subscriber.tell({
      type: "recordsExpired",
      fromPosition: subscription.nextPosition,
      toPosition: firstPosition - 1,
    });
    subscription.nextPosition = firstPosition;
  }
  for (const record of records) {
    if (!push(subscription, record)) return;
    subscription.nextPosition = record.position + 1;
  }
  subscription.nextPosition = Math.max(subscription.nextPosition, nextPosition);
}

function push(subscription: Subscription, record: StoredRecord): boolean {
  if (subscription.demand <= 0) return false;
  subscription.demand -= 1;
  subscription.subscriber.tell({ type: "record", record });
  return true;
}
