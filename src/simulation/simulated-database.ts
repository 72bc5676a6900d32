/**
 * A database on a simulated disk, for the store and the journals of a simulated host. It fails as level does.
 *
 * SB1 Writes go to a log, and the log becomes tables as the database is opened.
 * SB2 A write that fails may leave a half of itself in the log. The database writes on behind it, and what lies there is
 *     lost at the next opening, which says so.
 * SB3 After a failed sync it takes no more writes until it was opened again.
 */

import type {
  Cursor,
  Database,
  DatabaseFolder,
  KeyRange,
  OpenedDatabase,
  Operation,
  ReadOptions,
  Snapshot,
} from "../storage/database.js";
import { SluiceError } from "../task/errors.js";
import { syncFailure, type Disk } from "./disk.js";
import type { SimulatedProcess } from "./simulated-process.js";
import { SortedValues, type Value } from "./sorted-values.js";

/** The same in every run, as all that it computes. */
const KEY = new Uint8Array(32).fill(1);

/** Null is a half of a write. */
type LogEntry = readonly Operation[] | null;

/** What lies on the disk of one database. */
export class SimulatedFiles {
  readonly disk: Disk;
  readonly path: string;
  tables: ReadonlyMap<string, Value> | null = null;
  log: LogEntry[] = [];
  /** Entries of the log that a loss of power leaves. */
  syncedEntries = 0;
  damaged = false;
  /** The process that has it open. */
  owner: SimulatedProcess | null = null;

  constructor(disk: Disk, path: string) {
    this.disk = disk;
    this.path = path;
    disk.onPowerLost(() => {
      const { prng } = disk;
      this.log = this.log.slice(0, prng.between(this.syncedEntries, this.log.length));
    });
  }

  /** How many keys of a range the next opening would find. */
  count({ gte, lt }: KeyRange): number {
    return [...readBack(this).keys()].filter((key) => key >= gte && key < lt).length;
  }
}

/** The files as one process sees them. */
export function simulatedFolder(files: SimulatedFiles, process: SimulatedProcess): DatabaseFolder {
  const { disk, path } = files;
  return {
    path,
    async open({ mustExist }): Promise<OpenedDatabase> {
      if (files.owner !== null && !files.owner.killed) {
        throw new SluiceError(`Cannot open "${path}" as it is open already`, { code: "store-locked" });
      }
      if (files.tables === null && mustExist) {
        throw new SluiceError(`Cannot open "${path}" as there is none`, { code: "store-missing" });
      }
      const tables = readBack(files);
      const end = files.log.indexOf(null);
      const skipped = end < 0 ? 0 : files.log.slice(end).filter((entry) => entry !== null).length;
      await disk.write(process, (fate) => {
        if (fate !== "whole") return;
        files.tables = tables;
        files.log = [];
        files.syncedEntries = 0;
        files.damaged ||= skipped > 0;
      });
      files.owner = process;
      const damage = skipped > 0 ? [`${skipped} entries of the write-ahead log are damaged`] : [];
      if (files.damaged && skipped === 0) damage.push("records could not be read");
      return { database: new SimulatedDatabase(files, process), damage };
    },
    markDamaged: () => Promise.resolve(void (files.damaged = true)),
    clearDamage: () => Promise.resolve(void (files.damaged = false)),
    hasRoom: () => Promise.resolve(disk.health !== "full"),
    sizeBytes: () => Promise.resolve(0),
    key: () => Promise.resolve(KEY),
  };
}

class SimulatedDatabase implements Database {
  readonly #files: SimulatedFiles;
  readonly #process: SimulatedProcess;
  /** A snapshot keeps the one that it has; the next write makes another. */
  #values: SortedValues;
  #shared = false;
  #isOpen = true;
  #broken = false;

