/**
 * The journals of a node in one level database.
 *
 * LJ1 Whatever arrives while a write is under way goes into the next one, of all sources together, so that they share the
 *     disk's delay. It is on disk (`sync`) before it is acknowledged.
 * LJ2 What a failed write did not write goes ahead of everything in the next one: no entry or position is on disk without
 *     those before it, and what is settled stays settled.
 * LJ3 After a failed write the database is opened again before the next one (`database-keeper.ts`).
 * LJ4 Whatever is read is checked. What has changed on disk is not taken, and its loss is said and remembered. Who reads knows of
 *     all that was told before, where that could be written.
 */

import { resolve } from "node:path";
import type { Clock, TimerHandle } from "../../runtime/clock.js";
import { errorText } from "../../runtime/errors.js";
import type { Logger } from "../../runtime/log.js";
import { makePrivate } from "../private-folder.js";
import type { Repair } from "../../task/reports.js";
import type { SourceRequest } from "../../task/requests.js";
import { DatabaseKeeper } from "../database-keeper.js";
import type { DatabaseFolder, Operation } from "../database.js";
import { seal } from "../sealed.js";
import { levelFolder } from "../level-database.js";
import { encodeEntry } from "./entry-codec.js";
import { entryKey, metaOperation, OWNER_KEY } from "./journal-keys.js";
import {
  endedMeta,
  goesOn,
  isSuperseded,
  nextIncarnation,
  positionWith,
  recoveredState,
  suspendedMeta,
  type Journal,
  type JournalContent,
  type JournalOwner,
  type Journals,
  type OpenJournal,
  type RecoveredState,
  type SourceMeta,
} from "./journal.js";
import {
  loadJournals,
  readContent,
  readMeta,
  readRequests,
  readSource,
  rememberRepair,
  type LoadedJournals,
  type StoredSource,
} from "./load-journals.js";

interface Write {
  readonly operations: readonly Operation[];
  /** Who waits for it to be on disk; a write that nobody waits for goes along with others. */
  readonly waited: { readonly resolve: () => void; readonly reject: (error: unknown) => void } | null;
}

/** Bytes in one write, unless a single one is larger. */
const WRITE_BYTES_MAX = 8 * 1024 * 1024;
/** How long settled tasks may stay on disk where nothing else is written, in ms. */
const SETTLED_MS = 1_000;

export interface LevelJournals extends Journals {
  /** Whose they are; null where they are nobody's yet. */
  readonly owner: JournalOwner | null;
  /** How much they hold. */
  content(): Promise<JournalContent>;
  /** They are that node's from now on; nothing that they hold changes. */
  claim(owner: JournalOwner): Promise<void>;
  /** Discards all that they hold. @returns how much that was */
  forget(): Promise<JournalContent>;
  /** Writes what is left to write; nothing may be called afterwards. */
  close(): Promise<void>;
}

export interface LevelJournalsOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Called when damage was found and repaired. */
  readonly onDamage?: (repair: Repair) => void;
}

/** @throws SluiceError `store-locked`, `store-unwritable`, `store-full`, `store-corrupt` */
export async function openLevelJournals(
  folder: string,
  options: LevelJournalsOptions,
): Promise<LevelJournals> {
  const path = resolve(folder);
  const journals = await openJournalsIn(levelFolder(path), options);
  // The address of a source is in it, with its password.
  await makePrivate(path).catch((error: unknown) => {
    options.log.warn("Other users may read the journal", { folder, error: errorText(error) });
  });
  return journals;
}

/** Opens journals wherever their database lies. @throws as `openLevelJournals` does */
export async function openJournalsIn(
  folder: DatabaseFolder,
  options: LevelJournalsOptions,
): Promise<LevelJournals> {
  return new LevelJournalsOf(folder, await loadJournals(folder, options), options);
}

class LevelJournalsOf implements LevelJournals {
  readonly #keeper: DatabaseKeeper<LoadedJournals>;
  readonly #options: LevelJournalsOptions;
  /** In order: an entry is put before it is deleted. */
  #queue: Write[] = [];
  #writing: Promise<void> | null = null;
  #sweep: TimerHandle | null = null;
  #closing = false;
  /** As it was claimed by this process. */
  #owner: JournalOwner | null = null;

