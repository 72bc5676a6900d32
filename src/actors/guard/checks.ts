/** What the checks of messages on the data path are made of. */

import { parseAddress } from "../../runtime/address.js";
import { TASK_LIMITS, TEXT_LIMITS } from "../../task/limits.js";
import { isCount } from "../../task/value-checks.js";

/** What a message is not, in words. */
export class Malformed extends Error {}

export type Fields = Readonly<Record<string, unknown>>;

export function wanted(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Malformed(`wanted ${what}`);
}

export function fields(value: unknown, what: string): Fields {
  wanted(typeof value === "object" && value !== null && !Array.isArray(value), what);
  // Plain data from the codec: an object is a record.
  return value as Fields;
}

export function isText(value: unknown, lengthMax: number): value is string {
  return typeof value === "string" && value.length <= lengthMax;
}

export function list(value: unknown, lengthMax: number, what: string): readonly unknown[] {
  wanted(Array.isArray(value) && value.length <= lengthMax, `${what}: a list of at most ${lengthMax}`);
  return value;
}

export function mapOf(value: unknown, sizeMax: number, what: string): ReadonlyMap<unknown, unknown> {
  wanted(value instanceof Map && value.size <= sizeMax, `${what}: a map of at most ${sizeMax}`);
  return value;
}

/** The name of the node in an address, or null where the text is none. */
export function nodeOf(address: unknown): string | null {
  if (!isText(address, TEXT_LIMITS.address)) return null;
  try {
    return parseAddress(address).node;
  } catch {
    return null;
  }
}

/** A whole number of things that a task, a source or a store counts. */
export function isBoundedCount(value: unknown): value is number {
  return isCount(value) && value <= TASK_LIMITS.countMax;
}

/**
 * Whether `value` is what JSON can say, and no larger.
 *
 * @param sizeMax characters of its texts and keys, with 8 for each value
 */
export function isPlain(value: unknown, sizeMax: number): boolean {
  let left = sizeMax;
  const open: unknown[] = [value];
  while (open.length > 0) {
    const item = open.pop();
    left -= 8;
    if (typeof item === "string") {
      left -= item.length;
    } else if (Array.isArray(item)) {
      if (item.length > left) return false;
      for (const inside of item as readonly unknown[]) open.push(inside);
    } else if (typeof item === "object" && item !== null) {
      const prototype: unknown = Object.getPrototypeOf(item);
      if (prototype !== Object.prototype && prototype !== null) return false;
      for (const [key, inside] of Object.entries(item)) {
        left -= key.length;
        if (left < 0) return false;
        open.push(inside);
      }
    } else if (typeof item !== "boolean" && typeof item !== "number" && item !== null && item !== undefined) {
      return false;
    }
    if (left < 0) return false;
  }
  return true;
}
