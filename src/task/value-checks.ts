/** Checks of outside data that run for every task, where a schema library is too slow. */

import { NAME } from "./limits.js";

export function isName(value: unknown): value is string {
  return typeof value === "string" && NAME.test(value);
}

/** A whole number from 0 on, exact as a double. */
export function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** Neither NaN nor infinite. */
export function isFiniteNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}
