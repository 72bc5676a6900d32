/**
 * The order of each source's tasks at a stateful stage: whose turn it is, and whether the service saw the task before.
 *
 * Turns are ordinals: positions among the tasks of a source that come to this node, without gaps. A task is due when
 * those before it were given out, will not come, or are not waited for any more. One that comes after its turn is due at
 * once: it is run rather than lost, and as neither it nor the task after it followed its predecessor, both results say
 * `restarted`. So no reordering is silent.
 */

import type { SourceId, TaskId } from "../../task/identity.js";

/** A task's position among those of its source. */
export interface Turn {
  readonly sourceId: SourceId;
  readonly incarnation: number;
  readonly ordinal: number;
}

interface SourceOrder {
  incarnation: number;
  /** Ordinal that is due: all before it were given out, skipped or given up. */
  next: number;
  /** Ordinals from `next` on that will not come. */
  readonly skipped: Set<number>;
  /** The last task that the service has finished, while it has kept its state. */
  finished: { readonly incarnation: number; readonly sequence: number } | null;
}

export interface SourceOrders {
  /** Sources remembered at most; the longest idle is forgotten. */
  readonly sourcesMax: number;
  /** Skipped ordinals remembered for a source at most. */
  readonly skippedMax: number;
  /** Longest idle first. */
  readonly sources: Map<SourceId, SourceOrder>;
}

export function createSourceOrders(limits: Pick<SourceOrders, "sourcesMax" | "skippedMax">): SourceOrders {
  return { ...limits, sources: new Map() };
}

/** Whether any task of the source has been here. */
export function isKnown(orders: SourceOrders, sourceId: SourceId): boolean {
  return orders.sources.has(sourceId);
}

/** Whether its turn has come. A new incarnation of a source starts over; of an older one every task is late. */
export function isDue(orders: SourceOrders, { sourceId, incarnation, ordinal }: Turn): boolean {
  const order = orderOf(orders, sourceId, incarnation);
  return incarnation < order.incarnation || ordinal <= order.next;
}

/** The ordinal that this turn waits for; null where it is due. */
export function missingBefore(orders: SourceOrders, turn: Turn): number | null {
  return isDue(orders, turn) ? null : orderOf(orders, turn.sourceId, turn.incarnation).next;
}

/** The task leaves the queue, to be run or dropped. */
export function giveOut(orders: SourceOrders, { sourceId, incarnation, ordinal }: Turn): void {
  const order = orderOf(orders, sourceId, incarnation);
  if (incarnation === order.incarnation) passOver(order, ordinal);
}

/** The task will not come. */
export function skip(orders: SourceOrders, { sourceId, incarnation, ordinal }: Turn): void {
  const order = orderOf(orders, sourceId, incarnation);
  if (incarnation !== order.incarnation) return;
  if (ordinal === order.next) passOver(order, ordinal);
  else if (ordinal > order.next && order.skipped.size < orders.skippedMax) order.skipped.add(ordinal);
}

/** Waits no more for what is missing before this task. */
export function giveUpBefore(orders: SourceOrders, { sourceId, incarnation, ordinal }: Turn): void {
  const order = orderOf(orders, sourceId, incarnation);
  if (incarnation === order.incarnation && ordinal > order.next) passOver(order, ordinal - 1);
}

/** The service has seen this task. */
export function finish(orders: SourceOrders, { sourceId, incarnation, sequence }: TaskId): void {
  orderOf(orders, sourceId, incarnation).finished = { incarnation, sequence };
}

/** The state of the service is lost, for every source. */
export function loseState(orders: SourceOrders): void {
  for (const order of orders.sources.values()) order.finished = null;
}

/** `continued` where the service, with the state that it has, has last finished the task before this one. */
export function continuityOf(
  orders: SourceOrders,
  { sourceId, incarnation, sequence }: TaskId,
): "continued" | "restarted" {
  const { finished } = orderOf(orders, sourceId, incarnation);
  const follows = finished?.incarnation === incarnation && finished.sequence === sequence - 1;
  return follows ? "continued" : "restarted";
}

function passOver(order: SourceOrder, ordinal: number): void {
  if (ordinal < order.next) return;
  order.next = ordinal + 1;
  for (const skipped of order.skipped) if (skipped <= ordinal) order.skipped.delete(skipped);
  while (order.skipped.delete(order.next)) order.next += 1;
}

function orderOf(orders: SourceOrders, sourceId: SourceId, incarnation: number): SourceOrder {
  const order = orders.sources.get(sourceId) ?? newOrder(incarnation);
  if (incarnation > order.incarnation) {
    order.incarnation = incarnation;
    order.next = 0;
    order.skipped.clear();
  }
  orders.sources.delete(sourceId);
  orders.sources.set(sourceId, order);
  if (orders.sources.size > orders.sourcesMax) {
    const [idle] = orders.sources.keys();
    if (idle !== undefined) orders.sources.delete(idle);
  }
  return order;
}

function newOrder(incarnation: number): SourceOrder {
  return { incarnation, next: 0, skipped: new Set(), finished: null };
}
