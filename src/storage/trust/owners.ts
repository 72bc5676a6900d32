/**
 * To which node each source belongs, and with it which pipeline each version is (`versions.ts`).
 *
 * OW1 A source is the node's that claimed it first, by registering it or with the first task that it vouched for, until that
 *     node removes it or an operator frees it. Who claims it in between is refused.
 *     By either way a node holds so many names at most: nobody takes those that others will want.
 * OW2 Of a source that was removed, its last node may still store what is under way, until another one claims the name. Of
 *     one that an operator has freed nobody speaks until somebody registers it anew.
 * OW3 Whoever has a name after another node does not speak of that one's incarnations.
 * OW4 A name that an operator's order appoints is of the node that was appointed last, or of none for a while: no other node gets it,
 *     and those that had it before are known, so that what they still have is told from what a stranger makes up.
 */

import { z } from "../../runtime/parse.js";
import type { NodeName, SourceId } from "../../task/identity.js";
import { SOURCES_OF_NODE_MAX, TEXT_LIMITS } from "../../task/limits.js";
import type { KeptMap } from "../hub/kept-map.js";
import { nodeName } from "./forms.js";
import type { ClaimedVersion, VersionOwner } from "./versions.js";
import { createVersionOwners } from "./versions.js";

/** Sources that are known in all; of those that were removed the one claimed first is forgotten first. */
const KNOWN_MAX = 20_000;

export interface Owner {
  /** Null of a name that an operator has freed. */
  readonly node: NodeName | null;
  /** The last incarnation of the source that its node has vouched for; 0 before any. */
  readonly incarnation: number;
  /** The last one that was another node's: of those, and of earlier ones, this node does not speak. */
  readonly after: number;
  /** What it walks, `id@version`; empty where the node has only vouched for tasks of it. */
  readonly pipeline: string;
  /** False once the node has removed the source. */
  readonly held: boolean;
  /** Nodes that were appointed before; absent of a name that no order appoints. */
  readonly former?: readonly NodeName[];
}

/** What a node may say of a source. */
type Standing =
  /** The source is its own, and so is the incarnation. */
  | "holder"
  /** It was its own before an operator's order gave it to another node. */
  | "former"
  /** The same, and it is nobody's now. */
  | "between"
  | "none";

const incarnation = z.number().int().min(0);

export const ownerForm = z.object({
  node: nodeName.nullable(),
  held: z.boolean(),
  former: z.array(nodeName).exactOptional(),
  incarnation,
  after: incarnation,
  pipeline: z.string().max(TEXT_LIMITS.pipelineKey),
});

interface Claimed extends ClaimedVersion {
  readonly nowMs: number;
}

export interface SourceOwners {
  /** The node registers the source. @returns whether it is its own now, with the version that it walks */
  claim(source: SourceId, node: NodeName, claimed: Claimed): boolean;
  /** The node to which a version belongs that the source would be another pipeline under; null where it may walk it. */
  versionTakenBy(source: SourceId, node: NodeName, version: ClaimedVersion): NodeName | null;
  /** Whoever registers the version next says which pipeline it is. @returns the node that had it; null where none had */
  freeVersion(pipeline: string): NodeName | null;
  /** The node has vouched for a task of that incarnation of the source. @returns what it is to it */
  confirm(source: SourceId, node: NodeName, incarnation: number): Standing;
  /**
   * An operator's order gives the name to a node, from its next incarnation on; null takes it from whichever has it.
   *
   * @returns incarnations up to this one are of nodes before; null where the node has too many names
   */
  appoint(source: SourceId, node: NodeName | null, nowMs: number): number | null;
  /** Whether an operator's order has given it to that node before another one. */
  wasAppointed(source: SourceId, node: NodeName): boolean;
  /** The node removes the source: another one may have the name. */
  release(source: SourceId, node: NodeName): void;
  /** An operator frees the name: the node speaks for it no more, not even of what is under way. */
  free(source: SourceId, nowMs: number): void;
  /** The node that speaks for the source, also once it has removed it; null where none does, undefined where none ever had it. */
  ownerOf(source: SourceId): NodeName | null | undefined;
  /** The node that holds the source; null where none does. */
  holderOf(source: SourceId): NodeName | null;
}

export interface KnownOwners {
  readonly sources: KeptMap<SourceId, Owner>;
  /** By `id@version`. */
  readonly versions: KeptMap<string, VersionOwner>;
}

/** Nodes that had a name before, and are remembered. */
const FORMER_MAX = 64;
/** How far the clock of a node may be ahead of the hub's, in ms. */
const CLOCKS_APART_MS = 60_000;

