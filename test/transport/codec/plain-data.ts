/** Any message that may cross nodes, and a codec for one at a time. */

import * as fc from "fast-check";
import type { ActorRef } from "../../../src/runtime/actor-ref.js";
import { ByteReader } from "../../../src/transport/codec/byte-reader.js";
import { ByteWriter } from "../../../src/transport/codec/byte-writer.js";
import { decodeValue, type DecodeLimits } from "../../../src/transport/codec/decode.js";
import { encodeValue } from "../../../src/transport/codec/encode.js";

/** A ref of another class than the sender's, equal to any of the same address. */
class TestRef implements ActorRef<unknown> {
  readonly address: string;

  constructor(address: string) {
    this.address = address;
  }

  tell(): void {}

  toJSON(): string {
    return this.address;
  }
}

export function testRef(address: string): ActorRef<never> {
  if (!address.startsWith("sluice://")) throw new RangeError("No address");
  return new TestRef(address);
}

export interface Encoded {
  readonly bytes: Uint8Array;
  readonly attachments: Uint8Array[];
}

const writer = new ByteWriter(1_024);
const reader = new ByteReader(new Uint8Array(0));

/** @throws UnencodableError */
export function encode(value: unknown): Encoded {
  const attachments: Uint8Array[] = [];
  writer.begin();
  try {
    encodeValue(writer, value, attachments);
    const { buffer, start, end } = writer.finish();
    return { bytes: buffer.subarray(start, end), attachments };
  } finally {
    writer.abandon();
  }
}

/** @throws MalformedError */
export function decode({ bytes, attachments }: Encoded, limits?: DecodeLimits): unknown {
  reader.reset(bytes);
  const value = decodeValue(reader, attachments, testRef, limits);
  if (reader.remaining > 0) throw new RangeError(`${reader.remaining} bytes are left`);
  return value;
}

export function roundTrip(value: unknown): unknown {
  return decode(encode(value));
}

const typedArray = fc.oneof(
  fc.uint8Array(),
  fc.int8Array(),
  fc.uint8ClampedArray(),
  fc.uint16Array(),
  fc.int16Array(),
  fc.uint32Array(),
  fc.int32Array(),
  fc.float32Array(),
  fc.float64Array(),
  fc.bigInt64Array(),
  fc.bigUint64Array(),
);
/** Text without lone surrogates. */
const text = fc.oneof(
  fc.string(),
  fc.string({ unit: "grapheme" }),
  fc.string({ minLength: 60, maxLength: 200 }),
);
const key = text.filter((name) => name !== "__proto__");
const leaf = fc.oneof(
  fc.constantFrom(
    undefined,
    null,
    true,
    false,
    -0,
    0,
    127,
    128,
    -1,
    2 ** 31 - 1,
    2 ** 31,
    -(2 ** 31),
    -(2 ** 31) - 1,
  ),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double(),
  fc.bigInt(),
  text,
  typedArray,
  fc.integer({ min: 0, max: 99 }).map((index) => testRef(`sluice://edge-${index}/actor`)),
);

export const plainData: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, depthSize: "medium" },
    leaf,
    fc.array(tie("value"), { maxLength: 8 }),
    fc.dictionary(key, tie("value"), { maxKeys: 24, noNullPrototype: true }),
    fc.record({ type: text, count: fc.integer(), inner: tie("value") }, { noNullPrototype: true }),
    fc.array(fc.tuple(tie("value"), tie("value")), { maxLength: 5 }).map((entries) => new Map(entries)),
    fc.array(tie("value"), { maxLength: 5 }).map((items) => new Set(items)),
  ),
})).value;
