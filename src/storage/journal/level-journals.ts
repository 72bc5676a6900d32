/**
 * The journals of a node in one level database. Whatever arrives while a write is under way goes into the next one, of all
 * sources together, so that they share the disk's delay.
 *
 * | key | value |
 * |---|---|
 * | `m/source` | its last incarnation, what it was, and its position: JSON |
 * | `t/source/incarnation/sequence` | a task that is not settled |
 */

import { resolve } from "node:path";
import type { Clock, TimerHandle } from "../../runtime/clock.js";
import { asError } from "../../runtime/errors.js";
import type { Logger } from "../../runtime/log.js";
import { openDatabase, storeError, type Database } from "../level-database.js";
import { taskKey } from "../../task/identity.js";
import { decodeEntry, encodeEntry } from "./entry-codec.js";
import type { SourceRequest } from "../../task/requests.js";
import {
  endedMeta,
  nextIncarnation,
  positionWith,
  recoveredState,
  type Journal,
  type JournalEntry,
  type Journals,
  type OpenJournal,
  type RecoveredState,
  type SourceMeta,
} from "./journal.js";

type Operation =
  | { readonly type: "put"; readonly key: string; readonly value: Uint8Array }
  | { readonly type: "del"; readonly key: string };

interface Write {
  readonly operations: readonly Operation[];
  /** Who waits for it to be on disk; a write that nobody waits for goes along with others. */
  readonly waited: { readonly resolve: () => void; readonly reject: (error: Error) => void } | null;
}

/** Bytes in one write, unless a single one is larger. */
const WRITE_BYTES_MAX = 8 * 1024 * 1024;
const AS_BYTES = { valueEncoding: "view" } as const;
/** How long settled tasks may stay on disk where nothing else is written, in ms. */
const SETTLED_MS = 1_000;

export interface LevelJournals extends Journals {
  /** Waits for writes under way; nothing may be called afterwards. */
  close(): Promise<void>;
}

export interface LevelJournalsOptions {
  readonly clock: Clock;
  readonly log: Logger;
}

/** @throws SluiceError `store-locked`, `store-unwritable`, `store-full`, `store-corrupt` */
export async function openLevelJournals(
  folder: string,
  options: LevelJournalsOptions,
): Promise<LevelJournals> {
  const path = resolve(folder);
  const { database, damage } = await openDatabase(path, { mustExist: false });
  if (damage.length > 0) options.log.warn("The journal was damaged and repaired", { folder, damage });
  return new LevelJournalsOf(path, database, options);
}

class LevelJournalsOf implements LevelJournals {
  readonly #path: string;
  readonly #database: Database;
  readonly #options: LevelJournalsOptions;
  /** In order: an entry is put before it is deleted. */
  #queue: Write[] = [];
  #writing: Promise<void> | null = null;
  #sweep: TimerHandle | null = null;

  constructor(path: string, database: Database, options: LevelJournalsOptions) {
    this.#path = path;
    this.#database = database;
    this.#options = options;
  }

  async open(
    sourceId: string,
    options: OpenJournal,
  ): Promise<{ journal: Journal; recovered: RecoveredState }> {
    const before = await this.#meta(sourceId);
    const meta = nextIncarnation(before, options);
    const recovered = recoveredState(before, meta, await this.#entries(sourceId));
    // Its number is durable before any task bears it: no later incarnation can have the same.
    await this.#write([metaOperation(sourceId, meta)]);
    return { journal: this.#journalOf(sourceId, meta), recovered };
  }

  async interrupted(): Promise<readonly SourceRequest[]> {
    const requests: SourceRequest[] = [];
    for await (const [, text] of this.#database.iterator({ gte: "m/", lt: "m0" })) {
      const { request } = JSON.parse(text) as SourceMeta;
      if (request !== null) requests.push(request);
    }
    return requests;
  }

  async close(): Promise<void> {
    this.#sweep?.cancel();
    this.#start();
    while (this.#writing !== null) await this.#writing;
    await this.#database.close();
  }

  #journalOf(sourceId: string, opened: SourceMeta): Journal {
    let meta = opened;
    return {
      put: (entries) => {
        const operations: Operation[] = entries.map((entry) => ({
          type: "put",
          key: entryKey(entry),
          value: encodeEntry(entry),
        }));
        const moved = positionWith(meta, entries);
        if (moved !== meta) operations.push(metaOperation(sourceId, (meta = moved)));
        return this.#write(operations);
      },
      settle: (id) => {
        this.#queue.push({ operations: [{ type: "del", key: `t/${taskKey(id)}` }], waited: null });
        this.#startSoon();
      },
      close: () => this.#write([metaOperation(sourceId, endedMeta(meta))]),
    };
  }

  #write(operations: readonly Operation[]): Promise<void> {
    return new Promise((written, failed) => {
      this.#queue.push({ operations, waited: { resolve: written, reject: failed } });
      this.#start();
    });
  }

  #startSoon(): void {
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
      try {
        const batch = this.#database.batch();
        for (const operation of lastByKey(writes)) {
          if (operation.type === "del") batch.del(operation.key);
          else batch.put(operation.key, operation.value, AS_BYTES);
        }
        await batch.write({ sync: writes.some(({ waited }) => waited !== null) });
        for (const { waited } of writes) waited?.resolve();
      } catch (error) {
        const failure = storeError(`write the journal "${this.#path}"`, asError(error));
        for (const { waited } of writes) waited?.reject(failure);
        // Settled tasks stay settled: their deletion goes with a later write.
        this.#queue.push(...writes.filter(({ waited }) => waited === null));
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

  async #meta(sourceId: string): Promise<SourceMeta | null> {
    const text = await this.#database.get(`m/${sourceId}`);
    return text === undefined ? null : (JSON.parse(text) as SourceMeta);
  }

  async #entries(sourceId: string): Promise<readonly JournalEntry[]> {
    const entries: JournalEntry[] = [];
    const range = { gte: `t/${sourceId}/`, lt: `t/${sourceId}0` };
    const options = { ...range, valueEncoding: "view" } as const;
    for await (const [key, value] of this.#database.iterator<string, Uint8Array>(options)) {
      const entry = decodeEntry(value);
      if (entry === null)
        this.#options.log.error("An entry of the journal is damaged, and its task lost", { key });
      else entries.push(entry);
    }
    return entries;
  }
}

/** Of several operations on one key only the last counts: a task may be settled before it was written. */
function lastByKey(writes: readonly Write[]): Iterable<Operation> {
  const last = new Map<string, Operation>();
  for (const { operations } of writes) for (const operation of operations) last.set(operation.key, operation);
  return last.values();
}

function entryKey({ task }: JournalEntry): string {
  return `t/${taskKey(task.id)}`;
}

function metaOperation(sourceId: string, meta: SourceMeta): Operation {
  return { type: "put", key: `m/${sourceId}`, value: Buffer.from(JSON.stringify(meta)) };
}
