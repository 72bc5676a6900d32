/** For whoever stands before a store. */

import type { Store } from "../storage/results/store.js";

/** A method works on the store itself, not on what stands before it. */
export function propertyOf(store: Store, property: string | symbol): unknown {
  const value = Reflect.get(store, property, store) as unknown;
  return typeof value === "function" ? (value.bind(store) as unknown) : value;
}