/** Once an order has another node for it, or none. */
function formerOf(owner: Owner | undefined): readonly NodeName[] {
  const { node = null, former = [], held = false } = owner ?? {};
  return node === null || !held
    ? former
    : [...former.filter((name) => name !== node), node].slice(-FORMER_MAX);
}

export function createSourceOwners({ sources: known, versions: knownVersions }: KnownOwners): SourceOwners {
  const heldBy = new Map<NodeName, number>();
  for (const { node, held } of known.values()) if (held) count(node, 1);
  const versions = createVersionOwners(knownVersions, (pipeline) => isWalked(pipeline, null));

  function count(node: NodeName | null, change: 1 | -1): void {
    if (node === null) return;
    const held = (heldBy.get(node) ?? 0) + change;
    if (held > 0) heldBy.set(node, held);
    else heldBy.delete(node);
  }

  function hold(source: SourceId, node: NodeName, owner: Omit<Owner, "held" | "node">): boolean {
    if ((heldBy.get(node) ?? 0) >= SOURCES_OF_NODE_MAX || !makeRoom()) return false;
    known.delete(source);
    known.set(source, { ...owner, node, held: true });
    count(node, 1);
    return true;
  }

  function claimSource(source: SourceId, node: NodeName, { nowMs, pipeline }: Claimed): boolean {
    const owner = known.get(source);
    if (owner?.held === true) {
      if (owner.node === node && owner.pipeline !== pipeline) known.set(source, { ...owner, pipeline });
      return owner.node === node;
    }
    if (owner === undefined) return hold(source, node, { after: 0, incarnation: 0, pipeline });
    if (owner.node === node) return hold(source, node, { ...owner, pipeline });
    // Incarnations are numbered by the time: nobody takes those to come from the next one.
    const after = Math.max(owner.after, Math.min(owner.incarnation, nowMs));
    const former = owner.former?.filter((name) => name !== node);
    return hold(source, node, { after, incarnation: 0, pipeline, ...(former && { former }) });
  }

  function appoint(source: SourceId, node: NodeName | null, nowMs: number): number | null {
    const owner = known.get(source);
    if (node !== null && owner?.node === node && owner.held) return owner.after;
    // Incarnations are numbered by the time, and clocks of nodes are no further apart than this.
    const used = Math.max(Math.min(owner?.incarnation ?? 0, nowMs + CLOCKS_APART_MS), nowMs);
    const after = Math.max(owner?.after ?? 0, owner === undefined ? 0 : Math.ceil(used));
    const former = formerOf(owner);
    const appointed = { after, incarnation: 0, pipeline: owner?.pipeline ?? "", former };
    const isFull = node !== null && (heldBy.get(node) ?? 0) >= SOURCES_OF_NODE_MAX;
    if (isFull || (owner === undefined && !makeRoom())) return null;
    if (owner?.held === true) count(owner.node, -1);
    known.set(source, { ...appointed, node, held: true });
    count(node, 1);
    return after;
  }

  function isWalked(pipeline: string, besides: SourceId | null): boolean {
    for (const [source, owner] of known) {
      if (owner.held && owner.pipeline === pipeline && source !== besides) return true;
    }
    return false;
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
    claim: (source, node, claimed) => claimSource(source, node, claimed) && versions.claim(node, claimed),
    versionTakenBy: (source, node, version) =>
      versions.takenBy(node, version, () => isWalked(version.pipeline, source)),
    freeVersion: (pipeline) => versions.free(pipeline),
    confirm(source, node, vouched) {
      const owner = known.get(source);
      if (owner === undefined)
        return hold(source, node, { after: 0, incarnation: vouched, pipeline: "" }) ? "holder" : "none";
      if (owner.node !== node || vouched <= owner.after) {
        if (owner.former?.includes(node) !== true) return "none";
        return owner.node === null && owner.held ? "between" : "former";
      }
      if (vouched > owner.incarnation) known.set(source, { ...owner, incarnation: vouched });
      return "holder";
    },
    appoint,
    wasAppointed(source, node) {
      const owner = known.get(source);
      return owner?.node !== node && owner?.former?.includes(node) === true;
    },
    release(source, node) {
      const owner = known.get(source);
      if (owner?.node !== node || !owner.held) return;
      known.set(source, { ...owner, held: false });
      count(node, -1);
    },
    free(source, nowMs) {
      const owner = known.get(source);
      if (owner === undefined) return;
      if (owner.held) count(owner.node, -1);
      const after = Math.max(owner.after, Math.min(owner.incarnation, nowMs));
      known.set(source, { ...owner, node: null, after, held: false });
    },
    ownerOf: (source) => known.get(source)?.node,
    holderOf(source) {
      const owner = known.get(source);
      return owner?.held === true ? owner.node : null;
    },
  };
}
