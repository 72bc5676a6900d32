/** The entries of a record in the database: the record itself, and what is derived from it so that it is found. */

import type { StoredRecord } from "../../task/record.js";
import type { Operation } from "../database.js";
import { identityKey, indexKeys, recordKey } from "./level-keys.js";
import { seal } from "./record-codec.js";
import { outcomeOf } from "./store.js";

/** Its identity and its places in the indexes, which can be rebuilt from the record. */
export function putDerivedEntries(record: StoredRecord): Operation[] {
  const { id, position } = record;
  return [
    ...indexKeys(record).map((key): Operation => ({ type: "put", key, value: "" })),
    { type: "put", key: identityKey(id), value: seal({ position, outcome: outcomeOf(record) }) },
  ];
}

export function deleteRecord(record: StoredRecord): Operation[] {
  const keys = [recordKey(record.position), identityKey(record.id), ...indexKeys(record)];
  return keys.map((key) => ({ type: "del", key }));
}
