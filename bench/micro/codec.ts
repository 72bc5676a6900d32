/**
 * Messages into bytes and back: the codec of the links beside what else there is.
 *
 * Measured: on one core, in one thread, a small tell with a ref, the header of a task with two results and two hops, and
 * the same task with a frame of 691,200 bytes (640x360 RGB); encoding, decoding, and the bytes of both header and frame.
 * Then the parts of ours: texts, addresses and keys that were met before. Each result is compared with what went in. Not
 * measured: sockets, addressing, queues; and what it takes others to bring a message into values that they know, refs as
 * their address and Maps as entries. The base64 of JSON is measured.
 *
 * msgpackr's shared structures compile a reader from keys that were found on the wire, which the security rules of the
 * project exclude; they are here as what a codec with a memory can do. The baseline is JSON.
 *
 * Usage: `node dist/bench/micro/codec.js`
 */

import { strict as assert } from "node:assert";
import { deserialize, serialize } from "node:v8";
import { Packr } from "msgpackr";
import type { ActorRef } from "../../src/runtime/actor-ref.js";
import { ByteReader } from "../../src/transport/codec/byte-reader.js";
import { ByteWriter } from "../../src/transport/codec/byte-writer.js";
import { decodeValue } from "../../src/transport/codec/decode.js";
import { encodeValue } from "../../src/transport/codec/encode.js";
import { parseStageId } from "../../src/task/identity.js";
import { finishedTask } from "../../test/support/tasks.js";
import { median, report, rounded, type Row } from "../report.js";

const SAMPLES = 60;
/** Time of one sample: calls are as many as fit. */
const SAMPLE_MS = 4;
const FRAME_BYTES = 640 * 360 * 3;

interface Codec {
  /** What `decode` reads, and its size. */
  readonly encode: (message: unknown) => { readonly encoded: unknown; readonly bytes: number };
  readonly decode: (encoded: unknown) => unknown;
  /** The message in the codec's words. */
  readonly adapt: (message: unknown) => unknown;
}

class BenchRef implements ActorRef<unknown> {
  readonly address: string;

  constructor(address: string) {
    this.address = address;
  }

  tell(): void {}

  toJSON(): string {
    return this.address;
  }
}

/** Bytes as `JSON.stringify` is to write them. */
class Base64 {
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  toJSON(): string {
    return asBuffer(this.bytes).toString("base64");
  }
}

/** Where a message has its bytes. */
interface JsonMessage {
  readonly task?: { readonly payload?: { readonly frames: { data: unknown }[] } | null };
}

const refs = new Map<string, ActorRef<never>>();
const resolve = (address: string): ActorRef<never> => {
  const known = refs.get(address);
  if (known !== undefined) return known;
  const made = new BenchRef(address);
  refs.set(address, made);
  return made;
};

const task = finishedTask({ sequence: 12_345 });
const [stage] = task.results.keys();
assert.ok(stage !== undefined);
const results = new Map([...task.results, [parseStageId("track"), task.results.get(stage)]]);
const header = { ...task, payload: null, results, hops: [...task.hops, ...task.hops] };
const frame = new Uint8Array(FRAME_BYTES).map((_, index) => (index * 31) % 251);
const payload = { encoding: "rgb", width: 640, height: 360, frames: [{ ptsUs: 40_000, data: frame }] };
const MESSAGES: Readonly<Record<string, unknown>> = {
  "Small tell": {
    type: "settled",
    sequence: 12_345,
    outcome: "stored",
    replyTo: resolve("sluice://edge-1/sources/cam-1#17"),
  },
  "Header of a task": { type: "submit", task: header },
  "Task with a frame": { type: "submit", task: { ...header, payload } },
};

const writer = new ByteWriter();
const reader = new ByteReader(new Uint8Array(0));
const packr = new Packr({ useRecords: false, moreTypes: true });
const sharing = new Packr({ structures: [], moreTypes: true, copyBuffers: false });
const CODECS: Readonly<Record<string, Codec>> = {
  "JSON, base64 (baseline)": {
    adapt: (message) => plain(message, (bytes) => new Base64(bytes)),
    encode(message) {
      const encoded = Buffer.from(JSON.stringify(message));
      return { encoded, bytes: encoded.length };
    },
    decode(encoded) {
      const message = JSON.parse(asBuffer(encoded).toString()) as JsonMessage;
      for (const holder of message.task?.payload?.frames ?? []) {
        assert.ok(typeof holder.data === "string");
        holder.data = Buffer.from(holder.data, "base64");
      }
      return message;
    },
  },
  "v8.serialize": binary((message) => serialize(message), deserialize),
  "msgpackr, useRecords false": binary(
    (message) => packr.pack(message),
    (encoded) => packr.unpack(encoded),
  ),
  "msgpackr, shared structures": binary(
    (message) => sharing.pack(message),
    (encoded) => sharing.unpack(encoded),
  ),
  sluice: {
    adapt: (message) => message,
    encode(message) {
      const attachments: Uint8Array[] = [];
      writer.begin();
      encodeValue(writer, message, attachments);
      const record = writer.finish();
      const beside = attachments.reduce((sum, attachment) => sum + attachment.length, 0);
      return { encoded: { record, attachments }, bytes: record.end - record.start + beside };
    },
    decode(encoded) {
      const { record, attachments } = encoded as ReturnTypeOfSluice;
      reader.reset(record.buffer, record.start, record.end);
      return decodeValue(reader, attachments, resolve);
    },
  },
};

