/** The hub's state in the database of its records. */

import { checkedKey, stateJson, type HubState, type StateEntry, type StateRange } from "../hub/hub-state.js";
import type { DatabaseKeeper } from "../database-keeper.js";
import type { Operation } from "../database.js";
import { seal as sealText } from "../sealed.js";
import { KEPT_KEY, keptKey, keptRange } from "./level-keys.js";
import type { LoadedStore } from "./level-load.js";
import { decodeCount, decodeKept, seal } from "./record-codec.js";

/** @param keeper of the store */
export function createLevelState(keeper: DatabaseKeeper<LoadedStore>): HubState {
  return {
    get: (kind, key) =>
      keeper.read(async ({ database }) => {
        const at = keptKey(kind, checkedKey(key));
        const text = await database.get(at);
        return text === undefined ? undefined : decodeKept(text, at).value;
      }),
    range: (kind, range = {}) => keeper.read((store) => readRange(store, kind, range)),
    async write(changes) {
      // Of a key only the last change counts.
      const operations = new Map(
        changes.map((change): [string, Operation] => {
          const key = keptKey(change.kind, checkedKey(change.key));
          if (change.type === "delete") return [key, { type: "del", key }];
          return [key, { type: "put", key, value: sealText(stateJson(change)) }];
        }),
      );
      if (operations.size > 0) await keeper.write((store) => writeKept(store, [...operations.values()]));
    },
  };
}

async function readRange(
  { database }: LoadedStore,
  kind: string,
  { prefix = "", reverse = false, limit = Infinity }: StateRange,
): Promise<readonly StateEntry[]> {
  const before = keptKey(kind, "").length;
  const entries: StateEntry[] = [];
  if (limit <= 0) return entries;
  for await (const [key, text] of database.entries({ ...keptRange(kind, prefix), reverse })) {
    entries.push([key.slice(before), decodeKept(text, key).value]);
    if (entries.length >= limit) break;
  }
  return entries;
}

/** Counts what there is, so that a repair can say what is missing. */
async function writeKept({ database }: LoadedStore, operations: readonly Operation[]): Promise<void> {
  const there = await database.getMany([KEPT_KEY, ...operations.map(({ key }) => key)]);
  const [countText, ...before] = there;
  let count = countText === undefined ? 0 : decodeCount(countText, KEPT_KEY);
  for (const [at, { type }] of operations.entries()) {
    const isThere = before[at] !== undefined;
    if (type === "put" && !isThere) count += 1;
    if (type === "del" && isThere) count -= 1;
  }
  await database.write([...operations, { type: "put", key: KEPT_KEY, value: seal(count) }], { sync: true });
}
