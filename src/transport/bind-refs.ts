/** Replaces the refs inside a message with refs of the receiving node; everything else stays as it is. */

import { isActorRef, type ActorRef } from "../runtime/actor-ref.js";
import { DEPTH_MAX } from "./codec/message-limits.js";
import { UnencodableError } from "./codec/unencodable.js";

type Bound = { readonly ok: true; readonly value: unknown } | { readonly ok: false };
type Bind = (value: unknown) => unknown;

/**
 * Plain objects, arrays, Maps and Sets are copied only where a ref is below them; bytes and errors are shared.
 *
 * @returns not ok if the message contains what another node cannot have: a function, a symbol, an object of a class, a ref
 *          without an address
 */
export function bindRefs(message: unknown, resolve: (address: string) => ActorRef<never>): Bound {
  let depth = 0;
  const bind: Bind = (value) => {
    if (typeof value === "function" || typeof value === "symbol") throw new UnencodableError();
    if (typeof value !== "object" || value === null) return value;
    if (isActorRef(value)) return resolve(value.address);
    if (isShared(value)) return value;
    if (depth >= DEPTH_MAX) throw new UnencodableError();
    depth += 1;
    const bound = bindWithin(value, bind);
    depth -= 1;
    return bound;
  };
  try {
    return { ok: true, value: bind(message) };
  } catch {
    // It contains what cannot cross, or a getter or an address threw: tell never throws, and the dead letter shows the message.
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
  if (prototype !== Object.prototype && prototype !== null) throw new UnencodableError();
  let copy: Record<string, unknown> | null = null;
  for (const [key, item] of Object.entries(value)) {
    const bound = bind(item);
    if (bound === item) continue;
    copy ??= { ...value };
    copy[key] = bound;
  }
  return copy ?? value;
}
