/** The address that a task is answered to, as text: its generator's, and nobody else's. */

import { parseAddress } from "../runtime/address.js";
import type { NodeName } from "./identity.js";
import { TEXT_LIMITS } from "./limits.js";
import type { Task } from "./task.js";

/** The node of a generator of the source, where `origin` is the address of one; null where it is not. */
export function originNode(sourceId: string, origin: unknown): NodeName | null {
  if (typeof origin !== "string" || origin.length > TEXT_LIMITS.address) return null;
  try {
    const { node, path } = parseAddress(origin);
    return path === `/source-${sourceId}` ? node : null;
  } catch {
    // Not an address at all.
    return null;
  }
}

/** Whose a task is: the node in its origin, in whose share it stands wherever room is short. */
export function ownerOf({ id, origin }: Pick<Task, "id" | "origin">): string {
  return originNode(id.sourceId, origin) ?? "";
}

/** Whether `origin` is the address of a generator of the source, on whichever node. */
export function isOriginOf(sourceId: string, origin: unknown): origin is string {
  return originNode(sourceId, origin) !== null;
}
