/**
 * Reads records off the database in the order of a key range, checked, and only as far as the reader goes.
 *
 * level passes over a block that it cannot read and says so only at the end of the range. A reader that stops before is
 * therefore taken to the end: without a read, but not without the failure.
 */

import { Buffer } from "node:buffer";
import type { StoredRecord } from "../../task/record.js";
import type { Cursor, Database, KeyRange, Snapshot } from "../database.js";
import { positionAtEnd, recordKey } from "./level-keys.js";
import { damaged, decodeRecord } from "./record-codec.js";

export interface Found {
  readonly record: StoredRecord;
  /** Bytes of the stored value. */
  readonly size: number;
}

/** Entries fetched at once; the database bounds their bytes, too. */
const CHUNK_ENTRIES = 256;

/** The records of a range of record keys. @throws SluiceError `store-corrupt` */
export async function* scanRecords(
  database: Database,
  range: KeyRange,
  snapshot: Snapshot,
): AsyncGenerator<Found> {
  const iterator = database.entries(range, { snapshot });
  try {
    for (;;) {
      const entries = await iterator.nextv(CHUNK_ENTRIES);
      if (entries.length === 0) return;
      for (const [key, text] of entries) yield decode(key, text);
    }
  } finally {
    await end(iterator, range);
  }
}

/** The records that a range of index keys points to. @throws SluiceError `store-corrupt` */
export async function* scanIndex(
  database: Database,
  range: KeyRange,
  snapshot: Snapshot,
): AsyncGenerator<Found> {
  const iterator = database.keys(range, { snapshot });
  try {
    // A reader of one record does not pay for a chunk of them.
    for (let chunk = 16; ; chunk = Math.min(chunk * 4, CHUNK_ENTRIES)) {
      const entries = await iterator.nextv(chunk);
      if (entries.length === 0) return;
      const keys = entries.map((key) => recordKey(positionAtEnd(key)));
      const texts: readonly (string | undefined)[] = await database.getMany(keys, { snapshot });
      for (const [index, key] of keys.entries()) {
        const text = texts[index];
        if (text === undefined) throw damaged(key);
        yield decode(key, text);
      }
    }
  } finally {
    await end(iterator, range);
  }
}

/** Closes the iterator. @throws an error of level where it has passed over something */
async function end(iterator: Cursor<unknown>, { gte, lt, reverse = false }: KeyRange): Promise<void> {
  try {
    iterator.seek(reverse ? gte : lt);
    await iterator.nextv(1);
  } finally {
    await iterator.close();
  }
}

function decode(key: string, text: string): Found {
  const record = decodeRecord(text, key);
  if (record.position !== positionAtEnd(key)) throw damaged(key);
  return { record, size: Buffer.byteLength(text) };
}
