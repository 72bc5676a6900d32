/**
 * The store on disk, on level.
 *
 * LS1 One writer: `append` and `expire` run one after the other, and positions are given out there alone.
 * LS2 A batch is written whole, with everything that is derived from it, and is on disk (`sync`) before it is acknowledged.
 * LS3 After a failed write the database is opened again before the next one: level would go on behind a half-written log
 *     entry, and skip what it wrote there at the next opening.
 * LS4 A position counts as given up before its record is deleted, so no reader passes over a hole unawares.
 * LS5 Whatever is read is checked; damage is reported, marked, and repaired at the next write or opening.
 */

import type { SluiceError } from "../../task/errors.js";
import type { ResultQuery } from "../../task/record.js";
import type { StoreStatement } from "../../task/record-chain.js";
import type { SourceTotals } from "../../task/reports.js";
import { folderBytes, storeError, writeBatch } from "../level-database.js";
import { appendRecords } from "./level-append.js";
import { expireRecords } from "./level-expire.js";
import { readStatement } from "./level-statement.js";
import { DAMAGED_KEY, TERMS_KEY } from "./level-keys.js";
import { loadStore, type LevelStoreOptions, type LoadedStore } from "./level-load.js";
import { readPage, readSlice } from "./level-read.js";
import type { Snapshot } from "./level-scan.js";
import { decodeTerms, seal } from "./record-codec.js";
import type { Appended, NewRecord, RecordPage, RetentionStep, Slice, SliceRequest, Store } from "./store.js";
import { totalsBySource } from "./totals.js";

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
  #loaded: LoadedStore;
  #status: "open" | "failed" | "closed" = "open";
  /** Settles when the last write that was asked for has ended. */
  #lastWrite: Promise<unknown> = Promise.resolve();

  constructor(path: string, loaded: LoadedStore, options: LevelStoreOptions) {
    this.name = path;
    this.#options = options;
    this.#loaded = loaded;
  }

  get firstPosition(): number {
    return this.#loaded.state.firstPosition;
  }

  get nextPosition(): number {
    return this.#loaded.state.nextPosition;
  }

  get recordCount(): number {
    return this.#loaded.state.recordCount;
  }

  append(records: readonly NewRecord[]): Promise<readonly Appended[]> {
    return this.#write((loaded) => appendRecords(loaded, records));
  }

  expire(step: RetentionStep): Promise<number> {
    return this.#write((loaded) => expireRecords(loaded, step));
  }

  read(request: SliceRequest): Promise<Slice> {
    return this.#read((loaded, snapshot) => readSlice(loaded, snapshot, request));
  }

  query(query: ResultQuery): Promise<RecordPage> {
    return this.#read((loaded, snapshot) => readPage(loaded, snapshot, query));
  }

  beginTerm(): Promise<number> {
    return this.#write(async ({ database }) => {
      const text: string | undefined = await database.get(TERMS_KEY);
      const term = (text === undefined ? 0 : decodeTerms(text, TERMS_KEY)) + 1;
      await writeBatch(database, [{ type: "put", key: TERMS_KEY, value: seal(term) }], { sync: true });
      return term;
    });
  }

  totals(): Readonly<Record<string, SourceTotals>> {
    return totalsBySource(this.#loaded.totals);
  }

  statement(): Promise<StoreStatement> {
    // Between two writes, so that all parts of it are of one moment.
    return this.#write((loaded) => readStatement(loaded, this.name));
  }

  sizeBytes(): Promise<number> {
    return folderBytes(this.name);
  }

  async close(): Promise<void> {
    this.#status = "closed";
    await this.#lastWrite;
    await this.#loaded.database.close();
  }

  #write<Result>(work: (loaded: LoadedStore) => Promise<Result>): Promise<Result> {
    const write = this.#lastWrite.then(async () => {
      if (this.#status === "failed") await this.#reopen();
      try {
        return await work(this.#loaded);
      } catch (error) {
        throw await this.#failed(storeError(`write to store "${this.name}"`, error));
      }
    });
    this.#lastWrite = write.catch(() => {}); // its caller receives the error
    return write;
  }

  /** Reads from one state of the store. */
  async #read<Result>(work: (loaded: LoadedStore, snapshot: Snapshot) => Promise<Result>): Promise<Result> {
    try {
      const loaded = this.#loaded;
      const snapshot = loaded.database.snapshot();
      try {
        return await work(loaded, snapshot);
      } finally {
        await snapshot.close();
      }
    } catch (error) {
      const failure = storeError(`read store "${this.name}"`, error);
      throw failure.code === "store-corrupt" ? await this.#failed(failure) : failure;
    }
  }

  /** The next write opens the store again; damage is marked, so that this repairs it, also in another process. */
  async #failed(failure: SluiceError): Promise<SluiceError> {
    if (this.#status === "open") this.#status = "failed";
    if (failure.code === "store-corrupt") {
      // Where even the mark cannot be written, the next opening finds the damage by itself or at the same read.
      await this.#loaded.database.put(DAMAGED_KEY, "", { sync: true }).catch(() => {});
    }
    return failure;
  }

  async #reopen(): Promise<void> {
    await this.#loaded.database.close().catch(() => {}); // it has failed already
    this.#loaded = await loadStore(this.name, { ...this.#options, mustExist: true });
    if (this.#status === "failed") this.#status = "open";
  }
}
