/** A store in memory that tells at once what it was given, and what a stretch of a run was like. */

import { setTimeout as sleep } from "node:timers/promises";
import { MemoryStore } from "../../../src/storage/results/memory-store.js";
import type { Appended, NewRecord } from "../../../src/storage/results/store.js";
import { auditRun } from "../../../src/audit/audit.js";
import type { StoredResult } from "../../../src/task/record.js";

/** For a result that somebody waits for, however busy the machine: beyond it something is wrong. */
const NEXT_MS_MAX = 120_000;
/** For what is under way when a source is paused, or waits to be delivered again. */
const SETTLED_MS_MAX = 30_000;

type NewResult = Extract<NewRecord, { readonly type: "result" }>;

export class WatchedStore extends MemoryStore {
  readonly #watchers = new Set<(result: NewResult) => void>();

  override async append(records: readonly NewRecord[]): Promise<readonly Appended[]> {
    for (const record of records) {
      if (record.type === "result") for (const watch of this.#watchers) watch(record);
    }
    return super.append(records);
  }

  /** Resolves with the first result from now on that is `wanted`; rejects where none comes. */
  next(wanted: (result: NewResult) => boolean): Promise<NewResult> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        end();
        reject(new Error(`No result that is waited for came within ${NEXT_MS_MAX / 1_000} s`));
      }, NEXT_MS_MAX);
      const end = this.watch((result) => {
        if (!wanted(result)) return;
        clearTimeout(timer);
        end();
        resolve(result);
      });
    });
  }

  /** @returns ends it */
  watch(watcher: (result: NewResult) => void): () => void {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  /** What was stored from `position` on. @throws Error where a task was dropped */
  async resultsFrom(position: number): Promise<readonly StoredResult[]> {
    const { records } = await this.read({ fromPosition: position, limit: Infinity });
    return records.map((record) => {
      if (record.type !== "result") throw new Error(`Task ${record.id.sequence} was dropped`);
      return record;
    });
  }

  /** Of a source that has been paused. @throws Error where a task was lost, dropped or stored twice, or any promise was broken */
  async check(): Promise<void> {
    const untilMs = performance.now() + SETTLED_MS_MAX;
    let results = await this.resultsFrom(0);
    while (performance.now() < untilMs && results.some(({ id }) => id.sequence >= results.length)) {
      await sleep(20);
      results = await this.resultsFrom(0);
    }
    const report = await auditRun({ records: results });
    if (report.findingCount > 0) {
      throw new Error(`The audit of the run found: ${JSON.stringify(report.findings.slice(0, 3))}`);
    }
    const ids = new Set(results.map(({ id }) => `${id.sourceId}/${id.incarnation}/${id.sequence}`));
    if (ids.size !== results.length) throw new Error("A task was stored twice");
  }
}
