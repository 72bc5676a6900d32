import { test } from "../../support/test.js";
import * as assert from "uvu/assert";
import * as fc from "fast-check";
import { ByteReader } from "../../../src/transport/codec/byte-reader.js";
import { ByteWriter } from "../../../src/transport/codec/byte-writer.js";
import { decodeValue, type DecodeLimits } from "../../../src/transport/codec/decode.js";
import { MalformedError } from "../../../src/transport/codec/malformed.js";
import * as tags from "../../../src/transport/codec/tags.js";
import { decode, encode, plainData, testRef } from "./plain-data.js";

function refuses(bytes: Uint8Array, attachments: Uint8Array[] = [], limits?: DecodeLimits): void {
  assert.throws(
    () => decode({ bytes, attachments }, limits),
    (error: unknown) => error instanceof MalformedError,
    Buffer.from(bytes).toString("hex"),
  );
}

function written(write: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter();
  writer.begin();
  write(writer);
  const { buffer, start, end } = writer.finish();
  return buffer.subarray(start, end);
}

/** Whether `bytes` are a value; anything but `MalformedError` is thrown on. */
function isValue(bytes: Uint8Array, attachments: readonly Uint8Array[]): boolean {
  try {
    decodeValue(new ByteReader(bytes), attachments, testRef);
    return true;
  } catch (thrown) {
    if (thrown instanceof MalformedError) return false;
    throw thrown;
  }
}

test("decodeValue throws nothing but MalformedError for any bytes", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 64 }),
    // Tags are rare among all bytes.
    fc.array(fc.oneof(fc.integer({ min: 0x7e, max: 0x91 }), fc.nat(4), fc.nat(255)), { maxLength: 64 }),
  );
  let values = 0;
  fc.assert(
    fc.property(bytes, fc.array(fc.uint8Array(), { maxLength: 1 }), (some, attachments) => {
      values += Number(isValue(Uint8Array.from(some), attachments));
    }),
    { numRuns: 3_000 },
  );
  assert.ok(values > 10, `${values} were values`);
});

test("decodeValue throws nothing but MalformedError where bits of an encoding are flipped or its end is missing", () => {
  fc.assert(
    fc.property(
      plainData,
      fc.array(fc.nat(), { minLength: 1, maxLength: 4 }),
      fc.nat(),
      (value, flips, cut) => {
        const { bytes, attachments } = encode(value);
        const broken = Uint8Array.from(bytes);
        for (const flip of flips) {
          const bit = flip % (8 * broken.length);
          broken[bit >> 3] = (broken[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        }
        isValue(broken, attachments);
        assert.not.ok(isValue(bytes.subarray(0, cut % bytes.length), attachments), "cut off");
      },
    ),
    { numRuns: 800 },
  );
});

test("decodeValue refuses a count that the remaining bytes could not hold", () => {
  const heapBefore = process.memoryUsage().heapUsed;
  for (const tag of [
    tags.TAG_ARRAY,
    tags.TAG_OBJECT,
    tags.TAG_MAP,
    tags.TAG_SET,
    tags.TAG_TEXT,
    tags.TAG_REF,
  ]) {
    for (const count of [3, 0xffff, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
      refuses(
        written((writer) => {
          writer.u8(tag);
          writer.varint(count);
          writer.u8(1);
        }),
      );
    }
  }
  for (const kind of [0, 0x80, 12, 0x8c]) {
    refuses(
      written((writer) => {
        writer.u8(tags.TAG_BYTES);
        writer.u8(kind);
        writer.varint(2 ** 40);
      }),
    );
  }
  assert.ok(process.memoryUsage().heapUsed - heapBefore < 64 * 1024 * 1024);
});

test("decodeValue limits depth and elements, by default and as asked", () => {
  const arrays = (depth: number): Uint8Array =>
    Uint8Array.from([...Array.from({ length: depth }, () => [tags.TAG_ARRAY, 1]).flat(), 5]);
  assert.ok(isValue(arrays(64), []));
  refuses(arrays(65));
  refuses(arrays(100_000));
  refuses(arrays(3), [], { depth: 2 });
  decode({ bytes: arrays(3), attachments: [] }, { depth: 3 });
  refuses(encode([1, [2, 3]]).bytes, [], { elements: 3 });
  decode({ ...encode([1, [2, 3]]) }, { elements: 4 });
  // Empty Maps, of two bytes each: a message of a megabyte must not become hundreds.
  const maps = Uint8Array.from({ length: 400_000 }, (_, index) => (index % 2 === 0 ? tags.TAG_MAP : 0));
  refuses(
    written((writer) => {
      writer.u8(tags.TAG_ARRAY);
      writer.varint(200_000);
      writer.bytes(maps);
    }),
  );
});

test("decodeValue refuses the key __proto__, so that no message sets a prototype", () => {
  refuses(
    written((writer) => {
      writer.u8(tags.TAG_OBJECT);
      writer.varint(1);
      writer.keys(["__proto__"]);
      writer.u8(tags.TAG_OBJECT);
      writer.varint(0);
    }),
  );
  const value = decode(encode({ constructor: 1, toString: 2, hasOwnProperty: 3 }));
  assert.is(Object.getPrototypeOf(value), Object.prototype);
  assert.equal(Object.keys(value as object), ["constructor", "toString", "hasOwnProperty"]);
});

test("decodeValue uses each attachment exactly once", () => {
  const frame = new Uint8Array(5_000);
  const { bytes, attachments } = encode([frame, frame]);
  assert.is(attachments.length, 2);
  assert.ok(isValue(bytes, attachments));
  refuses(bytes, [frame]);
  refuses(bytes, [frame, frame, frame]);
  refuses(encode([1]).bytes, [frame]);
  const twice = Uint8Array.from(bytes);
  twice[twice.length - 1] = 0;
  refuses(twice, attachments);
});

test("decodeValue refuses unknown tags and kinds, parts of elements, bigints in other forms, details that are not an object", () => {
  refuses(Uint8Array.from([0xff]));
  refuses(Uint8Array.from([tags.TAG_BYTES, 13, 0]));
  refuses(Uint8Array.from([tags.TAG_BYTES, 3, 1, 1]));
  refuses(Uint8Array.from([tags.TAG_ERROR, 16, 1, 97, 1, 97]));
  for (const digits of ["", "-", "0x1", "g", "1_0", " 1", "F"]) {
    refuses(
      written((writer) => {
        writer.u8(tags.TAG_BIGINT);
        writer.text(digits);
      }),
    );
  }
  refuses(
    written((writer) => {
      writer.u8(tags.TAG_ERROR);
      writer.u8(tags.ERROR_HAS_CODE | tags.ERROR_HAS_DETAILS);
      for (const text of ["Error", "message", "code"]) writer.text(text);
      writer.u8(tags.TAG_NULL);
    }),
  );
});

test("decodeValue: an address that cannot be resolved is malformed", () => {
  refuses(
    written((writer) => {
      writer.u8(tags.TAG_REF);
      writer.text("nowhere");
    }),
  );
});

test("decodeValue leaves what follows the value to its caller", () => {
  const reader = new ByteReader(Uint8Array.from([5, 6]));
  assert.is(decodeValue(reader, [], testRef), 5);
  assert.is(reader.remaining, 1);
  assert.is(decodeValue(reader, [], testRef), 6);
});

test("decodeValue restores the limit of stack traces after an error", () => {
  const before = Error.stackTraceLimit;
  decode(encode(new Error("x")));
  assert.is(Error.stackTraceLimit, before);
});

test.run();
