/**
 * The chain over the records of a store: each record holds a hash over the one before it and itself, so one that is changed,
 * left out, put in or moved breaks it. And the statement of a store of where its chain begins and ends.
 */

import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { SourceTotals } from "./reports.js";
import type { StoredRecord } from "./record.js";

/** What the first record of a store has before it. */
export const CHAIN_START = "";

/** What a store says of itself, under its key. */
export interface StoreStatement {
  /** Oldest position that retention has not given up. */
  readonly firstPosition: number;
  /** Of the record before it. */
  readonly firstChain: string;
  readonly nextPosition: number;
  /** Of the newest record. */
  readonly lastChain: string;
  /** Records held. */
  readonly recordCount: number;
  /** Tasks settled since the store was made, by source. */
  readonly totals: Readonly<Record<string, SourceTotals>>;
  /** Of the tasks settled those whose records retention has deleted. */
  readonly expired: readonly ExpiredTasks[];
  /** HMAC-SHA-256 over all the above under the store's key, base64url. */
  readonly mac: string;
}

/** Tasks whose records retention has deleted. */
export interface ExpiredTasks {
  readonly sourceId: string;
  readonly incarnation: number;
  /** `[from, to, from, to, ...]`, both inclusive, ascending. */
  readonly sequences: readonly number[];
  /** Its end was deleted, too: another host took the source over, and what its node made besides is nowhere. */
  readonly takenOver?: true;
}

/** The last line of an export: what the lines before it are. */
export interface ExportTrailer {
  readonly type: "trailer";
  /** Lines before it. */
  readonly recordCount: number;
  /** SHA-256 over their bytes, base64url. */
  readonly digest: string;
  /** Every record of the store was asked for. */
  readonly whole: boolean;
  readonly statement: StoreStatement;
}

/** The hash of a record in its chain: SHA-256 over that of the record before it and its own JSON, base64url. */
export function chainOf(previous: string, record: StoredRecord): string {
  const { chain: _, ...content } = record;
  return createHash("sha256").update(previous).update(JSON.stringify(content)).digest("base64url");
}

export function chained<Stored extends StoredRecord>(record: Stored, previous: string): Stored {
  return { ...record, chain: chainOf(previous, record) };
}

export function signStatement(statement: Omit<StoreStatement, "mac">, key: Uint8Array): StoreStatement {
  return { ...statement, mac: macOf(statement, key) };
}

/** Whether the holder of `key` has said so. */
export function isSigned({ mac, ...statement }: StoreStatement, key: Uint8Array): boolean {
  const wanted = Buffer.from(macOf(statement, key));
  const given = Buffer.from(mac);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

function macOf(statement: Omit<StoreStatement, "mac">, key: Uint8Array): string {
  return createHmac("sha256", key).update(JSON.stringify(statement)).digest("base64url");
}
