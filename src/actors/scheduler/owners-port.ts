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
  /** By its node. */
  release(source: SourceId, node: NodeName): void;
  /** By an operator. */
  free(source: SourceId, nowMs: number): void;
  /** Null where the name is free. */
  holderOf(source: SourceId): NodeName | null;
}