interface ReturnTypeOfSluice {
  readonly record: ReturnType<ByteWriter["finish"]>;
  readonly attachments: readonly Uint8Array[];
}

for (const [title, message] of Object.entries(MESSAGES)) {
  const rows: Record<string, Row> = {};
  for (const [name, codec] of Object.entries(CODECS)) rows[name] = measure(codec, message);
  report(`${title}, medians of ${SAMPLES} samples`, rows);
}
reportParts();

/** What `ByteWriter` and `ByteReader` take for texts alone, begin and end of the record included. */
function reportParts(): void {
  const keys = ["type", "sequence", "outcome", "replyTo"];
  const address = "sluice://edge-1/sources/cam-1#17";
  const part = (write: () => void, read: () => unknown): Row => {
    const record = (): ReturnType<ByteWriter["finish"]> => {
      writer.begin();
      write();
      return writer.finish();
    };
    const { buffer, start, end } = record();
    const again = (): unknown => {
      reader.reset(buffer, start, end);
      return read();
    };
    assert.ok(again() !== undefined && reader.remaining === 0);
    return { "write ns": nanosEach(record), "read ns": nanosEach(again), bytes: end - start };
  };
  report(`Parts, medians of ${SAMPLES} samples`, {
    "integer (baseline)": part(
      () => writer.u8(1),
      () => reader.u8(),
    ),
    "text of 7": part(
      () => writer.text("settled"),
      () => reader.text(),
    ),
    "text of 32": part(
      () => writer.text(address),
      () => reader.text(),
    ),
    "address of 32": part(
      () => writer.address(address),
      () => reader.text(),
    ),
    "4 keys of 28": part(
      () => writer.keys(keys),
      () => reader.keys(keys.length),
    ),
  });
}

function measure({ adapt, encode, decode }: Codec, message: unknown): Row {
  const adapted = adapt(message);
  const { encoded, bytes } = encode(adapted);
  assert.deepEqual(comparable(decode(encoded)), comparable(adapted));
  return {
    "encode ns": nanosEach(() => encode(adapted)),
    "decode ns": nanosEach(() => decode(encoded)),
    bytes,
  };
}

function nanosEach(work: () => unknown): number {
  let calls = 1;
  for (; timed(work, calls) < SAMPLE_MS; calls *= 2);
  const samples = Array.from({ length: SAMPLES }, () => (timed(work, calls) * 1e6) / calls);
  return rounded(median(samples));
}

function timed(work: () => unknown, calls: number): number {
  let kept: unknown;
  const startedMs = performance.now();
  for (let call = 0; call < calls; call += 1) kept = work();
  const ms = performance.now() - startedMs;
  assert.ok(kept !== undefined);
  return ms;
}

function binary(encode: (message: unknown) => Buffer, decode: (encoded: Buffer) => unknown): Codec {
  return {
    adapt: (message) => plain(message, (bytes) => asBuffer(bytes)),
    encode(message) {
      const encoded = encode(message);
      return { encoded, bytes: encoded.length };
    },
    decode: (encoded) => decode(asBuffer(encoded)),
  };
}

/** Refs as addresses and Maps as entries. */
function plain(value: unknown, bytesAs: (bytes: Uint8Array) => unknown): unknown {
  if (value instanceof Uint8Array) return bytesAs(value);
  if (value instanceof Base64) return bytesAs(value.bytes);
  if (value instanceof BenchRef) return value.address;
  if (value instanceof Map) return plain([...value], bytesAs);
  if (Array.isArray(value)) return value.map((item) => plain(item, bytesAs));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item, bytesAs)]));
}

/** Whatever class of bytes each makes. */
function comparable(value: unknown): unknown {
  return plain(value, (bytes) => new Uint8Array(bytes));
}

function asBuffer(value: unknown): Buffer {
  assert.ok(value instanceof Uint8Array);
  return Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.length);
}
