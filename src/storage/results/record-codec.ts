/**
 * How values lie in the store: sealed JSON. JSON because records leave as JSON, and because it decodes no slower than
 * `v8.deserialize` (`bench/micro/store.ts`). A decoder names the type that was sealed under its key: only this store
 * writes here, and the checksum says that nothing else did.
 */

import { SluiceError } from "../../task/errors.js";
import { seal as sealText, unseal as unsealText } from "../sealed.js";
import type { StoredRecord } from "../../task/record.js";
import type { Outcome } from "../../task/task.js";
import type { IncarnationTail } from "./incarnation-tail.js";
import type { SequenceRanges } from "./sequence-ranges.js";
import type { Repair, SourceTotals } from "../../task/reports.js";

/** What a store remembers beside its records. */
export interface StoreState {
  readonly firstPosition: number;
  readonly nextPosition: number;
  readonly recordCount: number;
  /** Bytes of the records that are held, as they are stored. Absent where they were not counted: of an older store, and after damage. */
  readonly recordBytes?: number;
  /** Of the record before `firstPosition`, and of the newest one: absent while no record is chained. */
  readonly firstChain?: string;
  readonly lastChain?: string;
}

/** Where a task is stored, and as what. */
export interface Identity {
  readonly position: number;
  readonly outcome: Outcome;
}

/** @throws SluiceError `store-corrupt` */
export type Decoder<Value> = (text: string, key: string) => Value;

/** Whatever the hub keeps: whoever asks for it checks it. */
export const decodeKept: Decoder<{ readonly value: unknown }> = (text, key) => ({ value: unseal(text, key) });
export const decodeCount: Decoder<number> = (text, key) => unseal(text, key) as number;
export const decodeTerms: Decoder<number> = (text, key) => unseal(text, key) as number;
export const decodeFormat: Decoder<number> = (text, key) => unseal(text, key) as number;
export const decodeIdentity: Decoder<Identity> = (text, key) => unseal(text, key) as Identity;
export const decodeRanges: Decoder<SequenceRanges> = (text, key) => unseal(text, key) as SequenceRanges;
export const decodeRecord: Decoder<StoredRecord> = (text, key) => unseal(text, key) as StoredRecord;
export const decodeRepairs: Decoder<readonly Repair[]> = (text, key) =>
  unseal(text, key) as readonly Repair[];
export const decodeState: Decoder<StoreState> = (text, key) => unseal(text, key) as StoreState;
export const decodeTail: Decoder<IncarnationTail> = (text, key) => unseal(text, key) as IncarnationTail;
export const decodeTotals: Decoder<SourceTotals> = (text, key) => unseal(text, key) as SourceTotals;

export function seal(
  value:
    | StoredRecord
    | Identity
    | IncarnationTail
    | SequenceRanges
    | StoreState
    | SourceTotals
    | readonly Repair[]
    | number,
): string {
  return sealText(JSON.stringify(value));
}

/** What `decode` makes of `text`, or null where its bytes are damaged. */
export function readable<Value>(decode: Decoder<Value>, text: string, key: string): Value | null {
  try {
    return decode(text, key);
  } catch {
    return null; // damage is the question here, not a failure
  }
}

/** Names what cannot be read. A store repairs itself at its next write or opening, so a reader may try again. */
export function damaged(key: string): SluiceError {
  return new SluiceError(
    `Cannot read "${key}" as its bytes have changed on disk: open the store again to repair it`,
    { code: "store-corrupt", retry: "backoff", details: { key } },
  );
}

function unseal(text: string, key: string): unknown {
  const json = unsealText(text);
  if (json === null) throw damaged(key);
  return JSON.parse(json);
}
