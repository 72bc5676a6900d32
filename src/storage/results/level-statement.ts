/** What the store on disk says of itself, under its key. */

import {
  CHAIN_START,
  signStatement,
  type ExpiredTasks,
  type StoreStatement,
} from "../../task/record-chain.js";
import { allOf, expiredOf } from "./level-keys.js";
import type { LoadedStore } from "./level-load.js";
import { decodeRanges, decodeTail } from "./record-codec.js";
import { totalsBySource } from "./totals.js";

/** Not while the store is written. @throws SluiceError `store-corrupt` */
export async function readStatement(
  { database, state, totals }: LoadedStore,
  key: Uint8Array,
): Promise<StoreStatement> {
  const { firstPosition, nextPosition, recordCount } = state;
  const { firstChain = CHAIN_START, lastChain = CHAIN_START } = state;
  const settled = totalsBySource(new Map(totals));
  const byKey = new Map<string, ExpiredTasks>();
  for await (const [name, text] of database.entries(allOf("x"))) {
    byKey.set(keyWithin(name), { ...expiredOf(name), sequences: decodeRanges(text, name) });
  }
  // The end of an incarnation without a task has no sequence.
  for await (const [name, text] of database.entries(allOf("e"))) {
    if (decodeTail(text, name).end !== "takenOver") continue;
    const { sequences = [] } = byKey.get(keyWithin(name)) ?? {};
    byKey.set(keyWithin(name), { ...expiredOf(name), sequences, takenOver: true });
  }
  const expired = [...byKey.values()];
  const said = { firstPosition, firstChain, nextPosition, lastChain, recordCount, totals: settled, expired };
  return signStatement(said, key);
}

/** Source and incarnation. */
function keyWithin(name: string): string {
  return name.slice(2);
}
