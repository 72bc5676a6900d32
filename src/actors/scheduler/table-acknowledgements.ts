/** Which node has which table: what was sent, what was acknowledged, and what is due to be sent again. */

import type { ActorRef } from "../../runtime/actor-ref.js";
import type { ControllerMessage } from "../protocol/controller.js";
import type { NodeName } from "../../task/identity.js";

/** First wait for an acknowledgement, in ms; it doubles with every resend up to `RESEND_MS_MAX`. */
const RESEND_MS_MIN = 500;
const RESEND_MS_MAX = 8_000;
/** Unacknowledged epochs of which a node's send time is remembered. */
const EPOCHS_REMEMBERED = 16;

interface NodeProgress {
  readonly controller: ActorRef<ControllerMessage>;
  /** Newest epoch acknowledged; 0 for none. */
  acknowledged: number;
  /** Refused the table for what it is: nothing more is sent until the node registers again. */
  fenced: boolean;
  /** Sends of the newest epoch. */
  sends: number;
  dueAtMs: number;
  readonly firstSentAtMs: Map<number, number>;
}

export class TableAcknowledgements {
  readonly #nodes = new Map<NodeName, NodeProgress>();

  /** Starts over for a node: whatever table it had is forgotten. */
  add(node: NodeName, controller: ActorRef<ControllerMessage>): void {
    this.#nodes.set(node, {
      controller,
      acknowledged: 0,
      fenced: false,
      sends: 0,
      dueAtMs: 0,
      firstSentAtMs: new Map(),
    });
  }

  /** The node may have lost its table: it is sent the newest one when that is next due. */
  again(name: NodeName): void {
    const node = this.#nodes.get(name);
    if (node === undefined) return;
    node.acknowledged = 0;
    node.fenced = false;
  }

  remove(node: NodeName): void {
    this.#nodes.delete(node);
  }

  /** Nodes that wait for `epoch` and are due at `nowMs`. */
  due(epoch: number, nowMs: number): readonly NodeName[] {
    const due: NodeName[] = [];
    for (const [name, node] of this.#nodes) if (waits(node, epoch) && node.dueAtMs <= nowMs) due.push(name);
    return due;
  }

  /** Time until the next node is due for `epoch`, in ms; null where none waits. */
  nextDueInMs(epoch: number, nowMs: number): number | null {
    let next: number | null = null;
    for (const node of this.#nodes.values()) {
      if (waits(node, epoch)) next = Math.min(next ?? Number.POSITIVE_INFINITY, node.dueAtMs - nowMs);
    }
    return next === null ? null : Math.max(0, next);
  }

  /** Notes that `epoch` goes to `name` now. @returns its controller, or null where the node is to be sent nothing */
  send(name: NodeName, epoch: number, nowMs: number): ActorRef<ControllerMessage> | null {
    const node = this.#nodes.get(name);
    if (node === undefined || node.fenced) return null;
    if (!node.firstSentAtMs.has(epoch)) {
      node.sends = 0;
      node.firstSentAtMs.set(epoch, nowMs);
      const [oldest] = node.firstSentAtMs.keys();
      if (node.firstSentAtMs.size > EPOCHS_REMEMBERED && oldest !== undefined)
        node.firstSentAtMs.delete(oldest);
    }
    node.dueAtMs = nowMs + Math.min(RESEND_MS_MAX, RESEND_MS_MIN * 2 ** node.sends);
    node.sends++;
    return node.controller;
  }

  /** Notes an acknowledgement. @returns how long it took since the first send, in ms; null where it tells nothing new */
  acknowledge(name: NodeName, epoch: number, nowMs: number): number | null {
    const node = this.#nodes.get(name);
    const sentAtMs = node?.firstSentAtMs.get(epoch);
    if (node === undefined || sentAtMs === undefined || epoch <= node.acknowledged) return null;
    node.acknowledged = epoch;
    for (const sent of node.firstSentAtMs.keys()) if (sent <= epoch) node.firstSentAtMs.delete(sent);
    return nowMs - sentAtMs;
  }

  /** Sends the node nothing more. */
  fence(name: NodeName): void {
    const node = this.#nodes.get(name);
    if (node !== undefined) node.fenced = true;
  }

  isFenced(name: NodeName): boolean {
    return this.#nodes.get(name)?.fenced === true;
  }

  has(name: NodeName): boolean {
    return this.#nodes.has(name);
  }

  names(): readonly NodeName[] {
    return [...this.#nodes.keys()];
  }

  acknowledged(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#nodes].map(([name, node]) => [name, node.acknowledged]));
  }
}

function waits(node: NodeProgress, epoch: number): boolean {
  return !node.fenced && node.acknowledged < epoch;
}
