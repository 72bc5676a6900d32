/** How the scheduler learns what belongs to which node. */

import type { NodeName, SourceId } from "../../task/identity.js";

/** To which node a source belongs, whether that node is here or not. */
export interface OwnersPort {
  /** @returns whether the source is the node's from `nowMs` on, and the version what it walks */
  claim(
    source: SourceId,
    node: NodeName,
    claimed: { readonly nowMs: number; readonly pipeline: string; readonly digest: string },
  ): boolean;
  /** The node whose pipeline the version is, `id@version`, where the source would walk another one under it; null where it may. */
  versionTakenBy(
    source: SourceId,
    node: NodeName,
    version: { readonly pipeline: string; readonly digest: string },
  ): NodeName | null;
  /** @returns the node whose pipeline it was; null where it was none's */
  freeVersion(pipeline: string): NodeName | null;
  /**
   * An operator's order gives the source to a node, from its next incarnation on; null takes it from whichever has it.
   *
   * @returns incarnations up to this one are of nodes before; null where the node has too many
   */
  appoint(source: SourceId, node: NodeName | null, nowMs: number): number | null;
  /** Whether an order has given it to that node before another one. */
  wasAppointed(source: SourceId, node: NodeName): boolean;
  /** By its node. */
  release(source: SourceId, node: NodeName): void;
  /** By an operator. */
  free(source: SourceId, nowMs: number): void;
  /** The node that speaks for the source, also once it has removed it; null where none does, undefined where none ever had it. */
  ownerOf(source: SourceId): NodeName | null | undefined;
  /** Null where the name is free. */
  holderOf(source: SourceId): NodeName | null;
}
