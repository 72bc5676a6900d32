/**
 * The disk of a simulated host. What is durable outlives every process. Of what a process was writing when it died a random
 * prefix is there: never a later write without an earlier one.
 */

import type { Appended, NewRecord, Store } from "../storage/results/store.js";
import type { MemoryStore } from "../storage/results/memory-store.js";
import { SluiceError } from "../task/errors.js";
import { decodeEntry, encodeEntry } from "../storage/journal/entry-codec.js";
import {
  nextIncarnation,
  positionWith,
  recoveredState,
  type Journal,
  type JournalEntry,
  type Journals,
  type OpenJournal,
  type RecoveredState,
  type SourceMeta,
} from "../storage/journal/journal.js";
import { taskKey } from "../task/identity.js";
import type { Prng } from "./prng.js";
import type { SimulatedProcess } from "./simulated-process.js";
import type { VirtualTime } from "./virtual-time.js";

/** A write that the disk has accepted and not finished. */
interface Write {
  readonly apply: () => void;
  readonly process: SimulatedProcess;
}

export type DiskHealth = "healthy" | "slow" | "full";

export class Disk {
  health: DiskHealth = "healthy";
  /** Every third write fails after it was made. */
  failsLate = false;
  #written = 0;
  readonly #time: VirtualTime;
  readonly #prng: Prng;
  /** In order. */
  #writes: Write[] = [];
  #lastAtMs = 0;

  constructor(time: VirtualTime, prng: Prng) {
    this.#time = time;
    this.#prng = prng;
  }

  /**
   * Resolves once it is durable.
   *
   * @throws SluiceError `store-full`
   */
  write<Result>(process: SimulatedProcess, apply: () => Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (this.health === "full") {
        const error = new SluiceError("Cannot write as the disk is full: free space", {
          code: "store-full",
          retry: "backoff",
        });
        this.#time.after(1, () => process.run(() => reject(error)));
        return;
      }
      const written: { result: Result | null } = { result: null };
      const write: Write = { process, apply: () => (written.result = apply()) };
      this.#writes.push(write);
      const delayMs = (this.health === "slow" ? 200 : 1) * (0.5 + this.#prng.next());
      this.#lastAtMs = Math.max(this.#lastAtMs, this.#time.nowMs + delayMs);
      this.#time.at(this.#lastAtMs, () => {
        const at = this.#writes.indexOf(write);
        if (at < 0) return;
        this.#writes.splice(at, 1);
        write.apply();
        this.#written += 1;
        if (this.failsLate && this.#written % 3 === 0) process.run(() => reject(failed()));
        else process.run(() => resolve(written.result as Result));
      });
    });
  }

  /** A process was killed: of what it was writing a random prefix is durable. */
  crashed(process: SimulatedProcess): void {
    const own = this.#writes.filter((write) => write.process === process);
    this.#writes = this.#writes.filter((write) => write.process !== process);
    const kept = this.#prng.between(0, own.length);
    for (const { apply } of own.slice(0, kept)) apply();
  }
}

/** A write whose outcome the disk could not tell. */
function failed(): SluiceError {
  return new SluiceError("Cannot write as the disk failed: try again", {
    code: "store-unwritable",
    retry: "backoff",
  });
}

/** The store on a disk, as one process sees it. */
export function createDiskStore(disk: Disk, process: SimulatedProcess, durable: MemoryStore): Store {
  return {
    name: durable.name,
    get firstPosition() {
      return durable.firstPosition;
    },
    get nextPosition() {
      return durable.nextPosition;
    },
    get recordCount() {
      return durable.recordCount;
    },
    append: async (records: readonly NewRecord[]): Promise<readonly Appended[]> =>
      await disk.write(process, () => durable.append(records)),
    read: (options) => durable.read(options),
    query: (query) => durable.query(query),
    expire: (step) => durable.expire(step),
    beginTerm: () => durable.beginTerm(),
    totals: () => durable.totals(),
    sizeBytes: () => durable.sizeBytes(),
    close: () => Promise.resolve(),
  };
}

const SETTLE_RETRY_MS = 1_000;

interface SourceOnDisk {
  meta: SourceMeta;
  readonly entries: Map<string, Uint8Array>;
}

/** What the journals of a host hold. */
export type JournalsOnDisk = Map<string, SourceOnDisk>;

/** The journals on a disk, as one process sees them. */
export function createDiskJournals(disk: Disk, process: SimulatedProcess, durable: JournalsOnDisk): Journals {
  function journalOf(source: SourceOnDisk): Journal {
    // As a journal does: what failed goes with a later write.
    const settle = (key: string): void => {
      disk
        .write(process, () => source.entries.delete(key))
        .catch(() => void process.clock.after(SETTLE_RETRY_MS, () => settle(key)));
    };
    return {
      put: (entries) => {
        // As bytes, as they would lie there.
        const encoded = entries.map((entry) => [taskKey(entry.task.id), encodeEntry(entry)] as const);
        return disk.write(process, () => {
          for (const [key, bytes] of encoded) source.entries.set(key, bytes);
          source.meta = positionWith(source.meta, entries);
        });
      },
      settle: (id) => {
        settle(taskKey(id));
      },
      close: () =>
        disk.write(process, () => void (source.meta = { ...source.meta, positionUs: null, request: null })),
    };
  }

  return {
    async open(
      sourceId: string,
      options: OpenJournal,
    ): Promise<{ journal: Journal; recovered: RecoveredState }> {
      const before = durable.get(sourceId);
      const meta = nextIncarnation(before?.meta ?? null, options);
      const source: SourceOnDisk = { meta, entries: before?.entries ?? new Map() };
      const entries: JournalEntry[] = [];
      for (const [, bytes] of [...source.entries].sort(([a], [b]) => (a < b ? -1 : 1))) {
        const entry = decodeEntry(bytes);
        if (entry !== null) entries.push(entry);
      }
      await disk.write(process, () => void durable.set(sourceId, source));
      return { journal: journalOf(source), recovered: recoveredState(before?.meta ?? null, meta, entries) };
    },
    interrupted: () =>
      Promise.resolve(
        [...durable.values()].flatMap(({ meta: { request } }) => (request === null ? [] : [request])),
      ),
  };
}
