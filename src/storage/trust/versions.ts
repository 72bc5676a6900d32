/**
 * Which pipeline each version is.
 *
 * PV1 A version, `id@version`, is the pipeline that was first registered under it, whoever registers it, until its node registers
 *     another one while no other source walks it, or an operator frees it.
 * PV2 A node has so many versions at most, and so have all nodes together. Those that a source walks are never forgotten.
 */

import { z } from "../../runtime/parse.js";
import type { NodeName } from "../../task/identity.js";
import { VERSIONS_OF_NODE_MAX } from "../../task/limits.js";
import type { KeptMap } from "../hub/kept-map.js";
import { nodeName } from "./forms.js";

/** In all. */
const KNOWN_MAX = 20_000;

export interface VersionOwner {
  readonly node: NodeName;
  /** Of the pipeline, as `pipelineDigest` has it. */
  readonly digest: string;
}

export const versionOwnerForm = z.object({ node: nodeName, digest: z.string().max(64) });

export interface ClaimedVersion {
  /** `id@version`. */
  readonly pipeline: string;
  readonly digest: string;
}

export interface VersionOwners {
  /** The node whose pipeline the version is, where that is another one than this node may register; null where it may. */
  takenBy(node: NodeName, version: ClaimedVersion, isWalked: () => boolean): NodeName | null;
  /** Of one that is not taken. @returns false where there are too many */
  claim(node: NodeName, version: ClaimedVersion): boolean;
  free(pipeline: string): NodeName | null;
}

/** @param isWalked whether any source that is held walks the version */
export function createVersionOwners(
  known: KeptMap<string, VersionOwner>,
  isWalked: (pipeline: string) => boolean,
): VersionOwners {
  const countOf = new Map<NodeName, number>();
  for (const { node } of known.values()) count(node, 1);

  function count(node: NodeName, change: 1 | -1): void {
    const versions = (countOf.get(node) ?? 0) + change;
    if (versions > 0) countOf.set(node, versions);
    else countOf.delete(node);
  }

  function forget(pipeline: string, { node }: VersionOwner): void {
    known.delete(pipeline);
    count(node, -1);
  }

  /** Forgets the oldest one that nobody walks, of that node or of any. */
  function makeRoom(of: NodeName | null): boolean {
    for (const [pipeline, owner] of known) {
      if ((of !== null && owner.node !== of) || isWalked(pipeline)) continue;
      forget(pipeline, owner);
      return true;
    }
    return false;
  }

  return {
    takenBy(node, { pipeline, digest }, isWalkedByOthers) {
      const owner = known.get(pipeline);
      if (owner === undefined || owner.digest === digest) return null;
      return owner.node === node && !isWalkedByOthers() ? null : owner.node;
    },
    claim(node, { pipeline, digest }) {
      const owner = known.get(pipeline);
      if (owner !== undefined) {
        if (owner.digest !== digest) known.set(pipeline, { ...owner, digest });
        return true;
      }
      if ((countOf.get(node) ?? 0) >= VERSIONS_OF_NODE_MAX && !makeRoom(node)) return false;
      if (known.size >= KNOWN_MAX && !makeRoom(null)) return false;
      known.set(pipeline, { node, digest });
      count(node, 1);
      return true;
    },
    free(pipeline) {
      const owner = known.get(pipeline);
      if (owner === undefined) return null;
      forget(pipeline, owner);
      return owner.node;
    },
  };
}
