/**
 * Keeps a database through failures of its disk, for the store and the journals alike.
 *
 * DK1 One writer: writes run one after the other, in the order asked for.
 * DK2 After a failed write the database is opened again before the next one. level would go on behind the entry of its log
 *     that is half written, and skip at the next opening whatever it wrote there.
 * DK3 Damage that a read or a write meets is marked, and repaired as the database is opened again, also by another
 *     process.
 * DK4 Reads go on meanwhile: they wait while the database is opened again, and it waits for those under way.
 */

import { SluiceError } from "../task/errors.js";
import type { Database, DatabaseFolder, OpenedDatabase } from "./database.js";
import { storeError } from "./storage-error.js";

/** An open database, and what its keeper has read from it. */
export interface Opened {
  readonly database: Database;
}

export interface KeeperOptions<Held extends Opened> {
  readonly folder: DatabaseFolder;
  /** For people: `store "results"`. */
  readonly name: string;
  /** Opens it again, mended. It exists. */
  readonly load: () => Promise<Held>;
}

type Status =
  | { readonly status: "open" }
  /** Since then nothing may be written. */
  | { readonly status: "failed"; readonly failure: SluiceError }
  | { readonly status: "closed" };

export interface LoadOptions<Held> {
  /** For people: `store "results"`. */
  readonly name: string;
  readonly mustExist: boolean;
  /** Reads what the database holds; where its files were damaged, after having mended what follows from that. */
  readonly read: (opened: OpenedDatabase) => Promise<Held>;
}

/**
 * Opens the database in `folder` and reads it. Damage that shows only as it is read is repaired, and it is read again.
 *
 * @throws SluiceError `store-missing` with `mustExist`, `store-locked`, `store-unwritable`, `store-corrupt`, `store-full`
 */
export async function loadDatabase<Held>(folder: DatabaseFolder, options: LoadOptions<Held>): Promise<Held> {
  try {
    return await loadOnce(folder, options);
  } catch (error) {
    if (!(error instanceof SluiceError) || error.code !== "store-corrupt") throw error;
    await folder.markDamaged();
    return await loadOnce(folder, options);
  }
}

async function loadOnce<Held>(
  folder: DatabaseFolder,
  { name, mustExist, read }: LoadOptions<Held>,
): Promise<Held> {
  const opened = await folder.open({ mustExist });
  try {
    const held = await read(opened);
    if (opened.damage.length > 0) await folder.clearDamage();
    return held;
  } catch (error) {
    await opened.database.close();
    throw storeError(`open ${name}`, error);
  }
}

export class DatabaseKeeper<Held extends Opened> {
  readonly #options: KeeperOptions<Held>;
  #held: Held;
  #status: Status = { status: "open" };
  /** Settles when the last write that was asked for has ended. */
  #lastWrite: Promise<unknown> = Promise.resolve();
  readonly #reads = new Set<Promise<unknown>>();
  #reopening: Promise<unknown> | null = null;

  constructor(held: Held, options: KeeperOptions<Held>) {
    this.#held = held;
    this.#options = options;
  }

  get held(): Held {
    return this.#held;
  }

  /** Why the last write failed; null once one has succeeded. */
  get failure(): string | null {
    return this.#status.status === "failed" ? this.#status.failure.message : null;
  }

  /** @throws SluiceError `store-full`, `store-unwritable`, `store-corrupt`: whether it is written is not known */
  write<Result>(work: (held: Held) => Promise<Result>): Promise<Result> {
    const write = this.#lastWrite.then(async () => {
      try {
        if (this.#status.status === "failed") await this.#reopen(this.#status.failure);
        return await work(this.#held);
      } catch (error) {
        throw await this.#failed(storeError(`write to ${this.#options.name}`, error));
      }
    });
    this.#lastWrite = write.catch(() => {}); // its caller receives the error
    return write;
  }

  /** @throws SluiceError `store-corrupt`, `store-full` */
  async read<Result>(work: (held: Held) => Promise<Result>): Promise<Result> {
    while (this.#reopening !== null) await this.#reopening;
    const read = this.#readNow(work);
    this.#reads.add(read);
    try {
      return await read;
    } finally {
      this.#reads.delete(read);
    }
  }

  /** Waits for writes that were asked for before; nothing may be called afterwards. */
  async close(): Promise<void> {
    await this.#lastWrite;
    this.#status = { status: "closed" };
    await this.#held.database.close();
  }

  async #readNow<Result>(work: (held: Held) => Promise<Result>): Promise<Result> {
    const status = this.#status;
    try {
      return await work(this.#held);
    } catch (error) {
      const failure = storeError(`read ${this.#options.name}`, error);
      if (failure.code === "store-corrupt") throw await this.#failed(failure);
      // It could not be opened again: why says more than that it is closed.
      throw status.status === "failed" && !this.#held.database.isOpen ? status.failure : failure;
    }
  }

  async #failed(failure: SluiceError): Promise<SluiceError> {
    if (this.#status.status !== "closed") this.#status = { status: "failed", failure };
    if (failure.code === "store-corrupt") {
      // Where not even a file can be made, the next opening finds the damage by itself or at the same read.
      await this.#options.folder.markDamaged().catch(() => {});
    }
    return failure;
  }

  async #reopen(failure: SluiceError): Promise<void> {
    // Without room for it the database would be closed and not open again, and reads would fail, too.
    if (failure.code === "store-full" && !(await this.#options.folder.hasRoom())) throw failure;
    const reopened = this.#closeAndLoad();
    this.#reopening = reopened.catch(() => {}); // whoever reads finds out by itself
    try {
      this.#held = await reopened;
      this.#status = { status: "open" };
    } finally {
      this.#reopening = null;
    }
  }

  async #closeAndLoad(): Promise<Held> {
    await Promise.allSettled(this.#reads);
    await this.#held.database.close().catch(() => {}); // it has failed already
    return await this.#options.load();
  }
}
