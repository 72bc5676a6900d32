/** Exchanges the refs inside a message for refs of the node that it arrives at; the rest stays as it is. */

import { isActorRef, type ActorRef } from "../runtime/actor-ref.js";

type Bound = { readonly ok: true; readonly value: unknown } | { readonly ok: false };
type Bind = (value: unknown) => unknown;

/** Messages nest no deeper; a cycle ends here too. */
const DEPTH_MAX = 64;

class Unencodable extends Error {}

/**
 * Plain objects, arrays, Maps and Sets are copied only where a ref is below them; bytes and errors are shared.
 *
 * @returns not ok where the message holds what no other node can have: a function, a symbol, an object of a class, a ref
 *          with no address.
 */
export function bindRefs(message: unknown, resolve: (address: string) => ActorRef<never>): Bound {
  let depth = 0;
  const bind: Bind = (value) => {
    if (typeof value === "function" || typeof value === "symbol") throw new Unencodable();
    if (typeof value !== "object" || value === null) return value;
    if (isActorRef(value)) return resolve(value.address);
    if (isShared(value)) return value;
    if (depth >= DEPTH_MAX) throw new Unencodable();
    depth += 1;
    const bound = bindWithin(value, bind);
    depth -= 1;
    return bound;
  };
  try {
    return { ok: true, value: bind(message) };
  } catch {
    // Found to be so, or a getter or the address of a ref threw: to tell never throws, and the dead letter shows which.
    return { ok: false };
  }
}

function isShared(value: object): boolean {
  return (
    ArrayBuffer.isView(value) ||
    value instanceof ArrayBuffer ||
    value instanceof SharedArrayBuffer ||
    value instanceof Error
  );
}

function bindWithin(value: object, bind: Bind): unknown {
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    const bound = items.map(bind);
    return bound.some((item, index) => item !== items[index]) ? bound : value;
  }
  if (value instanceof Map) {
    const entries: (readonly [unknown, unknown])[] = [...value];
    const bound = entries.map(([key, item]) => [bind(key), bind(item)] as const);
    const changed = bound.some(([key, item], at) => key !== entries[at]?.[0] || item !== entries[at]?.[1]);
    return changed ? new Map(bound) : value;
  }
  if (value instanceof Set) {
    const items: unknown[] = [...value];
    const bound = items.map(bind);
    return bound.some((item, index) => item !== items[index]) ? new Set(bound) : value;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) throw new Unencodable();
  let copy: Record<string, unknown> | null = null;
  for (const [key, item] of Object.entries(value)) {
    const bound = bind(item);
    if (bound === item) continue;
    copy ??= { ...value };
    copy[key] = bound;
  }
  return copy ?? value;
}
