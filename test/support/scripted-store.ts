/** A store whose every answer the test gives, over one in memory that does what a store does. */

import { MemoryStore } from "../../src/storage/results/memory-store.js";
import type { Appended, NewRecord, Slice, Store } from "../../src/storage/results/store.js";

/** A call that waits for the test: `run` does the work and answers, `fail` answers without or, as `after`, with it. */
interface Call<Argument> {
  readonly argument: Argument;
  run(): Promise<void>;
  fail(error: Error, options?: { readonly after?: boolean }): Promise<void>;
}

export interface ScriptedStore {
  readonly store: Store;
  /** Underneath: what is durable. */
  readonly memory: MemoryStore;
  readonly appends: Call<readonly NewRecord[]>[];
  readonly reads: Call<Parameters<Store["read"]>[0]>[];
  /** Calls to `expire`, which are answered at once. */
  readonly expires: Parameters<Store["expire"]>[0][];
}

export function scriptedStore(memory = new MemoryStore()): ScriptedStore {
  const appends: Call<readonly NewRecord[]>[] = [];
  const reads: Call<Parameters<Store["read"]>[0]>[] = [];
  const expires: Parameters<Store["expire"]>[0][] = [];
  const store: Store = {
    name: "scripted:",
    repairs: [],
    failure: null,
    state: memory.state,
    voucherKey: memory.voucherKey,
    get firstPosition() {
      return memory.firstPosition;
    },
    get nextPosition() {
      return memory.nextPosition;
    },
    get recordCount() {
      return memory.recordCount;
    },
    append: (records) =>
      held<readonly NewRecord[], readonly Appended[]>(appends, records, () => memory.append(records)),
    read: (options) => held<typeof options, Slice>(reads, options, () => memory.read(options)),
    query: (query) => memory.query(query),
    expire: (step) => {
      expires.push(step);
      return memory.expire(step);
    },
    expired: (sourceId) => memory.expired(sourceId),
    beginTerm: () => memory.beginTerm(),
    identity: () => memory.identity(),
    totals: () => memory.totals(),
    statement: () => memory.statement(),
    sizeBytes: () => memory.sizeBytes(),
    close: () => memory.close(),
  };
  return { store, memory, appends, reads, expires };
}

function held<Argument, Result>(
  calls: Call<Argument>[],
  argument: Argument,
  work: () => Promise<Result>,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    calls.push({
      argument,
      async run() {
        resolve(await work());
        await settled();
      },
      async fail(error, { after = false } = {}) {
        if (after) await work();
        reject(error);
        await settled();
      },
    });
  });
}

/** Lets what waits on a promise run. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
