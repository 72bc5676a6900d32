/** The state of a hub that ends with its process. */

import { checkedKey, stateJson, type HubState, type StateEntry, type StateKind } from "./hub-state.js";

export function createMemoryState(): HubState {
  /** As text: whoever gave or takes a value may change it. */
  const kinds = new Map<StateKind, Map<string, string>>();
  return {
    get(kind, key) {
      const json = kinds.get(kind)?.get(checkedKey(key));
      return Promise.resolve(json === undefined ? undefined : parsed(json));
    },
    range(kind, { prefix = "", reverse = false, limit = Infinity } = {}) {
      const keys = [...(kinds.get(kind)?.keys() ?? [])].filter((key) => key.startsWith(prefix)).sort();
      if (reverse) keys.reverse();
      const entries = keys
        .slice(0, limit)
        .map((key): StateEntry => [key, parsed(kinds.get(kind)?.get(key) ?? "null")]);
      return Promise.resolve(entries);
    },
    async write(changes) {
      const checked = changes.map((change) => ({
        kind: change.kind,
        key: checkedKey(change.key),
        json: change.type === "put" ? stateJson(change) : null,
      }));
      for (const { kind, key, json } of checked) {
        const entries = kinds.get(kind) ?? new Map<string, string>();
        kinds.set(kind, entries);
        if (json === null) entries.delete(key);
        else entries.set(key, json);
      }
    },
  };
}

function parsed(json: string): unknown {
  return JSON.parse(json);
}
