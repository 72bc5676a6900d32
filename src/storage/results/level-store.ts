/**
 * The store on disk, on level.
 *
 * LS1 One writer: `append` and `expire` run one after the other, and positions are given out there alone.
 * LS2 A batch is written whole, with everything that is derived from it, and is on disk (`sync`) before it is acknowledged.
 * LS3 After a failed write the database is opened again before the next one (`database-keeper.ts`).
 * LS4 A position counts as given up before its record is deleted, so no reader passes over a hole unawares.
 * LS5 Whatever is read is checked; damage is reported, marked, repaired at the next write or opening, and remembered.
 */

import type { ResultQuery } from "../../task/record.js";
import type { StoreStatement } from "../../task/record-chain.js";
import type { Repair, SourceTotals } from "../../task/reports.js";
import { DatabaseKeeper } from "../database-keeper.js";
import type { DatabaseFolder, Snapshot } from "../database.js";
import { levelFolder } from "../level-database.js";
import { storeError } from "../storage-error.js";
import { identityOf, type KeyPurpose } from "../store-key.js";
import type { HubState } from "../hub/hub-state.js";
import { appendRecords } from "./level-append.js";
import { expireRecords } from "./level-expire.js";
import { readStatement } from "./level-statement.js";
import { TERMS_KEY } from "./level-keys.js";
import { loadStore, type LevelStoreOptions, type LoadedStore } from "./level-load.js";
import type { SourceId } from "../../task/identity.js";
import type { ExpiredIncarnation } from "./incarnation-tail.js";
import { readExpired, readPage, readSlice } from "./level-read.js";
import { createLevelState } from "./level-state.js";
import { decodeTerms, seal } from "./record-codec.js";
import type { Appended, NewRecord, RecordPage, RetentionStep, Slice, SliceRequest, Store } from "./store.js";
import { totalsBySource } from "./totals.js";

/**
 * Opens the store in the folder `path`, or makes one there; damage is repaired first.
 *
 * @throws SluiceError `store-locked`, `store-unwritable`, `store-full`, `store-format`, `store-corrupt`, `store-missing`
 */
export async function openLevelStore(path: string, options: LevelStoreOptions = {}): Promise<Store> {
  return await openStoreIn(levelFolder(path), options);
}

/** Opens a store wherever its database lies. @throws as `openLevelStore` does */
export async function openStoreIn(folder: DatabaseFolder, options: LevelStoreOptions = {}): Promise<Store> {
  return new LevelStore(folder, await loadStore(folder, options), options);
}

class LevelStore implements Store {
  readonly name: string;
  readonly state: HubState;
  readonly #folder: DatabaseFolder;
  readonly #keeper: DatabaseKeeper<LoadedStore>;

  readonly voucherKey = (): Promise<Uint8Array> => this.#key("voucher");

  constructor(folder: DatabaseFolder, loaded: LoadedStore, options: LevelStoreOptions) {
    this.name = folder.path;
    this.#folder = folder;
    this.#keeper = new DatabaseKeeper(loaded, {
      folder,
      name: `store "${folder.path}"`,
      load: () => loadStore(folder, { ...options, mustExist: true }),
    });
    this.state = createLevelState(this.#keeper);
  }

  get firstPosition(): number {
    return this.#keeper.held.state.firstPosition;
  }

  get nextPosition(): number {
    return this.#keeper.held.state.nextPosition;
  }

  get recordCount(): number {
    return this.#keeper.held.state.recordCount;
  }

  get repairs(): readonly Repair[] {
    return this.#keeper.held.repairs;
  }

  get failure(): string | null {
    return this.#keeper.failure;
  }

  append(records: readonly NewRecord[]): Promise<readonly Appended[]> {
    return this.#keeper.write((loaded) => appendRecords(loaded, records));
  }

  expire(step: RetentionStep): Promise<number> {
    return this.#keeper.write((loaded) => expireRecords(loaded, step));
  }

  read(request: SliceRequest): Promise<Slice> {
    return this.#read((loaded, snapshot) => readSlice(loaded, snapshot, request));
  }

  expired(sourceId: SourceId): Promise<readonly ExpiredIncarnation[]> {
    return this.#read((loaded, snapshot) => readExpired(loaded, snapshot, sourceId));
  }

  query(query: ResultQuery): Promise<RecordPage> {
    return this.#read((loaded, snapshot) => readPage(loaded, snapshot, query));
  }

  beginTerm(): Promise<number> {
    return this.#keeper.write(async ({ database }) => {
      const text: string | undefined = await database.get(TERMS_KEY);
      const term = (text === undefined ? 0 : decodeTerms(text, TERMS_KEY)) + 1;
      await database.write([{ type: "put", key: TERMS_KEY, value: seal(term) }], { sync: true });
      return term;
    });
  }

  totals(): Readonly<Record<string, SourceTotals>> {
    return totalsBySource(this.#keeper.held.totals);
  }

  async identity(): Promise<string> {
    return identityOf(await this.#key("audit"));
  }

  async statement(): Promise<StoreStatement> {
    const key = await this.#key("audit");
    // Between two writes, so that all parts of it are of one moment.
    return await this.#keeper.write((loaded) => readStatement(loaded, key));
  }

  #key(purpose: KeyPurpose): Promise<Uint8Array> {
    return this.#folder.key(purpose).catch((error: unknown) => {
      throw storeError(`use the key of store "${this.name}"`, error);
    });
  }

  sizeBytes(): Promise<number> {
    return this.#folder.sizeBytes();
  }

  async close(): Promise<void> {
    await this.#keeper.close();
    await this.#folder.release?.();
  }

  /** Reads from one state of the store. */
  async #read<Result>(work: (loaded: LoadedStore, snapshot: Snapshot) => Promise<Result>): Promise<Result> {
    return await this.#keeper.read(async (loaded) => {
      const snapshot = loaded.database.snapshot();
      try {
        return await work(loaded, snapshot);
      } finally {
        await snapshot.close();
      }
    });
  }
}
