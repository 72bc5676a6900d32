/** The verdict on the store of a cluster that was under chaos. */

import { auditRun } from "../../src/audit/audit.js";
import { openStoreForReading, statedRecords } from "../../src/storage/results/read-store.js";
import type { StoredRecord } from "../../src/task/record.js";
import { countDrops } from "../../src/task/ledger.js";
import { renderTable } from "../tables.js";
import { sayDamage } from "../damage.js";

export interface ChaosVerdict {
  readonly kept: boolean;
  /** Of the sources. */
  readonly table: string;
  /** A line for each promise that was broken; of frames that were stored twice, the first ones. */
  readonly broken: readonly string[];
}

interface SourceSeen {
  readonly incarnations: Set<number>;
  /** By presentation time, in microseconds. */
  readonly frames: Set<number>;
}

const CLOCK_TOLERANCE_MS = 5_000;
const DOUBLED_SHOWN = 20;

export async function verdictOn(folder: string): Promise<ChaosVerdict> {
  const store = await openStoreForReading(folder, { onDamage: sayDamage(folder) });
  try {
    const sources = new Map<string, SourceSeen>();
    const doubled: string[] = [];
    const statement = await store.statement();
    const { incarnations, findings, findingCount } = await auditRun({
      records: watched(statedRecords(store, statement), sources, doubled),
      origin: async () => ({ stated: { before: statement, after: statement, whole: true }, file: null }),
      clockToleranceMs: CLOCK_TOLERANCE_MS,
      running: new Set(),
    });
    const rows = [...sources].map(([source, seen]) => {
      const own = incarnations.filter(({ sourceId }) => sourceId === source);
      const sum = (of: (each: (typeof own)[number]) => number): number =>
        own.reduce((all, each) => all + of(each), 0);
      const counts = [
        sum(({ results }) => results),
        sum(({ gaps }) => countDrops(gaps)),
        sum(({ lost }) => lost),
      ];
      return [source, seen.incarnations.size, ...counts, seen.frames.size].map(String);
    });
    return {
      kept: findingCount === 0 && doubled.length === 0,
      table: renderTable(
        ["source", "incarnations", "results", "gaps", "lost", "frames"].map((title) => ({ title })),
        rows,
      ),
      broken: [
        ...findings.map(({ rule, detail, task }) => `${rule}: ${JSON.stringify(task)} ${detail}`),
        ...doubled.slice(0, DOUBLED_SHOWN).map((frame) => `doubled: frame of ${frame}`),
      ],
    };
  } finally {
    await store.close();
  }
}

/** Notes incarnations and frames of each source as its records pass. */
async function* watched(
  records: AsyncIterable<StoredRecord>,
  sources: Map<string, SourceSeen>,
  doubled: string[],
): AsyncGenerator<StoredRecord> {
  for await (const record of records) {
    const { sourceId, incarnation } = record.id;
    const seen = sources.get(sourceId) ?? { incarnations: new Set(), frames: new Set() };
    const { incarnations, frames } = seen;
    sources.set(sourceId, seen);
    incarnations.add(incarnation);
    for (const ptsUs of record.type === "result" ? record.framePtsUs : []) {
      if (frames.has(ptsUs)) doubled.push(`${sourceId} at ${ptsUs} us`);
      frames.add(ptsUs);
    }
    yield record;
  }
}
