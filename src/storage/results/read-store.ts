/** Reads a store that no run has open: for results on the command line, for exports and tests. */

import { resolve } from "node:path";
import type { ResultQuery, StoredRecord } from "../../task/record.js";
import type { StoreStatement } from "../../task/record-chain.js";
import { SluiceError } from "../../task/errors.js";
import type { SourceId } from "../../task/identity.js";
import type { LevelStoreOptions } from "./level-load.js";
import { openLevelStore, openStoreIn } from "./level-store.js";
import { shadowOf } from "../shadow-folder.js";
import { pageAfter, QUERY_LIMIT_DEFAULT, type Store } from "./store.js";

/**
 * Opens the store in the folder `path` and never makes one. level does not read beside a writer, so this locks it like a
 * run, and repairs it where it is damaged. A store that cannot be written, on a read-only or full disk or of another user, is
 * read all the same, by way of a folder of temporary files.
 *
 * @throws SluiceError `store-missing`, `store-locked`, `store-unwritable`, `store-format`, `store-corrupt`
 */
export async function openStoreForReading(
  path: string,
  options: Omit<LevelStoreOptions, "mustExist"> = {},
): Promise<Store> {
  const given = { ...options, mustExist: true };
  try {
    return await openLevelStore(resolve(path), given);
  } catch (error) {
    if (!isUnwritable(error)) throw error;
    const folder = await shadowOf(path);
    try {
      return await openStoreIn(folder, given);
    } catch (unreadable) {
      await folder.release?.();
      throw unreadable;
    }
  }
}

function isUnwritable(error: unknown): boolean {
  return error instanceof SluiceError && (error.code === "store-unwritable" || error.code === "store-full");
}

/** Of one reading by position. */
const SLICE = 1_000;

/**
 * Every record from `fromPosition` on that is there as this begins, in order of position, which a clock that was set back does
 * not change.
 *
 * @throws SluiceError `store-corrupt`
 */
export async function* recordsByPosition(
  store: Pick<Store, "read" | "nextPosition">,
  fromPosition: number,
  sourceId: SourceId | null = null,
): AsyncGenerator<StoredRecord> {
  const { nextPosition: end } = store;
  for (let position = fromPosition; position < end;) {
    const slice = await store.read({
      fromPosition: position,
      limit: SLICE,
      ...(sourceId !== null && { sourceId }),
    });
    yield* slice.records;
    if (slice.nextPosition <= position) return;
    position = slice.nextPosition;
  }
}

/** A place that records come from: pages by query, and what the store says of itself. Both a hub and a store are one. */
export type RecordPlace = Pick<Store, "query" | "statement">;

/**
 * The records that a store has said it holds, in order of position, a page in memory at a time.
 *
 * @throws SluiceError `store-corrupt`
 */
export async function* statedRecords(
  place: Pick<RecordPlace, "query">,
  { firstPosition, nextPosition }: Pick<StoreStatement, "firstPosition" | "nextPosition">,
  sourceId: SourceId | null = null,
): AsyncGenerator<StoredRecord> {
  const query = { fromPosition: firstPosition, ...(sourceId !== null && { sourceId }) };
  for await (const record of iterateRecords(place, query)) {
    if (record.position >= nextPosition) return;
    yield record;
  }
}

/**
 * Every record that the query matches, in order of storing time and then position, a page in memory at a time.
 * `limit` counts over all pages; without it there is no end but the last record.
 *
 * @throws SluiceError `store-corrupt`
 */
export async function* iterateRecords(
  store: Pick<Store, "query">,
  { limit = Infinity, ...query }: ResultQuery = {},
): AsyncGenerator<StoredRecord> {
  let rest: ResultQuery = query;
  for (let left = limit; left > 0;) {
    const { records, more } = await store.query({ ...rest, limit: Math.min(left, QUERY_LIMIT_DEFAULT) });
    yield* records;
    left -= records.length;
    const last = records.at(-1);
    if (!more || last === undefined) return;
    rest = pageAfter(query, last);
  }
}
