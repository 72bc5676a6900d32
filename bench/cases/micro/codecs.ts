/**
 * Messages, and what makes bytes of them and reads these: the codec of the links beside what else there is.
 *
 * msgpackr's shared structures compile a reader from keys that were found on the wire, which the security rules of the
 * project exclude; they are here as what a codec with a memory can do.
 */

import { strict as assert } from "node:assert";
import { deserialize, serialize } from "node:v8";
import { Packr } from "msgpackr";
import type { ActorRef } from "../../../src/runtime/actor-ref.js";
import { ByteReader } from "../../../src/transport/codec/byte-reader.js";
import { ByteWriter } from "../../../src/transport/codec/byte-writer.js";
import { decodeValue } from "../../../src/transport/codec/decode.js";
import { encodeValue } from "../../../src/transport/codec/encode.js";
import { parseStageId } from "../../../src/task/identity.js";
import { finishedTask } from "../../../test/support/tasks.js";
import { OURS } from "./systems.js";

const FRAME_BYTES = 640 * 360 * 3;

export interface Codec {
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
  readonly task?: { voucher: unknown; readonly payload?: { readonly frames: { data: unknown }[] } | null };
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
/** By the end of their names. */
export const MESSAGES: Readonly<Record<string, unknown>> = {
  small: {
    type: "settled",
    sequence: 12_345,
    outcome: "stored",
    replyTo: resolve("sluice://edge-1/sources/cam-1#17"),
  },
  header: { type: "submit", task: header },
  frame: { type: "submit", task: { ...header, payload } },
};

export const writer = new ByteWriter();
export const reader = new ByteReader(new Uint8Array(0));
const packr = new Packr({ useRecords: false, moreTypes: true });
const sharing = new Packr({ structures: [], moreTypes: true, copyBuffers: false });
/** Ours, the baseline, peers. */
export const CODECS: Readonly<Record<string, Codec>> = {
  [OURS]: {
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
  "JSON, base64": {
    adapt: (message) => plain(message, (bytes) => new Base64(bytes)),
    encode(message) {
      const encoded = Buffer.from(JSON.stringify(message));
      return { encoded, bytes: encoded.length };
    },
    decode(encoded) {
      const message = JSON.parse(asBuffer(encoded).toString()) as JsonMessage;
      if (message.task !== undefined)
        message.task.voucher = Buffer.from(String(message.task.voucher), "base64");
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
};

interface ReturnTypeOfSluice {
  readonly record: ReturnType<ByteWriter["finish"]>;
  readonly attachments: readonly Uint8Array[];
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
export function comparable(value: unknown): unknown {
  return plain(value, (bytes) => new Uint8Array(bytes));
}

function asBuffer(value: unknown): Buffer {
  assert.ok(value instanceof Uint8Array);
  return Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.length);
}
