/** What the checks of messages on the data path are made of. */

import { parseAddress, type Address } from "../../runtime/address.js";
import { TEXT_LIMITS } from "../../task/limits.js";

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

/** The address in a text, or null. */
export function addressOf(value: unknown): Address | null {
  if (!isText(value, TEXT_LIMITS.address)) return null;
  try {
    return parseAddress(value);
  } catch {
    return null;
  }
}
