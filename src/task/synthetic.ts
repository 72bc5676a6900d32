/**
 * Synthetic sources: their tasks measure a cluster. They walk as those of a source do, by its plan, and are none of its results.
 *
 * The mark is part of the identity of each task, in a form that no name which a user gives can have: so whoever sees one knows what it is,
 * and nobody can have a real one taken for it or the other way round.
 */

import type { SourceId } from "./identity.js";

const MARK = "$";

/** The synthetic source that is like another one. */
export function syntheticOf(like: SourceId): SourceId {
  return `${MARK}${like}` as SourceId; // A name with a mark is an id of its own kind.
}

export function isSynthetic(sourceId: string): boolean {
  return sourceId.startsWith(MARK);
}

/** The source by whose plan its tasks walk: itself, or the one that it is like. */
export function plannedAs(sourceId: SourceId): SourceId {
  return isSynthetic(sourceId) ? (sourceId.slice(MARK.length) as SourceId) : sourceId;
}

/** Of an order to measure. */
export const PROBE_LIMITS = {
  /** Tasks a second, above 0. */
  perSecondMax: 200,
  /** Tasks in all, 1 or more. */
  tasksMax: 10_000,
  /** Tasks under way at once; while there are so many none is made. */
  underWayMax: 32,
} as const;
