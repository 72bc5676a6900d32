/** The address that a task is answered to, as text: its generator's, and nobody else's. */

import { parseAddress } from "../runtime/address.js";
import { TEXT_LIMITS } from "./limits.js";

/** Whether `origin` is the address of a generator of the source, on whichever node. */
export function isOriginOf(sourceId: string, origin: unknown): origin is string {
  if (typeof origin !== "string" || origin.length > TEXT_LIMITS.address) return false;
  try {
    return parseAddress(origin).path === `/source-${sourceId}`;
  } catch {
    // Not an address at all.
    return false;
  }
}
