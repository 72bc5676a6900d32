/** A store that ends with its process: for simulation, tests, and runs that keep nothing. */

import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import type { ResultQuery, StoredRecord } from "../../task/record.js";
import { CHAIN_START, chained, signStatement, type StoreStatement } from "../../task/record-chain.js";
import type { SourceTotals } from "../../task/reports.js";
import { taskKey, type SourceId } from "../../task/identity.js";
import type { Outcome } from "../../task/task.js";
import { joinTails, tailOf, type ExpiredIncarnation, type IncarnationTail } from "./incarnation-tail.js";
import { seal } from "./record-codec.js";
import { addSequence, hasSequence, type SequenceRanges } from "./sequence-ranges.js";
import {
  matchesQuery,
  outcomeOf,
  placeRecord,
  queryLimit,
  queryOrder,
  type Appended,
  type NewRecord,
  type RecordPage,
  type RetentionStep,
  type Slice,
  type SliceRequest,
  type Store,
} from "./store.js";
import { createMemoryState } from "../hub/memory-state.js";
import { identityOf, KEY_BYTES } from "../store-key.js";
import { countRecord, NO_TOTALS, totalsBySource } from "./totals.js";

export class MemoryStore implements Store {
  readonly name = "memory:";
  readonly state = createMemoryState();
  readonly repairs = [];
  readonly failure = null;
  #firstPosition = 0;
  #nextPosition = 0;
  #terms = 0;
  /** By position: inserted in its order. */
  readonly #records = new Map<number, StoredRecord>();
  readonly #outcomes = new Map<string, Outcome>();
  /** Sequences that retention has deleted, by `source/incarnation`; and where those had come to. */
  readonly #expired = new Map<string, SequenceRanges>();
  readonly #expiredTails = new Map<string, IncarnationTail>();
  readonly #key = randomBytes(KEY_BYTES);
  readonly #voucherKey = randomBytes(KEY_BYTES);
  #firstChain = CHAIN_START;
  #lastChain = CHAIN_START;
  readonly #totals = new Map<string, SourceTotals>();

  get firstPosition(): number {
    return this.#firstPosition;
  }

  get nextPosition(): number {
    return this.#nextPosition;
  }

  get recordCount(): number {
    return this.#records.size;
  }

  async append(records: readonly NewRecord[]): Promise<readonly Appended[]> {
    return records.map((record) => this.#appendOne(record));
  }

  async read({ fromPosition, limit, sourceId }: SliceRequest): Promise<Slice> {
    const firstPosition = this.#firstPosition;
    const records: StoredRecord[] = [];
    let position = Math.max(fromPosition, firstPosition);
    for (; position < this.#nextPosition && records.length < limit; position++) {
      const record = this.#records.get(position);
      if (record === undefined || (sourceId !== undefined && record.id.sourceId !== sourceId)) continue;
      records.push(record);
    }
    return { records, nextPosition: Math.max(position, fromPosition), firstPosition };
  }

  async query(query: ResultQuery): Promise<RecordPage> {
    const limit = queryLimit(query);
    const found = [...this.#records.values()]
      .filter((record) => matchesQuery(record, query))
      .sort(queryOrder(query));
    return { records: found.slice(0, limit), more: found.length > limit };
  }

  async expire({
    recordsMax = Infinity,
    bytesMax = Infinity,
    storedBeforeMs = -Infinity,
    limit,
  }: RetentionStep): Promise<number> {
    let deleted = 0;
    let bytes = 0;
    if (bytesMax < Infinity) for (const record of this.#records.values()) bytes += bytesOf(record);
    for (const record of this.#records.values()) {
      const tooMany = this.#records.size > recordsMax || bytes > bytesMax;
      if (deleted >= limit || !(tooMany || record.storedAtMs < storedBeforeMs)) break;
      if (bytesMax < Infinity) bytes -= bytesOf(record);
      const stream = `${record.id.sourceId}/${record.id.incarnation}`;
      if (record.type !== "closed") {
        this.#expired.set(stream, addSequence(this.#expired.get(stream) ?? [], record.id.sequence));
      }
      this.#expiredTails.set(stream, joinTails(this.#expiredTails.get(stream), tailOf(record)));
      this.#outcomes.delete(taskKey(record.id));
      this.#records.delete(record.position);
      this.#firstPosition = record.position + 1;
      this.#firstChain = record.chain ?? this.#firstChain;
      deleted += 1;
    }
    return deleted;
  }

  async expired(sourceId: SourceId): Promise<readonly ExpiredIncarnation[]> {
    return [...this.#expiredTails]
      .filter(([stream]) => stream.startsWith(`${sourceId}/`))
      .map(([stream, tail]) => ({
        incarnation: Number(stream.slice(sourceId.length + 1)),
        sequences: this.#expired.get(stream) ?? [],
        tail,
      }))
      .sort((a, b) => a.incarnation - b.incarnation);
  }

  beginTerm(): Promise<number> {
    return Promise.resolve((this.#terms += 1));
  }

  identity(): Promise<string> {
    return Promise.resolve(identityOf(this.#key));
  }

  readonly voucherKey = (): Promise<Uint8Array> => Promise.resolve(this.#voucherKey);

  totals(): Readonly<Record<string, SourceTotals>> {
    return totalsBySource(this.#totals);
  }

  async statement(): Promise<StoreStatement> {
    const expired = [...this.#expiredTails].map(([stream, { end }]) => {
      const [sourceId = "", incarnation = ""] = stream.split("/");
      return {
        sourceId,
        incarnation: Number(incarnation),
        sequences: this.#expired.get(stream) ?? [],
        ...(end === "takenOver" && { takenOver: true as const }),
      };
    });
    const said = {
      firstPosition: this.#firstPosition,
      firstChain: this.#firstChain,
      nextPosition: this.#nextPosition,
      lastChain: this.#lastChain,
      recordCount: this.#records.size,
      totals: this.totals(),
      expired,
    };
    return signStatement(said, this.#key);
  }

  async sizeBytes(): Promise<number> {
    return 0;
  }

  async close(): Promise<void> {}

  #appendOne(record: NewRecord): Appended {
    const { id } = record;
    const key = taskKey(id);
    const known = this.#outcomes.get(key);
    if (known !== undefined) return { status: "existing", outcome: known };
    const expired = this.#expired.get(`${id.sourceId}/${id.incarnation}`);
    const outcome = outcomeOf(record);
    if (expired !== undefined && hasSequence(expired, id.sequence)) return { status: "existing", outcome };
    const stored = chained(placeRecord(record, this.#nextPosition), this.#lastChain);
    this.#lastChain = stored.chain ?? this.#lastChain;
    this.#nextPosition += 1;
    this.#records.set(stored.position, stored);
    this.#outcomes.set(key, outcome);
    this.#totals.set(id.sourceId, countRecord(this.#totals.get(id.sourceId) ?? NO_TOTALS, record));
    return { status: "stored", record: stored };
  }
}

/** As a record lies on disk. */
function bytesOf(record: StoredRecord): number {
  return Buffer.byteLength(seal(record));
}