  constructor(files: SimulatedFiles, process: SimulatedProcess) {
    this.#files = files;
    this.#process = process;
    this.#values = SortedValues.of(files.tables ?? new Map());
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get(key: string): Promise<string | undefined> {
    return this.#read(() => textOf(this.#values.get(key)));
  }

  getMany(keys: readonly string[], { snapshot }: ReadOptions = {}): Promise<readonly (string | undefined)[]> {
    const values = this.#at(snapshot);
    return this.#read(() => keys.map((key) => textOf(values.get(key))));
  }

  keys(range: KeyRange, { snapshot }: ReadOptions = {}): Cursor<string> {
    return this.#cursor(range, snapshot, (key) => key);
  }

  entries(range: KeyRange, { snapshot }: ReadOptions = {}): Cursor<readonly [string, string]> {
    return this.#cursor(range, snapshot, (key, value) => [key, textOf(value) ?? ""] as const);
  }

  byteEntries(range: KeyRange, { snapshot }: ReadOptions = {}): Cursor<readonly [string, Uint8Array]> {
    return this.#cursor(range, snapshot, (key, value) => [key, bytesOf(value)] as const);
  }

  snapshot(): Snapshot {
    this.#shared = true;
    return new SimulatedSnapshot(this.#values);
  }

  async write(operations: readonly Operation[], { sync }: { readonly sync: boolean }): Promise<void> {
    this.#check();
    if (this.#broken) throw syncFailure();
    const { disk } = this.#files;
    await disk.write(this.#process, (fate) => {
      // As bytes on a disk: whoever wrote them may change them afterwards.
      if (fate === "whole") this.#append(operations.map(copied), sync);
      else if (fate === "half") this.#files.log.push(null);
    });
    if (this.#broken) throw syncFailure();
  }

  close(): Promise<void> {
    this.#isOpen = false;
    if (this.#files.owner === this.#process) this.#files.owner = null;
    return Promise.resolve();
  }

  #append(operations: readonly Operation[], sync: boolean): void {
    const files = this.#files;
    files.log.push(operations);
    if (sync && files.disk.syncFails()) {
      this.#broken = true;
      return;
    }
    if (sync) files.syncedEntries = files.log.length;
    if (this.#shared) {
      this.#values = this.#values.copy();
      this.#shared = false;
    }
    apply(this.#values, operations);
  }

  #at(snapshot: Snapshot | undefined): SortedValues {
    return snapshot instanceof SimulatedSnapshot ? snapshot.values : this.#values;
  }

  #cursor<Item>(
    range: KeyRange,
    snapshot: Snapshot | undefined,
    itemOf: (key: string, value: Value) => Item,
  ): Cursor<Item> {
    const entries = this.#at(snapshot).range(range);
    const { reverse = false } = range;
    let at = 0;
    const nextv = (size: number): Promise<readonly Item[]> =>
      this.#read(() => entries.slice(at, (at += size)).map(([key, value]) => itemOf(key, value)));
    return {
      nextv,
      seek(wanted) {
        at = entries.findIndex(([key]) => (reverse ? key <= wanted : key >= wanted));
        if (at < 0) at = entries.length;
      },
      close: () => Promise.resolve(),
      async *[Symbol.asyncIterator]() {
        for (let items = await nextv(CHUNK); items.length > 0; items = await nextv(CHUNK)) yield* items;
      },
    };
  }

  /** Answers while the process runs. */
  #read<Result>(work: () => Result): Promise<Result> {
    this.#check();
    return new Promise((resolve) => this.#process.run(() => resolve(work())));
  }

  #check(): void {
    if (this.#isOpen) return;
    throw new SluiceError(`Cannot use "${this.#files.path}" as it is closed`, {
      code: "store-unwritable",
      retry: "backoff",
    });
  }
}

class SimulatedSnapshot implements Snapshot {
  readonly values: SortedValues;

  constructor(values: SortedValues) {
    this.values = values;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Items read at once. */
const CHUNK = 256;

function apply(values: Map<string, Value> | SortedValues, operations: readonly Operation[]): void {
  for (const operation of operations) {
    if (operation.type === "put") values.set(operation.key, operation.value);
    else values.delete(operation.key);
  }
}

/** The tables with all of the log that can be read. */
function readBack({ tables, log }: SimulatedFiles): Map<string, Value> {
  const values = new Map(tables ?? []);
  const end = log.indexOf(null);
  for (const entry of end < 0 ? log : log.slice(0, end)) apply(values, entry ?? []);
  return values;
}

function copied(operation: Operation): Operation {
  if (operation.type === "del" || typeof operation.value === "string") return operation;
  return { ...operation, value: Uint8Array.from(operation.value) };
}

function textOf(value: Value | undefined): string | undefined {
  return value === undefined || typeof value === "string" ? value : Buffer.from(value).toString();
}

function bytesOf(value: Value): Uint8Array {
  return typeof value === "string" ? Buffer.from(value) : Buffer.from(value);
}