  constructor(folder: DatabaseFolder, loaded: LoadedJournals, options: LevelJournalsOptions) {
    this.#options = options;
    this.#keeper = new DatabaseKeeper(loaded, {
      folder,
      name: `the journal "${folder.path}"`,
      load: () => loadJournals(folder, options),
    });
  }

  get owner(): JournalOwner | null {
    return this.#owner ?? this.#keeper.held.owner;
  }

  get repairs(): readonly Repair[] {
    return this.#keeper.held.repairs;
  }

  get failure(): string | null {
    return this.#keeper.failure;
  }

  async open(
    sourceId: string,
    options: OpenJournal,
  ): Promise<{ journal: Journal; recovered: RecoveredState }> {
    const { meta: found, entries: kept } = await this.#recover(sourceId);
    const superseded = kept.filter((entry) => isSuperseded(entry, options));
    const entries = kept.filter((entry) => !isSuperseded(entry, options));
    // A repair may have brought back an older one than its entries.
    const before = found?.created === undefined ? found : positionWith(found, entries);
    const meta = nextIncarnation(before, options);
    // Its number is durable before any task bears it: no later incarnation can have the same.
    const deletes = superseded.map(({ task }): Operation => ({ type: "del", key: entryKey(task.id) }));
    await this.#write([...deletes, metaOperation(sourceId, meta)]);
    if (deletes.length > 0) {
      this.#options.log.warn("Tasks are given up: another node has gone on with their source since", {
        source: sourceId,
        tasks: deletes.length,
      });
    }
    return {
      journal: this.#journalOf(sourceId, meta),
      recovered: recoveredState(before, meta, entries, options),
    };
  }

  async holds(sourceId: string): Promise<boolean> {
    const meta = await this.#reading((held) => readMeta(held, sourceId));
    return meta !== null && goesOn(meta);
  }

  async interrupted(): Promise<readonly SourceRequest[]> {
    return await this.#reading(readRequests);
  }

  async end(sourceId: string): Promise<boolean> {
    const { meta } = await this.#recover(sourceId);
    if (meta === null || meta.request === null) return false;
    await this.#write([metaOperation(sourceId, { ...meta, request: null })]);
    return true;
  }

  async content(): Promise<JournalContent> {
    return (await this.#reading(readContent)).content;
  }

  async claim(owner: JournalOwner): Promise<void> {
    await this.#write([{ type: "put", key: OWNER_KEY, value: seal(JSON.stringify(owner)) }]);
    this.#owner = owner;
  }

  async forget(): Promise<JournalContent> {
    const { content, keys } = await this.#reading(readContent);
    if (keys.length > 0) await this.#write(keys.map((key): Operation => ({ type: "del", key })));
    return content;
  }

  async close(): Promise<void> {
    this.#sweep?.cancel();
    this.#closing = true;
    this.#start();
    await this.#writing;
    if (this.#queue.length > 0) {
      this.#options.log.warn("The journal is closed before everything could be written", {
        writes: this.#queue.length,
      });
    }
    await this.#keeper.close();
  }

  async #recover(sourceId: string): Promise<StoredSource> {
    const found = await this.#reading((held) => readSource(held, sourceId));
    if (found.damaged.length === 0) return found;
    const repair: Repair = {
      atMs: this.#options.clock.now(),
      damage: [`the bytes of ${found.damaged.length} entries of "${sourceId}" have changed on disk`],
      kept: found.entries.length,
      lost: found.damaged.length,
    };
    await this.#keeper.write((held) => rememberRepair(held, repair, found.damaged));
    this.#options.log.error("Entries of the journal are damaged, and their tasks lost", { sourceId, repair });
    this.#options.onDamage?.(repair);
    return found;
  }

  /** Reads, and once more where the files had to be repaired. */
  async #reading<Result>(work: (held: LoadedJournals) => Promise<Result>): Promise<Result> {
    this.#start();
    await this.#writing;
    try {
      return await this.#keeper.read(work);
    } catch {
      // A write opens the database again first; where that fails, too, it says why.
      return await this.#keeper.write(work);
    }
  }

  #journalOf(sourceId: string, opened: SourceMeta): Journal {
    let meta = opened;
    return {
      put: (entries) => {
        const operations: Operation[] = entries.map((entry) => ({
          type: "put",
          key: entryKey(entry.task.id),
          value: encodeEntry(entry),
        }));
        const moved = positionWith(meta, entries);
        if (moved !== meta) operations.push(metaOperation(sourceId, (meta = moved)));
        return this.#write(operations);
      },
      settle: (id) => {
        this.#queue.push({ operations: [{ type: "del", key: entryKey(id) }], waited: null });
        this.#startSoon();
      },
      close: () => this.#write([metaOperation(sourceId, endedMeta(meta))]),
      suspend: () => this.#write([metaOperation(sourceId, suspendedMeta(meta))]),
    };
  }

  #write(operations: readonly Operation[]): Promise<void> {
    return new Promise((written, failed) => {
      this.#queue.push({ operations, waited: { resolve: written, reject: failed } });
      this.#start();
    });
  }

  #startSoon(): void {
    if (this.#closing) return;
    this.#sweep ??= this.#options.clock.after(SETTLED_MS, () => {
      this.#sweep = null;
      this.#start();
    });
  }

  #start(): void {
    if (this.#queue.length > 0) this.#writing ??= this.#pump();
  }

  async #pump(): Promise<void> {
    // Whatever the same turn still brings goes along.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const writes = this.#take();
      const operations = lastByKey(writes);
      const sync = writes.some(({ waited }) => waited !== null);
      try {
        await this.#keeper.write(({ database }) => database.write(operations, { sync }));
        for (const { waited } of writes) waited?.resolve();
      } catch (error) {
        this.#queue.unshift({ operations, waited: null });
        for (const { waited } of writes) waited?.reject(error);
        if (!sync) this.#options.log.debug("Cannot write the journal", { error: errorText(error) });
        break;
      }
    }
    this.#writing = null;
    if (this.#queue.length > 0) this.#startSoon();
  }

  #take(): readonly Write[] {
    let bytes = 0;
    let count = 0;
    for (const { operations } of this.#queue) {
      for (const operation of operations) bytes += operation.type === "put" ? operation.value.length : 0;
      if (count > 0 && bytes > WRITE_BYTES_MAX) break;
      count += 1;
    }
    return this.#queue.splice(0, count);
  }
}

/** Of several operations on one key only the last counts: a task may be settled before it was written. */
function lastByKey(writes: readonly Write[]): readonly Operation[] {
  const last = new Map<string, Operation>();
  for (const { operations } of writes) for (const operation of operations) last.set(operation.key, operation);
  return [...last.values()];
}
