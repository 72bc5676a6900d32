/**
 * What is acknowledged only once it is on disk, as tests of failing disks see it: the store, the hub's
 * state in it, and the journals.
 */

import { systemClock } from "../../src/runtime/clock.js";
import { silentLogger } from "../../src/runtime/log.js";
import type { JournalEntry } from "../../src/storage/journal/journal.js";
import { openLevelJournals } from "../../src/storage/journal/level-journals.js";
import { openStore } from "../../src/storage/results/open-store.js";
import { iterateRecords } from "../../src/storage/results/read-store.js";
import type { Repair } from "../../src/task/reports.js";
import { parseSourceId } from "../../src/task/identity.js";
import { newTask, pipelineOf } from "../task/pipelines.js";
import { newRecord } from "./records.js";
import { spanAt } from "./positions.js";

export interface DurableWriter {
  /** Writes this one; resolves once it is durable. */
  write(sequence: number): Promise<void>;
  close(): Promise<void>;
}

interface DurableSubject {
  open(folder: string): Promise<DurableWriter>;
  /** What is wrong with what another process finds where `count` of them were acknowledged, from 0 on; null for nothing. */
  problem(folder: string, count: number): Promise<string | null>;
}

/** Kilobytes an entry, so that half of it is no end of it. */
const DETECTIONS = 40;

const store: DurableSubject = {
  async open(folder) {
    const opened = await openStore(folder);
    return {
      async write(sequence) {
        await opened.append([newRecord({ sequence, detections: DETECTIONS })]);
      },
      close: () => opened.close(),
    };
  },
  async problem(folder, count) {
    const repairs: Repair[] = [];
    const opened = await openStore(folder, { mustExist: true, onDamage: (repair) => repairs.push(repair) });
    const sequences: number[] = [];
    for await (const { id } of iterateRecords(opened)) sequences.push(id.sequence);
    await opened.close();
    if (repairs.length > 0) return `repaired: ${JSON.stringify(repairs)}`;
    return difference(sequences, from(0, count));
  },
};

/** Each write changes an entry that is there, and makes another. */
const state: DurableSubject = {
  async open(folder) {
    const opened = await openStore(folder);
    return {
      write: (sequence) =>
        opened.state.write([
          { type: "put", kind: "policy", key: "last", value: sequence },
          {
            type: "put",
            kind: "change",
            key: String(sequence),
            value: { sequence, text: "x".repeat(9_000) },
          },
        ]),
      close: () => opened.close(),
    };
  },
  async problem(folder, count) {
    const repairs: Repair[] = [];
    const opened = await openStore(folder, { mustExist: true, onDamage: (repair) => repairs.push(repair) });
    const entries = await opened.state.range("change");
    const last = await opened.state.get("policy", "last");
    await opened.close();
    if (repairs.length > 0) return `repaired: ${JSON.stringify(repairs)}`;
    if (last !== count - 1) return `the last one is ${String(last)}`;
    return difference(
      entries.map(([key]) => Number(key)).sort((a, b) => a - b),
      from(0, count),
    );
  },
};

const SOURCE = parseSourceId("cam-1");
const INCARNATION = 1_000;
const OPENED = { source: "clip.mp4", nowMs: INCARNATION, request: null } as const;
const FRAME_US = 40_000;
const [TASK] = newTask(pipelineOf({ a: [], b: ["a"] }));

function journalEntry(sequence: number): JournalEntry {
  if (TASK === undefined) throw new TypeError("A pipeline without a root");
  const id = { sourceId: SOURCE, incarnation: INCARNATION, sequence };
  const frames = [{ ptsUs: sequence * FRAME_US, data: new Uint8Array(9_000).fill(sequence) }];
  return {
    task: { ...TASK, id, payload: TASK.payload === null ? null : { ...TASK.payload, frames } },
    drop: null,
    span: spanAt(sequence * FRAME_US, FRAME_US),
  };
}

/** Tasks that are not settled as the next one is written. */
const WINDOW = 3;

const journals: DurableSubject = {
  async open(folder) {
    const opened = await openLevelJournals(folder, { clock: systemClock, log: silentLogger });
    const { journal } = await opened.open(SOURCE, OPENED);
    return {
      async write(sequence) {
        if (sequence >= WINDOW) journal.settle(journalEntry(sequence - WINDOW).task.id);
        await journal.put([journalEntry(sequence)]);
      },
      close: () => opened.close(),
    };
  },
  async problem(folder, count) {
    const repairs: Repair[] = [];
    const opened = await openLevelJournals(folder, {
      clock: systemClock,
      log: silentLogger,
      onDamage: (repair) => repairs.push(repair),
    });
    const { recovered } = await opened.open(SOURCE, OPENED);
    await opened.close();
    if (repairs.length > 0) return `repaired: ${JSON.stringify(repairs)}`;
    if (recovered.position?.frame !== count - 1) return `position ${recovered.position?.frame}`;
    return difference(
      recovered.entries.map(({ task }) => task.id.sequence),
      from(Math.max(0, count - WINDOW), count),
    );
  },
};

export const DURABLE_SUBJECTS = { store, state, journals } as const;
export type DurableKind = keyof typeof DURABLE_SUBJECTS;

function from(start: number, end: number): readonly number[] {
  return Array.from({ length: end - start }, (_, index) => start + index);
}

function difference(found: readonly number[], wanted: readonly number[]): string | null {
  return found.join() === wanted.join() ? null : `holds ${found.join()} in place of ${wanted.join()}`;
}
