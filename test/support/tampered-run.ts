/** The export of a small real run as somebody tampers with it: line by line, or as one who chains it anew without the key. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createHash } from "node:crypto";
import { readRecordFile } from "../../apps/cli/record-file.js";
import { auditRun, type AuditReport } from "../../src/audit/audit.js";
import { definePipeline } from "../../src/task/define-pipeline.js";
import { chained, isSigned, signStatement, type ExportTrailer } from "../../src/task/record-chain.js";
import type { StoredRecord } from "../../src/task/record.js";
import { parseSourceId } from "../../src/task/identity.js";
import { countRecord, NO_TOTALS } from "../../src/storage/results/totals.js";
import type { SourceTotals } from "../../src/task/reports.js";
import { localRun, progress, scripted, SERVICES } from "./local-run.js";
import { DEEDS } from "./services/scripted.js";

export interface TamperedRun {
  readonly records: readonly StoredRecord[];
  readonly trailer: ExportTrailer | null;
}

/** Of the store of the run. */
const KEY = Buffer.alloc(32, 1);
const FRAMES = 80;
const FAILING = new Set([12, 40]);

const pipeline = definePipeline(
  {
    id: "tampered",
    stages: [
      { id: "detect", service: "detect", parameters: scripted(0) },
      { id: "refine", service: "refine", after: ["detect"], parameters: scripted(1) },
      { id: "follow", service: "follow", after: ["refine"] },
    ],
  },
  SERVICES,
);

/** Two sources, one of them in two incarnations, over several tables; two tasks of each were dropped. */
export async function realExport(): Promise<TamperedRun & { readonly trailer: ExportTrailer }> {
  const made = { records: [] as readonly StoredRecord[], trailer: null as ExportTrailer | null };
  await localRun({ pipeline, edges: ["edge-1", "edge-2"] }, async (run) => {
    const placed = (detect: string) => ({
      name: "fixed",
      parameters: { placement: { detect, refine: detect, follow: "cloud" } },
    });
    const script = {
      count: FRAMES,
      framesPerTask: 2,
      write: (index: number, bytes: Uint8Array) => {
        if (FAILING.has(index)) bytes.set([DEEDS.indexOf("throw"), 255]);
      },
    };
    const first = await run.add({ ...script, id: "cam-1", edge: 0, policy: placed("edge-1") });
    await run.add({ ...script, id: "cam-2", edge: 1, policy: placed("edge-2") });
    await progress(first, 20);
    await run.cluster.setPolicy(parseSourceId("cam-1"), placed("cloud"));
    const ended = (edge: number, id: string) => run.cluster.edges[edge]?.sourceEnded(parseSourceId(id));
    await ended(0, "cam-1");
    await run.add({ ...script, id: "cam-1", edge: 0, policy: placed("edge-1") });
    await ended(0, "cam-1");
    await ended(1, "cam-2");
    made.records = await run.allRecords();
    const { mac: _, ...statement } = await run.store.statement();
    made.trailer = trailerOf(made.records, {
      type: "trailer",
      recordCount: 0,
      digest: "",
      whole: true,
      statement: signStatement(statement, KEY),
    });
  });
  const { records, trailer } = made;
  if (trailer === null) throw new Error("no run");
  return { records, trailer };
}

/** Writes the run to a file and audits that, with or without the key of its store. */
export async function auditExport(
  folder: string,
  { records, trailer }: TamperedRun,
  withKey: boolean,
): Promise<AuditReport> {
  const file = join(folder, "run.ndjson");
  const lines = [...records, ...(trailer === null ? [] : [trailer])];
  writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  const reading = readRecordFile(file);
  return await auditRun({
    records: reading.records,
    async origin() {
      const read = reading.end();
      if (read.trailer === null) return { stated: null, file: { ...read, signed: null } };
      const { statement, whole } = read.trailer;
      const signed = withKey ? isSigned(statement, KEY) : null;
      return { stated: { before: statement, after: statement, whole }, file: { ...read, signed } };
    },
  });
}

/**
 * As good as one can make it without the key: positions anew, a chain over what is there, and a statement that says so. What
 * retention has deleted it can claim as it likes, so nothing is claimed.
 */
export function forged({ records }: TamperedRun, { statement }: ExportTrailer): TamperedRun {
  let chain = statement.firstChain;
  const anew = records.map((record, index) => {
    const placed = chained({ ...record, position: statement.firstPosition + index }, chain);
    chain = placed.chain ?? chain;
    return placed;
  });
  const totals: Record<string, SourceTotals> = {};
  for (const record of anew) {
    const { sourceId } = record.id;
    totals[sourceId] = countRecord(totals[sourceId] ?? NO_TOTALS, record);
  }
  return {
    records: anew,
    trailer: trailerOf(anew, {
      type: "trailer",
      recordCount: 0,
      digest: "",
      whole: true,
      statement: {
        ...statement,
        nextPosition: statement.firstPosition + anew.length,
        lastChain: chain,
        recordCount: anew.length,
        totals,
      },
    }),
  };
}

function trailerOf(records: readonly StoredRecord[], trailer: ExportTrailer): ExportTrailer {
  const digest = createHash("sha256");
  for (const record of records) digest.update(`${JSON.stringify(record)}\n`);
  return { ...trailer, recordCount: records.length, digest: digest.digest("base64url") };
}
