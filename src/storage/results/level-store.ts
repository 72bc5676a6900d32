/**
 * The store on disk, on level.
 *
 * L1 One writer: `append` and `expire` run one after the other, and positions are given out there alone.
 * L2 A batch is written whole, with everything that is derived from it, and is on disk (`sync`) before it is told of.
 * L3 After a failed write the database is opened anew before the next one: level would go on behind a half-written log
 *    entry, and skip what it wrote there at the next opening.
 * L4 A position counts as given up before its record is deleted, so no reader passes over a hole unawares.
 * L5 Whatever is read is checked; damage is told, marked, and mended at the next write or opening.
 */

import type { SluiceError } from "../../task/errors.js";
import type { ResultQuery, StoredRecord } from "../../task/record.js";
import type { SourceTotals } from "../../task/reports.js";
import type { SourceId, TaskId } from "../../task/identity.js";
import type { Outcome } from "../../task/task.js";
import { folderBytes, storeError, writeBatch, type Database, type Operation } from "../level-database.js";
import {
  DAMAGED_KEY,
  expiredKey,
  identityKey,
  indexKeys,
  positionRange,
  recordKey,
  STATE_KEY,
  TERMS_KEY,
  timeRange,
  totalsKey,
} from "./level-keys.js";
import { loadStore, type LevelStoreOptions, type LoadedStore } from "./level-load.js";
import { scanIndex, scanRecords, type Snapshot } from "./level-scan.js";
import { derivedEntries } from "./mend-store.js";
import {
  decodeIdentity,
  decodeTerms,
  decodeRanges,
  seal,
  type Decoder,
  type StoreState,
} from "./record-codec.js";
import { addSequence, hasSequence, type SequenceRanges } from "./sequence-ranges.js";
import {
  matchesQuery,
  outcomeOf,
  placeRecord,
  queryLimit,
  type Appended,
  type NewRecord,
  type RecordPage,
  type RetentionStep,
  type Slice,
  type Store,
} from "./store.js";
import { countOutcome, NO_TOTALS, totalsBySource } from "./totals.js";

/** Bytes of records in one answer; the rest is asked for again. */
const READ_BYTES_MAX = 8 * 1024 * 1024;

/**
 * Opens the store in the folder `path`, or makes one there; damage is repaired first.
 *
 * @throws SluiceError `store-locked`, `store-unwritable`, `store-full`, `store-format`, `store-corrupt`, `store-missing`
 */
export async function openLevelStore(path: string, options: LevelStoreOptions = {}): Promise<Store> {
  return new LevelStore(path, await loadStore(path, options), options);
}

class LevelStore implements Store {
  readonly name: string;
  readonly #options: LevelStoreOptions;
  #database: Database;
  #state: StoreState;
  #totals: Map<string, SourceTotals>;
  #status: "open" | "failed" | "closed" = "open";
  /** Settles when the last write that was asked for has ended. */
  #lastTurn: Promise<unknown> = Promise.resolve();

  constructor(path: string, { database, state, totals }: LoadedStore, options: LevelStoreOptions) {
    this.name = path;
    this.#options = options;
    this.#database = database;
    this.#state = state;
    this.#totals = totals;
  }

  get firstPosition(): number {
    return this.#state.firstPosition;
  }

  get nextPosition(): number {
    return this.#state.nextPosition;
  }

  get recordCount(): number {
    return this.#state.recordCount;
  }

  append(records: readonly NewRecord[]): Promise<readonly Appended[]> {
    return this.#write(() => this.#append(records));
  }

  expire(step: RetentionStep): Promise<number> {
    return this.#write(() => this.#expire(step));
  }

