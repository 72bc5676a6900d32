/**
 * What a hub keeps to tell who speaks for which source: the key that those of its nodes are derived from, and to which node
 * each source belongs.
 *
 * OW1 A source is the node's that claimed it first, by registering it or with the first task that it vouched for, until that
 *     node removes it or an operator frees it. Who claims it in between is refused.
 *     By either way a node holds so many names at most: nobody takes those that others will want.
 * OW2 Of a source that was removed, its last node may still store what is under way, until another one claims the name.
 * OW3 Whoever has a name after another node does not speak of that one's incarnations.
 */

import { randomBytes } from "node:crypto";
import type { NodeName, SourceId } from "../../task/identity.js";
import { SOURCES_OF_NODE_MAX } from "../../task/limits.js";
import type { SourceOrders } from "../../task/requests.js";
import { createSourceOrders } from "./orders.js";

export const MASTER_KEY_BYTES = 32;

/** Sources that are known in all; of those that were removed the one claimed first is forgotten first. */
const KNOWN_MAX = 20_000;

export interface Owner {
  readonly node: NodeName;
  /** The last incarnation of the source that its node has vouched for; 0 before any. */
  readonly incarnation: number;
  /** The last one that was another node's: of those, and of earlier ones, this node does not speak. */
  readonly after: number;
  /** What it walks, `id@version`; empty where the node has only vouched for tasks of it. */
  readonly pipeline: string;
  /** False once the node has removed the source. */
  readonly held: boolean;
}

interface Claimed {
  readonly nowMs: number;
  /** `id@version`. */
  readonly pipeline: string;
}

export interface SourceOwners {
  /** The node registers the source. @returns whether it is its own now */
  claim(source: SourceId, node: NodeName, claimed: Claimed): boolean;
  /** Of the sources that are held, the one that has walked the pipeline longest; null where none does. */
  firstWith(pipeline: string): SourceId | null;
  /** The node has vouched for a task of that incarnation of the source. @returns whether it is its own */
  confirm(source: SourceId, node: NodeName, incarnation: number): boolean;
  /** The node removes the source, or an operator frees it: another one may have the name. */
  release(source: SourceId, node: NodeName): void;
  /** The node that holds the source; null where none does. */
  holderOf(source: SourceId): NodeName | null;
}

export interface Trust {
  /** 32 bytes that nobody else knows. */
  readonly masterKey: Uint8Array;
  readonly owners: SourceOwners;
  /** What operators said of sources. */
  readonly orders: SourceOrders;
  /**
   * Resolves once whatever the owners have changed so far is durable; null where it is.
   *
   * @throws SluiceError `store-full`, `store-unwritable`
   */
  readonly written: () => Promise<void> | null;
  /** Waits for what is being written. */
  close(): Promise<void>;
}

/** Ends with the process. @param masterKey default: random */
export function createMemoryTrust(masterKey: Uint8Array = randomBytes(MASTER_KEY_BYTES)): Trust {
  return {
    masterKey,
    owners: createSourceOwners(new Map(), () => {}),
    orders: createSourceOrders(new Map(), () => {}),
    written: () => null,
    close: () => Promise.resolve(),
  };
}

/** @param onChange is called after each change of `known` */
export function createSourceOwners(known: Map<SourceId, Owner>, onChange: () => void): SourceOwners {
  const heldBy = new Map<NodeName, number>();
  for (const { node, held } of known.values()) if (held) count(node, 1);

  function count(node: NodeName, change: 1 | -1): void {
    const held = (heldBy.get(node) ?? 0) + change;
    if (held > 0) heldBy.set(node, held);
    else heldBy.delete(node);
  }

  function hold(source: SourceId, owner: Omit<Owner, "held">): boolean {
    const { node } = owner;
    if ((heldBy.get(node) ?? 0) >= SOURCES_OF_NODE_MAX || !makeRoom()) return false;
    known.delete(source);
    known.set(source, { ...owner, held: true });
    count(node, 1);
    onChange();
    return true;
  }

  /** From now on: whoever has walked that pipeline before was first. */
  function walkAnother(source: SourceId, owner: Owner, pipeline: string): void {
    known.delete(source);
    known.set(source, { ...owner, pipeline });
    onChange();
  }

  function makeRoom(): boolean {
    if (known.size < KNOWN_MAX) return true;
    for (const [source, { held }] of known) {
      if (held) continue;
      known.delete(source);
      return true;
    }
    return false;
  }

  return {
    claim(source, node, { nowMs, pipeline }) {
      const owner = known.get(source);
      if (owner?.held === true) {
        if (owner.node === node && owner.pipeline !== pipeline) walkAnother(source, owner, pipeline);
        return owner.node === node;
      }
      if (owner === undefined) return hold(source, { node, after: 0, incarnation: 0, pipeline });
      if (owner.node === node) return hold(source, { ...owner, pipeline });
      // Incarnations are numbered by the time: nobody takes those to come from the next one.
      const after = Math.max(owner.after, Math.min(owner.incarnation, nowMs));
      return hold(source, { node, after, incarnation: 0, pipeline });
    },
    firstWith(pipeline) {
      for (const [source, owner] of known) if (owner.held && owner.pipeline === pipeline) return source;
      return null;
    },
    confirm(source, node, incarnation) {
      const owner = known.get(source);
      if (owner === undefined) return hold(source, { node, after: 0, incarnation, pipeline: "" });
      if (owner.node !== node || incarnation <= owner.after) return false;
      if (incarnation > owner.incarnation) {
        known.set(source, { ...owner, incarnation });
        onChange();
      }
      return true;
    },
    release(source, node) {
      const owner = known.get(source);
      if (owner?.node !== node || !owner.held) return;
      known.set(source, { ...owner, held: false });
      count(node, -1);
      onChange();
    },
    holderOf(source) {
      const owner = known.get(source);
      return owner?.held === true ? owner.node : null;
    },
  };
}
