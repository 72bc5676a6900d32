/** A journal in memory whose every write waits until the test lets it go. */

import type { Journal, JournalEntry } from "../../../src/storage/journal/journal.js";
import { SluiceError } from "../../../src/task/errors.js";

export interface FakeJournal {
  readonly journal: Journal;
  /** By `incarnation/sequence`. */
  readonly entries: ReadonlyMap<string, JournalEntry>;
  /** Writes that wait. */
  readonly waiting: number;
  readonly closed: boolean;
  readonly suspended: boolean;
  /** Writes what waits. */
  write(): void;
  /** Fails what waits. */
  fail(): void;
}

export function createFakeJournal(): FakeJournal {
  const entries = new Map<string, JournalEntry>();
  const waiting: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];
  let closed = false;
  let suspended = false;
  const keyOf = (id: { readonly incarnation: number; readonly sequence: number }): string =>
    `${id.incarnation}/${id.sequence}`;
  return {
    journal: {
      put: (put) =>
        new Promise((resolve, reject) => {
          const write = (): void => {
            for (const entry of put) entries.set(keyOf(entry.task.id), entry);
            resolve();
          };
          waiting.push({ resolve: write, reject });
        }),
      settle: (id) => void entries.delete(keyOf(id)),
      close: () => {
        closed = true;
        return Promise.resolve();
      },
      suspend: () => {
        suspended = true;
        return Promise.resolve();
      },
    },
    entries,
    get waiting() {
      return waiting.length;
    },
    get closed() {
      return closed;
    },
    get suspended() {
      return suspended;
    },
    write() {
      for (const { resolve } of waiting.splice(0)) resolve();
    },
    fail() {
      const error = new SluiceError("Cannot write as the disk is full", { code: "store-full" });
      for (const { reject } of waiting.splice(0)) reject(error);
    },
  };
}