  read({
    fromPosition,
    limit,
    sourceId,
  }: {
    readonly fromPosition: number;
    readonly limit: number;
    readonly sourceId?: SourceId;
  }): Promise<Slice> {
    return this.#readWith(async (database, snapshot) => {
      const { firstPosition, nextPosition } = this.#state;
      const range = positionRange(Math.max(fromPosition, firstPosition), sourceId);
      const scan = sourceId === undefined ? scanRecords : scanIndex;
      const records: StoredRecord[] = [];
      let bytes = 0;
      let reached = limit > 0 ? Math.max(fromPosition, nextPosition) : fromPosition;
      if (limit > 0) {
        for await (const { record, size } of scan(database, range, snapshot)) {
          records.push(record);
          bytes += size;
          if (records.length >= limit || bytes >= READ_BYTES_MAX) {
            reached = record.position + 1;
            break;
          }
          reached = Math.max(reached, record.position + 1);
        }
      }
      return { records, nextPosition: reached, firstPosition };
    });
  }

  query(query: ResultQuery): Promise<RecordPage> {
    return this.#readWith(async (database, snapshot) => {
      const limit = queryLimit(query);
      const records: StoredRecord[] = [];
      let bytes = 0;
      for await (const { record, size } of scanIndex(database, timeRange(query), snapshot)) {
        if (!matchesQuery(record, query)) continue;
        if (records.length >= limit || bytes >= READ_BYTES_MAX) return { records, more: true };
        records.push(record);
        bytes += size;
      }
      return { records, more: false };
    });
  }

  beginTerm(): Promise<number> {
    return this.#write(async () => {
      const [terms = 0] = await this.#getMany([TERMS_KEY], decodeTerms);
      const put: Operation = { type: "put", key: TERMS_KEY, value: seal(terms + 1) };
      await writeBatch(this.#database, [put], { sync: true });
      return terms + 1;
    });
  }

  totals(): Readonly<Record<string, SourceTotals>> {
    return totalsBySource(this.#totals);
  }

  sizeBytes(): Promise<number> {
    return folderBytes(this.name);
  }

  async close(): Promise<void> {
    this.#status = "closed";
    await this.#lastTurn;
    await this.#database.close();
  }

  async #append(records: readonly NewRecord[]): Promise<readonly Appended[]> {
    const settled = await this.#settledBefore(records);
    const totals = new Map<string, SourceTotals>();
    const operations: Operation[] = [];
    let { nextPosition } = this.#state;
    const appended = records.map((record): Appended => {
      const key = identityKey(record.id);
      const known = settled.get(key);
      const outcome = outcomeOf(record);
      if (known !== undefined) return { status: "existing", outcome: known ?? outcome };
      const stored = placeRecord(record, nextPosition++);
      const { sourceId } = record.id;
      settled.set(key, outcome);
      totals.set(
        sourceId,
        countOutcome(totals.get(sourceId) ?? this.#totals.get(sourceId) ?? NO_TOTALS, outcome),
      );
      operations.push(
        { type: "put", key: recordKey(stored.position), value: seal(stored) },
        ...derivedEntries(stored),
      );
      return { status: "stored", record: stored };
    });
    if (operations.length === 0) return appended;
    const added = nextPosition - this.#state.nextPosition;
    const state = { ...this.#state, nextPosition, recordCount: this.#state.recordCount + added };
    for (const [source, counts] of totals) {
      operations.push({ type: "put", key: totalsKey(source), value: seal(counts) });
    }
    operations.push({ type: "put", key: STATE_KEY, value: seal(state) });
    await writeBatch(this.#database, operations, { sync: true });
    this.#state = state;
    for (const [source, counts] of totals) this.#totals.set(source, counts);
    return appended;
  }

  /**
   * Outcomes of those records whose tasks were settled before, by identity key; null where retention has deleted the
   * record: how the task was settled is gone with it, that it was is not.
   */
  async #settledBefore(records: readonly NewRecord[]): Promise<Map<string, Outcome | null>> {
    const settled = new Map<string, Outcome | null>();
    const keys = records.map(({ id }) => identityKey(id));
    const identities = await this.#getMany(keys, decodeIdentity);
    const unknown = records.filter((_, index) => identities[index] === undefined);
    const expired = await this.#expiredRanges(unknown.map(({ id }) => id));
    for (const [index, record] of records.entries()) {
      const key = identityKey(record.id);
      const identity = identities[index];
      if (identity !== undefined) settled.set(key, identity.outcome);
      else if (hasSequence(expired.get(expiredKey(record.id)) ?? [], record.id.sequence)) {
        settled.set(key, null);
      }
    }
    return settled;
  }

  async #expire({ recordsMax, storedBeforeMs = -Infinity, limit }: RetentionStep): Promise<number> {
    const tooMany = recordsMax === undefined ? 0 : this.#state.recordCount - recordsMax;
    if (tooMany <= 0 && storedBeforeMs === -Infinity) return 0;
    const old: StoredRecord[] = [];
    const snapshot = this.#database.snapshot();
    try {
      const range = positionRange(this.#state.firstPosition);
      for await (const { record } of scanRecords(this.#database, range, snapshot)) {
        if (old.length >= limit || !(old.length < tooMany || record.storedAtMs < storedBeforeMs)) break;
        old.push(record);
      }
    } finally {
      await snapshot.close();
    }
    const last = old.at(-1);
    if (last === undefined) return 0;
    const recordCount = this.#state.recordCount - old.length;
    this.#state = { ...this.#state, firstPosition: last.position + 1, recordCount };
    const expired = await this.#expiredRanges(old.map(({ id }) => id));
    const operations: Operation[] = [{ type: "put", key: STATE_KEY, value: seal(this.#state) }];
    for (const record of old) {
      const stream = expiredKey(record.id);
      expired.set(stream, addSequence(expired.get(stream) ?? [], record.id.sequence));
      for (const key of [recordKey(record.position), identityKey(record.id), ...indexKeys(record)]) {
        operations.push({ type: "del", key });
      }
    }
    for (const [key, ranges] of expired) operations.push({ type: "put", key, value: seal(ranges) });
    await writeBatch(this.#database, operations, { sync: false });
    return old.length;
  }

  /** What retention has deleted of the sources of `ids`, by key. */
  async #expiredRanges(ids: readonly TaskId[]): Promise<Map<string, SequenceRanges>> {
    const keys = [...new Set(ids.map(expiredKey))];
    const ranges = await this.#getMany(keys, decodeRanges);
    const found = new Map<string, SequenceRanges>();
    for (const [index, key] of keys.entries()) found.set(key, ranges[index] ?? []);
    return found;
  }

  async #getMany<Value>(
    keys: readonly string[],
    decode: Decoder<Value>,
  ): Promise<readonly (Value | undefined)[]> {
    if (keys.length === 0) return [];
    const texts: readonly (string | undefined)[] = await this.#database.getMany([...keys]);
    return texts.map((text, index) => (text === undefined ? undefined : decode(text, keys[index] ?? "")));
  }

  #write<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.#lastTurn.then(async () => {
      if (this.#status === "failed") await this.#reopen();
      try {
        return await work();
      } catch (error) {
        throw await this.#failed(storeError(`write to store "${this.name}"`, error));
      }
    });
    this.#lastTurn = turn.catch(() => {}); // whoever asked for the write is told
    return turn;
  }

  /** Reads from one state of the store; `work` takes positions from `#state` before its first await. */
  async #readWith<Result>(
    work: (database: Database, snapshot: Snapshot) => Promise<Result>,
  ): Promise<Result> {
    try {
      const snapshot = this.#database.snapshot();
      try {
        return await work(this.#database, snapshot);
      } finally {
        await snapshot.close();
      }
    } catch (error) {
      const failure = storeError(`read store "${this.name}"`, error);
      throw failure.code === "store-corrupt" ? await this.#failed(failure) : failure;
    }
  }

  /** The next write opens the store anew; damage is marked, so that this mends it, also in another process. */
  async #failed(failure: SluiceError): Promise<SluiceError> {
    if (this.#status === "open") this.#status = "failed";
    if (failure.code === "store-corrupt") {
      // Where even the mark cannot be written, the next opening finds the damage by itself or at the same read.
      await this.#database.put(DAMAGED_KEY, "", { sync: true }).catch(() => {});
    }
    return failure;
  }

  async #reopen(): Promise<void> {
    await this.#database.close().catch(() => {}); // it has failed already
    const { database, state, totals } = await loadStore(this.name, { ...this.#options, mustExist: true });
    this.#database = database;
    this.#state = state;
    this.#totals = totals;
    if (this.#status === "failed") this.#status = "open";
  }
}
