/** Checks of outside data that run for every task, where a schema library is too slow. */

import type { SourceId, TaskId } from "./identity.js";
import { NAME } from "./limits.js";
import { isSynthetic, plannedAs } from "./synthetic.js";

export function isName(value: unknown): value is string {
  return typeof value === "string" && NAME.test(value);
}

/** The name of a source, or of a synthetic one that is like it. */
export function isSourceName(value: unknown): value is SourceId {
  // The text behind the mark decides, and there is one mark.
  return typeof value === "string" && NAME.test(isSynthetic(value) ? plannedAs(value as SourceId) : value);
}

/** A whole number from 0 on, exact as a double. */
export function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** A SHA-256 in lower case. */
export function isSha256(value: unknown): value is string {
  return typeof value === "string" && SHA256.test(value);
}

const SHA256 = /^[0-9a-f]{64}$/;

/** Neither NaN nor infinite. */
export function isFiniteNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

/** The id of a task, as far as its types go. */
export function isTaskId(value: unknown): value is TaskId {
  const { sourceId, incarnation, sequence } = Object(value) as Readonly<Record<string, unknown>>;
  return isSourceName(sourceId) && isCount(incarnation) && isCount(sequence);
}
