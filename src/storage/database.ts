/**
 * What the store and the journals need of a database: sorted keys, batches that are written whole, and snapshots. level is
 * one (`level-database.ts`), and a simulation has its own, on a disk that fails.
 */

import type { KeyPurpose } from "./store-key.js";

/** A range of keys that share a prefix. */
export interface KeyRange {
  readonly gte: string;
  readonly lt: string;
  /** The last key first. Default: false. */
  readonly reverse?: boolean;
}

export interface Snapshot {
  close(): Promise<void>;
}

export interface ReadOptions {
  /** Default: as it is now. */
  readonly snapshot?: Snapshot;
}

/** Goes through a range in order. What could not be read is passed over, and reported at the end of the range. */
export interface Cursor<Item> extends AsyncIterable<Item> {
  /** At most so many; none at the end. */
  nextv(size: number): Promise<readonly Item[]>;
  seek(key: string): void;
  close(): Promise<void>;
}

export type Operation =
  | { readonly type: "put"; readonly key: string; readonly value: string | Uint8Array }
  | { readonly type: "del"; readonly key: string };

export interface Database {
  readonly isOpen: boolean;
  get(key: string): Promise<string | undefined>;
  getMany(keys: readonly string[], options?: ReadOptions): Promise<readonly (string | undefined)[]>;
  keys(range: KeyRange, options?: ReadOptions): Cursor<string>;
  entries(range: KeyRange, options?: ReadOptions): Cursor<readonly [key: string, value: string]>;
  byteEntries(range: KeyRange, options?: ReadOptions): Cursor<readonly [key: string, value: Uint8Array]>;
  snapshot(): Snapshot;
  /**
   * Writes all operations or none; with `sync` they are on disk once it resolves. After a rejection nothing more may be
   * written before the database was opened again: it may lie behind a half of these.
   */
  write(operations: readonly Operation[], options: { readonly sync: boolean }): Promise<void>;
  close(): Promise<void>;
}

export interface OpenedDatabase {
  readonly database: Database;
  /** What was found wrong, for people; empty where nothing was. */
  readonly damage: readonly string[];
}

/** Where a database lies. */
export interface DatabaseFolder {
  /** For people. */
  readonly path: string;
  /**
   * Opens the database there, or makes one. Where its files were damaged it stays marked until `clearDamage`, as what it
   * holds may have to be mended, too.
   *
   * @throws SluiceError `store-missing` with `mustExist`, `store-locked`, `store-unwritable`, `store-corrupt`, `store-full`
   */
  open(options: { readonly mustExist: boolean }): Promise<OpenedDatabase>;
  /** Its files are repaired at the next opening, whoever does it. */
  markDamaged(): Promise<void>;
  /** It holds what can be held of it: its next opening repairs nothing. */
  clearDamage(): Promise<void>;
  /** Whether it could be opened again: its log becomes tables then. */
  hasRoom(): Promise<boolean>;
  /** Bytes on disk. */
  sizeBytes(): Promise<number>;
  /** Whatever has to go with it, once its database has been closed for good. Default: nothing. */
  release?(): Promise<void>;
  /** A key that lies beside the database, for its own user alone to read; made where there is none. */
  key(purpose: KeyPurpose): Promise<Uint8Array>;
}

/** Every key: what is written here is ASCII. */
export const ALL_KEYS: KeyRange = { gte: "", lt: "~" };
