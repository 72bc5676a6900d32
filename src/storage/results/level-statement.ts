/** What the store on disk says of itself, under its key. */

import {
  CHAIN_START,
  signStatement,
  type ExpiredTasks,
  type StoreStatement,
} from "../../task/record-chain.js";
import { allOf, expiredOf } from "./level-keys.js";
import type { LoadedStore } from "./level-load.js";
import { decodeRanges } from "./record-codec.js";
import { totalsBySource } from "./totals.js";

/** Not while the store is written. @throws SluiceError `store-corrupt` */
export async function readStatement(
  { database, state, totals }: LoadedStore,
  key: Uint8Array,
): Promise<StoreStatement> {
  const { firstPosition, nextPosition, recordCount } = state;
  const { firstChain = CHAIN_START, lastChain = CHAIN_START } = state;
  const settled = totalsBySource(new Map(totals));
  const expired: ExpiredTasks[] = [];
  for await (const [name, text] of database.entries(allOf("x"))) {
    expired.push({ ...expiredOf(name), sequences: decodeRanges(text, name) });
  }
  const said = { firstPosition, firstChain, nextPosition, lastChain, recordCount, totals: settled, expired };
  return signStatement(said, key);
}
