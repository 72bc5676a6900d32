/** Pushing to subscribers: from the store up to what is newest, then each record as it is stored. */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { Context } from "../../runtime/behaviour.js";
import { CodedError } from "../../runtime/errors.js";
import { SluiceError } from "../../task/errors.js";
import type { SubscriptionEvent } from "../protocol/distributor.js";
import type { Message, MessageOf, State } from "./state.js";
import { pushSlice, type Subscription } from "./subscription.js";

/** Records read for one subscriber at once. */
const READ_RECORDS_MAX = 256;
const READ_RETRY_MS = 1_000;
const SUBSCRIBERS_MAX = 1_000;
/** Of one node, so that nobody takes all places. */
const SUBSCRIBERS_OF_NODE_MAX = 64;
/** Records that one may have asked for and not been pushed yet. */
const DEMAND_MAX = 1_000_000;

export function onSubscribe(
  state: State,
  { subscriber, fromPosition, sourceId, demand }: MessageOf<"subscribe">,
  ctx: Context<Message>,
): State {
  const { address } = subscriber;
  const { subscriptions } = state.retained;
  const beside = ofNode(subscriptions.keys(), address);
  const full = subscriptions.size >= SUBSCRIBERS_MAX || beside >= SUBSCRIBERS_OF_NODE_MAX;
  if (full && !subscriptions.has(address)) {
    const error = new SluiceError(
      `Cannot subscribe "${address}" at "${state.given.node}" as ${subscriptions.size} others, ${beside} of that node, are subscribed: try again once one has left`,
      { code: "distributor-busy", retry: "backoff" },
    );
    subscriber.tell({ type: "subscriptionFailed", error });
    return state;
  }
  const subscription: Subscription = {
    subscriber,
    sourceId,
    nextPosition: fromPosition,
    demand,
    reading: false,
  };
  if (!subscriptions.has(address)) watch(subscriber, ctx);
  subscriptions.set(address, subscription);
  readOn(state, subscription, ctx);
  return state;
}

/** How many of the addresses are on the node of this one. */
function ofNode(addresses: Iterable<string>, address: string): number {
  const node = address.slice(0, address.indexOf("/", "sluice://".length) + 1);
  let count = 0;
  for (const other of addresses) if (other.startsWith(node)) count += 1;
  return count;
}

/** Goes on after a restart: watches and reads ended with the state before. */
export function resumeSubscribers(state: State, ctx: Context<Message>): void {
  for (const subscription of state.retained.subscriptions.values()) {
    watch(subscription.subscriber, ctx);
    subscription.reading = false;
    readOn(state, subscription, ctx);
  }
}

function watch(subscriber: ActorRef<SubscriptionEvent>, ctx: Context<Message>): void {
  ctx.watch(subscriber, () => ({ type: "subscriberGone", address: subscriber.address }));
}

export function onDemand(
  state: State,
  { subscriber, count }: MessageOf<"demand">,
  ctx: Context<Message>,
): State {
  const subscription = state.retained.subscriptions.get(subscriber.address);
  if (subscription === undefined || !(count > 0)) return state;
  subscription.demand = Math.min(subscription.demand + count, DEMAND_MAX);
  readOn(state, subscription, ctx);
  return state;
}

export function onUnsubscribe(
  state: State,
  subscriber: ActorRef<SubscriptionEvent>,
  ctx: Context<Message>,
): State {
  ctx.unwatch(subscriber);
  return onSubscriberGone(state, subscriber.address, ctx);
}

export function onSubscriberGone(state: State, address: string, ctx: Context<Message>): State {
  state.retained.subscriptions.delete(address);
  ctx.cancel(`read ${address}`);
  return state;
}

/** Reads from the store for a subscriber that asks for more than it has been pushed. */
export function readOn(state: State, subscription: Subscription, ctx: Context<Message>): void {
  const { reading, demand, nextPosition, sourceId } = subscription;
  if (reading || demand <= 0 || nextPosition >= state.given.store.nextPosition) return;
  subscription.reading = true;
  const slice = state.given.store.read({
    fromPosition: nextPosition,
    limit: Math.min(demand, READ_RECORDS_MAX),
    ...(sourceId === undefined ? {} : { sourceId }),
  });
  ctx.pipe(slice, (result) => ({ type: "sliceRead", subscription, result }));
}

export function onSliceRead(
  state: State,
  { subscription, result }: MessageOf<"sliceRead">,
  ctx: Context<Message>,
): State {
  const { subscriber } = subscription;
  const { address } = subscriber;
  if (state.retained.subscriptions.get(address) !== subscription) return state;
  if (result.ok) {
    subscription.reading = false;
    pushSlice(subscription, result.reply);
    readOn(state, subscription, ctx);
    return state;
  }
  const { error } = result;
  if (error instanceof CodedError && error.retry === "backoff") {
    ctx.after(`read ${address}`, READ_RETRY_MS, { type: "readDue", subscription });
    return state;
  }
  subscriber.tell({ type: "subscriptionFailed", error });
  return onUnsubscribe(state, subscriber, ctx);
}

export function onReadDue(state: State, subscription: Subscription, ctx: Context<Message>): State {
  if (state.retained.subscriptions.get(subscription.subscriber.address) !== subscription) return state;
  subscription.reading = false;
  readOn(state, subscription, ctx);
  return state;
}
